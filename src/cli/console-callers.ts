/** Who calls the API: what a token proves, and what the policy in force says of whom it proves. */

import type { Fault } from '../console/answers.ts'
import type { Callers } from '../console/api/caller.ts'
import type { ReviewerTokens } from '../identity/reviewer-tokens.ts'
import type { TokenVerifier } from '../identity/tokens.ts'
import { parseIp } from '../model/address.ts'
import { agentFor } from '../policy/agents.ts'
import type { Policy } from '../policy/compile.ts'

export interface ConsoleCallersOptions {
  readonly reviewers: Pick<ReviewerTokens, 'find'>
  readonly agents: Pick<TokenVerifier, 'verify'>
  policy(): Policy
}

export function createConsoleCallers({
  reviewers,
  agents,
  policy,
}: ConsoleCallersOptions): Callers {
  return {
    async of(token, client) {
      const found = reviewers.find(token)
      if (found.kind === 'mistyped') return MISTYPED
      if (found.kind === 'unusable') {
        return { fault: 'unavailable', detail: UNUSABLE, hint: UNUSABLE_HINT }
      }
      if (found.kind === 'reviewer') {
        const reviewer = policy().reviewers.find(({ id }) => id === found.name)
        return reviewer
          ? { kind: 'reviewer', name: reviewer.id, groups: reviewer.groups }
          : isNone(found.name)
      }
      const verified = await agents.verify(`Bearer ${token}`)
      if ('code' in verified) return UNKNOWN
      const address = parseIp(client)
      const agent = address && agentFor(policy(), verified, address)
      if (agent?.by !== 'token') return UNKNOWN
      const { id: name, groups, subject } = agent
      return { kind: 'agent', name, groups, ...(subject === undefined ? {} : { subject }) }
    },
  }
}

function isNone(name: string): Fault {
  return {
    fault: 'forbidden',
    detail: `\`${name}\` is not a reviewer`,
    hint: 'the policy names them under `reviewers`',
  }
}

const UNUSABLE = 'the tokens of reviewers cannot be read, so nobody may decide'
const UNUSABLE_HINT = 'the operator of this proxy has to put `reviewers.json` right'

const UNKNOWN: Fault = {
  fault: 'unauthenticated',
  detail: 'the token was not issued here, has expired, or was revoked',
  hint: '`cordon reviewers token NAME` issues one for a reviewer, `cordon agents token NAME` for an agent',
}

const MISTYPED: Fault = {
  fault: 'unauthenticated',
  detail: 'the token is mistyped or cut off',
  hint: 'copy it again, all of it',
}
