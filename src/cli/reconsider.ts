/**
 * A recorded flow looked at again, without asking anybody: whether the evidence it keeps leads to the place it was given, and
 * what today's data and policy would make of it. What the request said is taken as it was recorded; everything else,
 * declarations, tables, country files, catalogue, is looked up anew for the same addresses.
 */

import type { FlowRow } from '../audit/read.ts'
import type { Settings } from '../config/load.ts'
import { conclude } from '../locate/conclude.ts'
import { CREATES } from '../locate/locate.ts'
import { parseIp } from '../model/address.ts'
import { type Authority, parseHost, toAuthority } from '../model/authority.ts'
import type { Destination, Resolution } from '../model/destination.ts'
import type { WeighedEvidence } from '../model/evidence.ts'
import type { RequestFindings } from '../model/request-view.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Evaluation } from './compose/evaluation.ts'
import { clock } from './compose/process.ts'
import { agentNamed, BARE, evaluate } from './evaluate.ts'
import type { Spoken } from './evaluate-spoken.ts'

export interface Reconsidered {
  /** Whether the recorded evidence leads to the recorded regions. */
  readonly consistent: boolean
  /** Null when the flow never got so far as to be located. */
  readonly today: { readonly destination: Destination; readonly verdict: Verdict } | null
}

export async function reconsider(
  settings: Settings,
  { resolver, locator }: Evaluation,
  flow: FlowRow,
  kinds: readonly string[] | null,
): Promise<Reconsidered> {
  const { host, port, method, path, scheme } = flow
  const pieces = flow.evidence as unknown as readonly WeighedEvidence[]
  const dialled = addressesOf(pieces.filter(({ discarded }) => !isDropped(discarded)))
  const again = conclude(pieces, dialled).regions
  // Unknown claims nothing: it is also what is written of a name that led nowhere.
  const consistent = flow.regions.length === 0 || String(again) === String(flow.regions)
  const found = toResolved(host, port, pieces)
  if (!found) return { consistent, today: null }
  const { authority, resolution } = found
  const { declarations } = settings.policy
  const { evidence: anew } = locator.locate(authority, resolution, declarations, clock.now())
  const said = findingsOf(pieces, anew)
  const staged = {
    resolver,
    locator: { ...locator, wantsBody: () => false, read: () => said },
  }
  const call = {
    ...BARE,
    scheme: scheme === 'http' ? ('http' as const) : ('https' as const),
    authority,
    method: method ?? 'GET',
    path: path ?? '/',
    agent: agentNamed(settings.policy, flow.agent, flow.groups as readonly string[]),
    spoken: toSpoken(flow, kinds),
  }
  const { admission, verdict } = await evaluate(settings, staged, call, resolution)
  return { consistent, today: { destination: admission.destination, verdict } }
}

/** Null for HTTP, for TLS that nobody looked into, and for names. @param kinds of a statement */
function toSpoken(
  { scheme, protocol, inspection, path }: FlowRow,
  kinds: readonly string[] | null,
): Spoken | null {
  if (scheme !== 'tcp' || protocol === 'TLS' || protocol === 'DNS') return null
  const isUnread = kinds ? kinds.length === 0 : inspection === 'none'
  return {
    protocol: String(protocol),
    database: path?.slice(1) ?? null,
    statements: isUnread ? null : new Set(kinds ?? []),
  }
}

/** What was resolved then; null for a call that never got so far. */
export function toResolved(
  host: string | null,
  port: number | null,
  pieces: readonly WeighedEvidence[],
): { readonly authority: Authority; readonly resolution: Resolution } | null {
  const named = parseHost(host?.includes(':') ? `[${host}]` : (host ?? ''))
  const addresses = addressesOf(pieces).flatMap((text) => parseIp(text) ?? [])
  const delegated = pieces.some(({ kind }) => kind === 'delegated')
  if ('fault' in named || port === null || (addresses.length === 0 && !delegated)) return null
  const resolution = {
    addresses,
    cnames: aliasesOf(pieces),
    source: 'recorded',
    validUntil: Number.POSITIVE_INFINITY,
    delegated,
  }
  return { authority: toAuthority(named.value, port), resolution }
}

function isDropped(discarded: string | null): boolean {
  return discarded?.startsWith('not dialled') ?? false
}

function addressesOf(pieces: readonly WeighedEvidence[]): readonly string[] {
  return [...new Set(pieces.flatMap(({ address }) => address ?? []))]
}

/** `alias -> alias -> address, address` */
function aliasesOf(pieces: readonly WeighedEvidence[]): readonly string[] {
  const dns = pieces.find(({ kind }) => kind === 'dns')
  return dns ? dns.detail.split(' -> ').slice(0, -1) : []
}

/**
 * What the request said, as far as it was recorded; null when it said nothing. An entry of the catalogue that reads as it did then
 * is part of it: which of its places counts was in the request.
 */
function findingsOf(
  pieces: readonly WeighedEvidence[],
  anew: readonly WeighedEvidence[],
): RequestFindings | null {
  const isUnchanged = ({ kind, source, asOf }: WeighedEvidence) =>
    kind === 'catalogue' && anew.some((now) => now.source === source && now.asOf === asOf)
  const evidence = pieces.filter((piece) => piece.kind.startsWith('request-') || isUnchanged(piece))
  if (evidence.length === 0) return null
  const creates = evidence.find(({ source }) => source === CREATES)?.claim ?? null
  return {
    evidence: evidence.filter(({ source }) => source !== CREATES),
    creates,
    onward: [],
    instead: [],
  }
}
