/**
 * Whether a grant is good for a request. Pure. INVARIANT: nothing is covered that the reviewer was not shown, but for what the grant
 * leaves open by name.
 */

import type { GrantScope, HoldQuestion } from '../model/hold.ts'
import { isAnywhere, type Regions } from '../model/region.ts'

export function covers(scope: GrantScope, { held, path, fingerprint }: HoldQuestion): boolean {
  return (
    (scope.breadth !== 'request' || scope.fingerprint === fingerprint) &&
    scope.scheme === held.scheme &&
    scope.host === held.host &&
    scope.port === held.port &&
    (scope.method === null || scope.method === held.method) &&
    // Who has asked ahead has written it as it comes.
    (scope.path === null || scope.path === held.path || scope.path === path) &&
    isFor(scope, held) &&
    lieWithin(held.regions, scope.regions) &&
    areAmong(held.rules, scope.rules)
  )
}

/** Who has proved nothing is who they are only at their address. */
function isFor(scope: GrantScope, held: HoldQuestion['held']): boolean {
  if (scope.clientIp !== null ? scope.clientIp !== held.clientIp : !held.proven) return false
  return scope.group !== null ? held.groups.includes(scope.group) : scope.agent === held.agent
}

/** A place that nobody knows is within no other, and nothing else is within it. */
function lieWithin(regions: Regions, granted: Regions): boolean {
  if (regions.length === 0 || granted.length === 0) return regions.length === granted.length
  return isAnywhere(granted) || regions.every((code) => granted.includes(code))
}

/** What no rule holds is held by the policy in general, which demands something of its own: no leave about a rule settles that. */
function areAmong(rules: readonly string[], shown: readonly string[]): boolean {
  if (rules.length === 0) return shown.length === 0
  return rules.every((rule) => shown.includes(rule))
}
