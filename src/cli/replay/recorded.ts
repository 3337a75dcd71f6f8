/**
 * A recorded call once more before the spine, under another policy. What was found then is taken as it was recorded: addresses, what
 * tables, files, catalogue and the request said of them. What the policy says itself, it says anew: its declarations, zones and rules.
 */

import type { Admission } from '../../admission.ts'
import type { RecordedCall, RecordedContext } from '../../audit/read.ts'
import { createEnforcer } from '../../enforce.ts'
import { NO_INSPECTOR } from '../../inspector.ts'
import type { Knowledge } from '../../locate/knowledge.ts'
import { CREATES, createLocator } from '../../locate/locate.ts'
import { NO_TABLES } from '../../locate/tables/prefix-tables.ts'
import type { IpAddress } from '../../model/address.ts'
import { NO_EDGES } from '../../model/edge-space.ts'
import type { EvidenceKind, WeighedEvidence } from '../../model/evidence.ts'
import type { Flow } from '../../model/flow.ts'
import type { Verdict } from '../../model/verdict.ts'
import type { Policy } from '../../policy/compile.ts'
import { NO_DECODER, NO_HOLDS, NO_LEDGER, NO_METER, NO_OUTLINE, type Ports } from '../../ports.ts'
import { judge } from '../../release.ts'
import { agentNamed, NO_LOG } from '../evaluate.ts'
import { toResolved } from '../reconsider.ts'

export interface Replaying {
  readonly policy: Policy
  isOwnListener(address: IpAddress, port: number): boolean
}

/**
 * @param at when it was, in milliseconds since the epoch
 * @returns null for calls that never got so far as to be located.
 */
export async function admitRecorded(
  { policy, isOwnListener }: Replaying,
  context: RecordedContext,
  at: number,
): Promise<Admission | null> {
  const { mode, scheme, inspection, client_ip: clientIp, host, port, evidence } = context
  const found = toResolved(host, port, evidence)
  if (!found) return null
  const { authority, resolution } = found
  const locator = createLocator({
    geoip: NO_GEOIP,
    tables: () => NO_TABLES,
    edges: () => NO_EDGES,
    knowledge: () => recordedKnowledge(evidence),
    isOwnListener,
  })
  const ports: Ports = {
    clock: { now: () => at },
    resolver: { resolve: async () => resolution },
    locator,
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    audit: NO_LOG,
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => policy,
    report: (_, error) => {
      throw error
    },
  }
  const agent = agentNamed(policy, context.agent, context.groups)
  const flow: Flow = { mode, scheme, inspection, clientIp, agent }
  const enforcer = createEnforcer(ports)
  const view = { host: host ?? '', method: '', target: '', header: () => [], body: null }
  return enforcer.consider(await enforcer.admit(flow, authority), view)
}

export function judgeRecorded(admission: Admission, call: RecordedCall): Verdict {
  const { method, path, protocol, kinds } = call
  const upgrade = protocol === 'websocket' ? protocol : null
  const statements = kinds === null ? unsaid(admission.flow) : toStatements(kinds)
  return judge(admission, { method, path, protocol, upgrade, statements })
}

/** Of the call itself: null where what was said in it passed unread. */
function unsaid({ inspection }: Flow): ReadonlySet<string> | null {
  return inspection === 'none' ? null : new Set()
}

/** @param kinds JSON list; an empty one is that of a statement nobody could read */
function toStatements(kinds: string): ReadonlySet<string> | null {
  const words = JSON.parse(kinds) as readonly string[]
  return words.length > 0 ? new Set(words) : null
}

const NO_GEOIP = { files: () => [], lookup: () => [], reload: async () => {} }

/** Pieces that are made anew: from the declarations of the policy, and from what was resolved. */
const ANEW: ReadonlySet<EvidenceKind> = new Set(['declaration', 'dns', 'delegated'])

/** Says of the host all that was said of it, its addresses and the request. */
function recordedKnowledge(pieces: readonly WeighedEvidence[]): Knowledge {
  const kept = pieces.filter(({ kind, source }) => !ANEW.has(kind) && source !== CREATES)
  const creates = pieces.find(({ source }) => source === CREATES)?.claim ?? null
  return {
    sayHost: () => ({ evidence: kept, instead: [], servesModels: false }),
    sayAliases: () => [],
    wantsBody: () => false,
    watchAnswer: () => null,
    sayRequest: () => creates && { evidence: [], creates, onward: [], instead: [] },
  }
}
