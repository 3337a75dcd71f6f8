/**
 * From what a reviewer wishes to what is given. Pure. INVARIANT: never wider than what was held, but for what the reviewer widens by
 * name; never longer than the policy lets anybody give; of several reviewers the one who gives least counts.
 */

import type { ApprovalWish, HoldProblem } from '../approvals.ts'
import type { Breadth, Giving, Grant, GrantScope, Hold } from '../model/hold.ts'

/** Milliseconds. */
export interface GrantLengths {
  readonly grantDefault: number
  readonly grantMax: number
}

const BREADTHS: readonly Breadth[] = ['request', 'path', 'host']

export function toGiving(
  hold: Hold,
  wish: ApprovalWish,
  { grantDefault, grantMax }: GrantLengths,
): Giving | HoldProblem {
  const { held, wants } = hold
  const widest = wants ? (held.path === null ? 'host' : 'path') : 'host'
  const breadth = wish.breadth ?? (wants ? widest : 'request')
  if (BREADTHS.indexOf(breadth) > BREADTHS.indexOf(widest)) {
    return tooWide(`access to \`${held.path}\` was asked for, not to the whole host`, 'use `path`')
  }
  if (wants && breadth === 'request') {
    return tooWide('there is no request yet that a grant could be for', 'use `path` or `host`')
  }
  const { group } = wish
  if (group !== null && !held.groups.includes(group)) {
    const groups = held.groups.join(', ') || 'none'
    return tooWide(`the agent is not in the group \`${group}\``, `its groups: ${groups}`)
  }
  if (group !== null && (breadth === 'request' || !held.proven)) {
    return tooWide(
      'a group can be given a path or a host, where its agents prove who they are',
      'leave the group out, or widen it to `path`',
    )
  }
  const asked = wants ? wants.expiresAt - wants.startsAt : grantDefault
  const lasts = wish.lasts ?? Math.min(asked, grantMax)
  const longest = wants ? Math.min(asked, grantMax) : grantMax
  if (lasts > longest) {
    const hint = `at most ${Math.floor(longest / 60_000)} minutes`
    return tooWide('that is longer than may be given', hint)
  }
  const uses = wish.uses ?? (breadth === 'request' ? 1 : (wants?.uses ?? null))
  if (wants && wants.uses !== null && (uses === null || uses > wants.uses)) {
    return tooWide(`${wants.uses} uses were asked for`, `at most ${wants.uses} uses`)
  }
  return { breadth, group, lasts, uses }
}

/** What all of them give. At least one. */
export function narrowest(all: readonly Giving[]): Giving {
  return all.reduce((one, other) => ({
    breadth:
      BREADTHS.indexOf(one.breadth) <= BREADTHS.indexOf(other.breadth)
        ? one.breadth
        : other.breadth,
    group: one.group === other.group ? one.group : null,
    lasts: Math.min(one.lasts, other.lasts),
    uses:
      one.uses === null
        ? other.uses
        : other.uses === null
          ? one.uses
          : Math.min(one.uses, other.uses),
  }))
}

export function toScope(hold: Hold, { breadth, group }: Giving): GrantScope {
  const { held, fingerprint, wants } = hold
  const isWide = breadth === 'host'
  return {
    breadth,
    fingerprint: breadth === 'request' ? fingerprint : null,
    agent: group === null ? held.agent : null,
    group,
    clientIp: held.proven ? null : held.clientIp,
    scheme: held.scheme,
    host: held.host,
    port: held.port,
    // What somebody asks for ahead says itself whether any method is meant.
    method: isWide && !wants ? null : held.method,
    path: isWide ? null : held.path,
    regions: held.regions,
    rules: held.rules,
  }
}

/** From when to when it is good. */
export function toTimes(
  { wants }: Hold,
  { lasts }: Giving,
  now: number,
): Pick<Grant, 'startsAt' | 'expiresAt'> {
  const startsAt = Math.max(now, wants?.startsAt ?? now)
  const expiresAt = Math.min(startsAt + lasts, wants?.expiresAt ?? Number.POSITIVE_INFINITY)
  return { startsAt, expiresAt }
}

function tooWide(detail: string, hint: string): HoldProblem {
  return { fault: 'too-wide', detail, hint }
}
