/** The session begins: what the client has said goes out, and from here messages are relayed, or, where nobody is to read them, bytes. */

import type { Ending } from '../../model/audit-record.ts'
import type { Channel } from '../channel.ts'
import type { Connect } from '../connect.ts'
import { StatementJudge } from '../statements/judge.ts'
import { relayChannels } from '../tunnel.ts'
import { BOUND } from './channel-binding.ts'
import { NOTHING_SENT, noteRefusedTls, type Opened } from './open.ts'
import { Relay } from './relay.ts'
import { Session } from './session.ts'
import type { Startup } from './startup.ts'
import { Statements } from './statements.ts'

export interface Starting {
  readonly connect: Connect
  readonly client: Channel
  readonly opened: Opened
  readonly start: Extract<Startup, { kind: 'start' }>
  /** Nothing of what is said is read. */
  readonly isUnread: boolean
  /** Whether TLS with the client ends here. */
  readonly endsTls: boolean
}

export function relaySession(starting: Starting): void {
  const { connect, client, opened, start, isUnread, endsTls } = starting
  const { context, tunnel } = connect
  const { enforcer, postgresql, inspector } = context
  const { permit, origin, address, isSecure } = opened
  const dialedIp = address.text
  const onEnd = (end: Partial<Ending>) =>
    enforcer.settle(permit, { ...NOTHING_SENT, dialedIp, ...end })
  if (isUnread) {
    origin.write(start.packet)
    const { lease } = permit
    return relayChannels({ client, origin, context, lease, onEnd })
  }
  const abort = new AbortController()
  let forget = () => {}
  let judge: StatementJudge | null = null
  new Relay({
    client,
    origin,
    permit,
    context,
    first: start.packet,
    abort,
    makeSession(keeper, said) {
      judge = new StatementJudge({
        context,
        connection: permit,
        protocol: 'postgresql',
        dialedIp,
        unread: { out: false, in: false },
        identify: async () => context.identify(tunnel.credentials, connect.client),
        gone: () => abort.signal,
        onLeaseEnd: () => keeper.onLeaseEnd(),
      })
      const { parameters } = start
      const current = () => inspector(context.policy())
      return new Session({
        start,
        endsTls,
        said,
        judge,
        statements: new Statements(
          current,
          parameters.get('database') ?? parameters.get('user') ?? '',
        ),
        inspectorFor: ({ admission }) => inspector(admission.assessment.policy),
        keeper,
      })
    },
    onKey(key) {
      forget()
      const { flow, destination } = permit.admission
      const whose = { agent: flow.agent.id, authority: destination.authority }
      forget = postgresql.keep(key, { ...whose, address, isSecure, leave: permit.leave })
    },
    onFail(problem) {
      if (problem.code === BOUND.code) noteRefusedTls(connect, problem)
    },
    onEnd(end) {
      forget()
      judge?.end()
      onEnd(end)
    },
  })
}
