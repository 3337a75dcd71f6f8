/** A connection to a Redis server that was let through, and reached: from here on its commands are judged one by one. */

import type { Permit } from '../../release.ts'
import type { Connect } from '../connect.ts'
import { StatementJudge } from '../statements/judge.ts'
import { type StatementLine, StatementRelay } from '../statements/relay.ts'
import type { ChannelOptions } from '../tunnel.ts'
import { RedisConversation } from './conversation.ts'

/** Takes both channels over. */
export function serveRedis(
  { client, tunnel, context }: Connect,
  connection: Permit,
  dialedIp: string,
  relayed: ChannelOptions,
): void {
  const open = (line: StatementLine) => {
    const judge = new StatementJudge({
      context,
      connection,
      protocol: 'redis',
      dialedIp,
      unread: { out: true, in: true },
      identify: async () => context.identify(tunnel.credentials, client),
      gone: () => line.gone(),
      onLeaseEnd: () => line.fail('grant-ended'),
    })
    return new RedisConversation(line, judge)
  }
  new StatementRelay({ ...relayed, open })
}
