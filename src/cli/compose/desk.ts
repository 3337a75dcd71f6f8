/** The desk of a running proxy: what it remembers of the log, the policy that counts, and how it finds out about calls that are to come. */

import { randomBytes } from 'node:crypto'
import type { AccessWish, HoldProblem } from '../../approvals.ts'
import { lastAt, readHoldEvents } from '../../audit/hold-history.ts'
import type { AuditLog } from '../../audit/log.ts'
import type { Settings } from '../../config/load.ts'
import { createEnforcer } from '../../enforce.ts'
import { termsOf, toHeld } from '../../holding.ts'
import { type Desk, openDesk, type Survey } from '../../holds/desk.ts'
import { SteadyClock } from '../../holds/steady-clock.ts'
import { NO_INSPECTOR } from '../../inspector.ts'
import { type Agent, ANONYMOUS } from '../../model/agent.ts'
import type { Flow } from '../../model/flow.ts'
import type { Policy } from '../../policy/compile.ts'
import { NO_DECODER, NO_HOLDS, NO_LEDGER, NO_METER, NO_OUTLINE } from '../../ports.ts'
import { judge } from '../../release.ts'
import type { Evaluation } from './evaluation.ts'
import { clock, report } from './process.ts'

export interface DeskParts {
  readonly log: AuditLog
  /** In force now. */
  settings(): Settings
  readonly evaluation: Evaluation
}

/** @throws AuditError when the log holds what cannot be understood */
export function composeDesk({ log, settings, evaluation }: DeskParts): Desk {
  const { resolver, locator } = evaluation
  const policy = () => settings().policy
  const silent = {
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    ledger: NO_LEDGER,
    meter: NO_METER,
  }
  const judging = { clock, resolver, locator, decoder: NO_DECODER, audit: log, policy, report }
  const enforcer = createEnforcer({ ...judging, ...silent })
  const steady = new SteadyClock({
    wall: () => clock.now(),
    elapsed: () => performance.now(),
    notBefore: lastAt(log.database),
  })
  return openDesk(
    {
      keep: (event) => log.keep(event),
      policy,
      now: () => steady.now(),
      newId,
      report,
      survey: (wish) => survey(wish, policy(), enforcer),
    },
    readHoldEvents(log.database, steady.now()),
  )
}

/** Without letters that look like digits; 40 random bits. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

function newId(): string {
  return Array.from(randomBytes(8), (byte) => ALPHABET[byte & 31]).join('')
}

/** The call as it would be held if it came now; where it would not be, there is nothing to ask for. */
async function survey(
  wish: AccessWish,
  policy: Policy,
  enforcer: Pick<ReturnType<typeof createEnforcer>, 'admit'>,
): Promise<Survey | HoldProblem> {
  const { authority, scheme, method, path, groups } = wish
  const entry = policy.agents.find(({ id }) => id === wish.agent)
  if (wish.agent === ANONYMOUS.id || (entry && entry.sources.length > 0)) {
    const hint = 'give the agent a token: `cordon agents token NAME`'
    return { fault: 'not-allowed', detail: `\`${wish.agent}\` is who nobody can prove to be`, hint }
  }
  const all = new Set([...groups, ...(entry?.memberOf ?? [])])
  const agent: Agent = { id: wish.agent, groups: [...all].sort(), by: 'token' }
  const flow: Flow = { mode: 'connect', scheme, clientIp: '-', agent, inspection: 'headers' }
  const admission = await enforcer.admit(flow, authority)
  const line = { method, path, protocol: 'HTTP/1.1' }
  const verdict = judge(admission, line)
  if (verdict.action === 'hold') {
    return { held: toHeld(admission, verdict, line), terms: termsOf(verdict) }
  }
  const isAllowed = verdict.action === 'allow'
  return {
    fault: isAllowed ? 'not-needed' : 'not-allowed',
    detail: verdict.reason,
    hint: isAllowed ? 'it passes without anybody’s leave' : 'nobody can give leave for it',
  }
}
