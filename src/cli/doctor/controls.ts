/** Controls that are configured: which of them can do anything. A rule that never can looks like protection, and is none. */

import type { Settings } from '../../config/load.ts'
import type { Policy, Rule } from '../../policy/compile.ts'
import { type Finding, ok, warn } from './finding.ts'

export function lookAtControls({ policy, operation }: Settings): readonly Finding[] {
  const inert = policy.rules.flatMap((rule) => {
    const why = whyInert(rule, policy)
    if (why !== null) return [warn('rule', `\`${rule.id}\` can never fire: ${why}`, REMOVE)]
    if (!isBlind(rule, policy)) return []
    const found = `\`${rule.id}\` can never look at data: its hosts are never looked into`
    return [warn('rule', found, 'take them out of `intercept: never`, or block them')]
  })
  const armed = policy.rules.length - inert.length
  const others = [
    `agents ${operation.identityRequired ? 'have to say who they are' : 'may be anonymous'}`,
    `breaker ${operation.breaker ? 'on' : 'off'}`,
    `transparent port ${operation.transparent ?? 'off'}`,
    `${policy.tunnelOnly.length} hosts never looked into`,
    `${operation.notify?.to.length ?? 0} receivers of notices about holds`,
  ]
  return [
    ok('rules', `${armed} of ${policy.rules.length} can fire`),
    ...inert,
    ...lookAtBlindness(policy),
    ok('controls', others.join(', ')),
  ]
}

const REMOVE = 'take it out, or change what it asks for; `cordon explain` shows what a call meets'

/** Null for a rule that can do something. */
function whyInert(rule: Rule, policy: Policy): string | null {
  if (rule.observed) return null
  const stronger = policy.rules.find((other) => other !== rule && isShadowedBy(rule, other))
  if (stronger) return `whatever it matches, \`${stronger.id}\` blocks`
  const allowsAll = Object.values(policy.defaults).every((action) => action === 'allow')
  const restricts = policy.rules.some(
    ({ action, observed }) => !observed && action !== null && action !== 'allow',
  )
  if (rule.action === 'allow' && rule.redact === null && allowsAll && !restricts) {
    return 'everything is allowed without it'
  }
  return null
}

/** All that a rule asks for is asked for by this one as well, and by no more than that it blocks. */
function isShadowedBy(rule: Rule, other: Rule): boolean {
  if (other.action !== 'block' || other.observed) return false
  // Of two that say the same the first counts.
  if (
    rule.action === 'block' &&
    rule.redact === null &&
    saysAll(other, rule) &&
    rule.id < other.id
  ) {
    return false
  }
  return saysAll(rule, other)
}

function saysAll(rule: Rule, other: Rule): boolean {
  const said = new Set([...rule.onDestination, ...rule.onRequest].map(({ says }) => says))
  return [...other.onDestination, ...other.onRequest].every(({ says }) => said.has(says))
}

/** Whether every host that it names is tunnelled unseen, so that nobody sees the data it is about. */
function isBlind(
  { redact, looksAtData, observed, onDestination }: Rule,
  { tunnelOnly }: Policy,
): boolean {
  if (observed || (redact === null && !looksAtData)) return false
  const named = onDestination.flatMap(({ hosts }) => hosts ?? [])
  return (
    named.length > 0 &&
    named.every(({ text }) => {
      const one = text.startsWith('*') ? `cordon-doctor${text.slice(1)}` : text
      return tunnelOnly.some((pattern) => pattern.matches(one))
    })
  )
}

/** A name that no policy can have meant: what matches it matches everything. */
const ANY = 'host.cordon-doctor.invalid'

function lookAtBlindness({ tunnelOnly, rules }: Policy): readonly Finding[] {
  if (!tunnelOnly.some((pattern) => pattern.matches(ANY))) return []
  const blind = rules.filter(({ redact, looksAtData }) => redact !== null || looksAtData)
  const found = `\`intercept: never\` names every host: nothing is looked into, and ${blind.length} rules on data can never redact`
  return [warn('intercept', found, 'name the hosts that pin their certificates, and no others')]
}
