/** Entries of `agents:` compiled: by what a caller is known, and what it may. */

import type { Cidr } from '../model/address.ts'
import { ANONYMOUS, isAgentName } from '../model/agent.ts'
import type { Zone } from '../model/placement.ts'
import { type AgentEntry, toList } from './document.ts'
import type { Path, References } from './references.ts'
import type { People } from './reviewers.ts'

/** All conditions that are given hold; a list without anything is none. */
export interface AgentPolicy {
  readonly id: string
  readonly subjects: readonly string[]
  readonly groups: readonly string[]
  readonly sources: readonly Cidr[]
  readonly uids: readonly UidRange[]
  readonly certificates: CertificateNames | null
  /** Groups every such agent is in, besides those its token names. */
  readonly memberOf: readonly string[]
  readonly zone: Zone | null
  /** Who answers for it, and may not decide about its calls. */
  readonly owner: string | null
  /** Milliseconds its clients wait for a decision, whatever the rule; null for what the rules say. */
  readonly wait: number | null
}

export interface CertificateNames {
  readonly names: ReadonlySet<string>
  /** As OpenSSL writes them. */
  readonly fingerprints: ReadonlySet<string>
}

/** Numbers of users, both ends included. */
export interface UidRange {
  readonly first: number
  readonly last: number
}

export function compileAgent(
  entry: AgentEntry,
  path: Path,
  references: References,
  people: People,
): AgentPolicy {
  const { match } = entry
  const { report, unique, zoneAt, cidrsAt, namesAt } = references
  const at = (key: keyof NonNullable<typeof match>) => [...path, 'match', key]
  unique('agent', entry.id, [...path, 'id'])
  if (!isAgentName(entry.id) || entry.id === ANONYMOUS.id) {
    report([...path, 'id'], `\`${entry.id}\` cannot be the name of an agent`)
  }
  if (match && Object.values(match).every((value) => value === undefined)) {
    report([...path, 'match'], '`match` has no condition')
  }
  return {
    id: entry.id,
    subjects:
      match === undefined ? [entry.id] : namesAt('agent', toList(match.subject), at('subject')),
    groups: namesAt('group', toList(match?.group), at('group')),
    sources: cidrsAt(toList(match?.source), at('source')),
    certificates:
      match?.certificate === undefined
        ? null
        : certificatesAt(toList(match.certificate), at('certificate'), report),
    uids: uidsAt(toList(match?.uid), at('uid'), report),
    memberOf: namesAt('group', entry.groups ?? [], [...path, 'groups']),
    zone: entry.zones === undefined ? null : zoneAt(toList(entry.zones), [...path, 'zones']),
    owner: entry.owner === undefined ? null : people.ownerAt(entry.owner, [...path, 'owner']),
    wait: entry.hold?.wait ?? null,
  }
}

function certificatesAt(
  given: readonly string[],
  path: Path,
  report: References['report'],
): CertificateNames {
  const prints = given.filter((each) => each.startsWith('sha256:'))
  const fingerprints = prints.map((each) => each.slice(7).replaceAll(':', '').toUpperCase())
  for (const [i, each] of given.entries()) {
    const hex = each.startsWith('sha256:') ? each.slice(7).replaceAll(':', '') : null
    if (hex !== null && !/^[0-9a-fA-F]{64}$/.test(hex)) {
      report([...path, i], 'a fingerprint is `sha256:` and 64 hex digits')
    }
  }
  return {
    names: new Set(given.filter((each) => !each.startsWith('sha256:'))),
    fingerprints: new Set(fingerprints.map((hex) => hex.replace(/..(?=.)/g, '$&:'))),
  }
}

function uidsAt(
  given: readonly (number | string)[],
  path: Path,
  report: References['report'],
): readonly UidRange[] {
  return given.flatMap((each, i) => {
    const [first = 0, last = first] =
      typeof each === 'number' ? [each] : each.split('-').map(Number)
    const isRange = first <= last && last < NO_UID
    const isNobody = first === OVERFLOW_UID && last === OVERFLOW_UID
    if (!isRange) report([...path, i], `\`${each}\` is no range of users`, 'write 2000-2999')
    if (isNobody) {
      report([...path, i], `${each} stands for users that have no number here: it is nobody`)
    }
    return isRange && !isNobody ? [{ first, last }] : []
  })
}

/** What `chown` takes for nobody's number. */
const NO_UID = 0xffffffff
/** `kernel.overflowuid` */
const OVERFLOW_UID = 65_534
