/** The console of the process that owns: its routes, and who may use them. */

import type { Approvals } from '../../approvals.ts'
import { parseDuration } from '../../config/duration.ts'
import type { Operation } from '../../config/operation.ts'
import { apiRoute } from '../../console/api/api.ts'
import { Attempts } from '../../console/api/attempts.ts'
import { decideRoute } from '../../console/decide/decide-route.ts'
import type { Health } from '../../console/health.ts'
import { type Console, openConsole, type Route } from '../../console/server.ts'
import type { Links } from '../../holds/links/links.ts'
import { describeHold } from '../../holds/notices/wording.ts'
import { ReviewerTokens, ReviewerTokensError } from '../../identity/reviewer-tokens.ts'
import { Revocations } from '../../identity/revocations.ts'
import { openTokenKey, TokenVerifier } from '../../identity/tokens.ts'
import { classifyAddress } from '../../locate/address-class.ts'
import type { Exposition } from '../../metrics/registry.ts'
import { ADMIN } from '../../model/reviewer.ts'
import { createConsoleCallers } from '../console-callers.ts'
import { writeConsolePlace } from '../console-file.ts'
import { toEndpoint, toHostPort } from '../endpoints.ts'
import { say } from '../output.ts'
import type { Owner } from './owner.ts'
import { clock, report } from './process.ts'

export interface OwnConsole extends Console {
  /** The token of `admin`, if it was made just now: nobody can tell it again. */
  readonly adminToken: string | null
}

export interface ConsoleParts {
  metrics(): Promise<Exposition>
  /** Null where nobody can decide. */
  readonly approvals: Approvals | null
  /** Links in notices; null where nobody is told. */
  readonly links: Links | null
  /** Of several processes that serve; absent where there is one. */
  readonly workers?: () => NonNullable<Health['workers']>
}

/** @returns null when none is wanted. */
export async function openConsoleOf(
  owner: Owner,
  { metrics, approvals, links, workers }: ConsoleParts,
): Promise<OwnConsole | null> {
  const { log, own, note } = owner
  const { console: at, dataDir } = owner.settings.operation
  if (at === null) return null
  const reviewers = new ReviewerTokens(dataDir, clock)
  const revocations = new Revocations(dataDir, clock)
  const agents = new TokenVerifier(openTokenKey(dataDir), revocations, clock)
  const policy = () => owner.settings.policy
  const attempts = new Attempts({ clock, note })
  const callers = createConsoleCallers({ reviewers, agents, policy })
  const api = apiRoute({
    approvals,
    callers,
    // What the desk goes by, also where the clock of the host was set back.
    clock: owner.desk,
    parseDuration,
    reviewers: () => policy().reviewers.map(({ id }) => id),
    groupsOf: (agent) => policy().agents.find(({ id }) => id === agent)?.memberOf ?? [],
    attempts,
  })
  const routes: Route[] = [api]
  if (approvals && links) {
    const pathLasts = () => Math.min(PATH_LASTS_MS, policy().holds.grantMax)
    const describe = describeHold
    routes.push(decideRoute({ links, approvals, callers, attempts, describe, pathLasts }))
  }
  const health = () => ({
    audit: log.problem,
    mode: owner.settings.policy.enforced ? ('enforce' as const) : ('observe' as const),
    policy: owner.isPolicyStale ? STALE : null,
    workers: workers?.() ?? null,
  })
  const names = toNames(owner.settings.operation)
  const options = { health, metrics, names, routes, report }
  const console = await openConsole(...toHostPort(at), options)
  const bound = toEndpoint(console)
  own.push(bound)
  if (classifyAddress(bound.address).class !== 'loopback') {
    say(
      'warning: the console can be reached from other hosts, in the clear: whoever decides sends a token to it; put TLS in front',
    )
  }
  const forget = writeConsolePlace(dataDir, { ...toPlace(console), pid: process.pid })
  return {
    ...toPlace(console),
    adminToken: await makeAdminToken(reviewers, owner),
    close() {
      forget()
      return console.close()
    },
  }
}

const STALE =
  'the files ask for one that could not be brought into force: the last good policy is in force'

/** For how long a path is approved on the page of a link, unless the policy gives less. */
const PATH_LASTS_MS = 30 * 60_000

/** Those that were named, and the one in the links. */
function toNames({ consoleNames, notify }: Operation): readonly string[] {
  const link = notify?.linkBase ? URL.parse(notify.linkBase) : null
  return link ? [...consoleNames, link.hostname] : consoleNames
}

function toPlace({ address, port }: Console) {
  return { address, port }
}

/** Who decides when the policy names nobody; made once in the life of a data directory. */
async function makeAdminToken(tokens: ReviewerTokens, { note }: Owner): Promise<string | null> {
  try {
    const token = tokens.issueFirst()
    if (token) await note('reviewer-token-issue', ADMIN.id, 'made at the first start')
    else tokens.list()
    return token
  } catch (error) {
    if (!(error instanceof ReviewerTokensError)) throw error
    say(`error: \`${error.path}\`: ${error.message}: nobody may decide about what is held`)
    say('hint: put it right, or move it away to have a new token of `admin` made at the next start')
    return null
  }
}
