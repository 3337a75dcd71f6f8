/** What rules say of data: which kinds are taken out of what passes, and how; and of several that speak of one kind, who is heard. */

import {
  DATA_CLASSES,
  type DataClass,
  type Kind,
  type OnUnscannable,
  type Operator,
  type RedactionPlan,
} from '../model/finding.ts'
import { nearest } from '../model/spelling.ts'
import { type PolicyDocument, type RedactEntry, type RuleEntry, toList } from './document.ts'
import type { Path, References } from './references.ts'

/** Kinds of data that can be found. */
export type Kinds = ReadonlyMap<string, Kind>

export function compileRedaction(
  { then, redact, when }: RuleEntry,
  path: Path,
  kinds: Kinds,
  { report }: References,
): RedactionPlan | null {
  if (redact === undefined) {
    if (then === undefined) report(path, 'the rule does nothing', 'write `then:` or `redact:`')
    return null
  }
  if (then === 'block') {
    const hint = 'take it out, or write `then: allow`, or no `then` at all'
    report([...path, 'redact'], 'what is blocked does not pass, so nothing is redacted', hint)
  }
  if (redact.out === undefined && redact.in === undefined) {
    const hint = 'write `out:` for requests, `in:` for answers'
    report([...path, 'redact'], 'it does not say in which direction', hint)
  }
  if (redact.keep !== undefined && (redact.with ?? 'label') !== 'mask') {
    report([...path, 'redact', 'keep'], 'only `mask` leaves anything', 'write `with: mask`')
  }
  if (when.upgrade !== undefined && toList(when.upgrade).some((name) => name !== 'websocket')) {
    const hint = 'take `upgrade` out of `when`, or write `upgrade: websocket`'
    report([...path, 'redact'], 'what a connection becomes is not redacted', hint)
  }
  const operator = toOperator(redact)
  const plan = (direction: 'out' | 'in') =>
    new Map(
      kindsAt(toList(redact[direction]), [...path, 'redact', direction], kinds, report).map(
        (kind) => [kind, operatorFor(operator, kinds.get(kind)?.class)] as const,
      ),
    )
  const named = new Set(toList(redact.out).filter((name) => kinds.has(name)))
  return { out: plan('out'), in: plan('in'), named }
}

/** What passes is always recorded. */
export function compileUnscannable({
  out = 'block',
  in: inbound = 'pass',
}: NonNullable<NonNullable<PolicyDocument['redaction']>['on_unscannable']>): OnUnscannable {
  return {
    out: out === 'pass-and-record' ? 'pass' : out,
    in: inbound === 'pass-and-record' ? 'pass' : inbound,
  }
}

/** @returns the kinds meant: of a class, all that are in it but for those that are found only where they are named */
export function kindsAt(
  names: readonly string[],
  path: Path,
  kinds: Kinds,
  report: References['report'],
): readonly string[] {
  return names.flatMap((name, i) => {
    if (kinds.has(name)) return [name]
    const ofClass = [...kinds]
      .filter(([, { class: of, readiness }]) => of === name && readiness !== 'off')
      .map(([kind]) => kind)
    if (DATA_CLASSES.some((each) => each === name)) return ofClass
    const near = nearest(name, [...DATA_CLASSES, ...kinds.keys()])
    const hint = near ? `did you mean \`${near}\`?` : 'docs/redaction.md lists them'
    report([...path, i], `\`${name}\` is no kind of data that is known here`, hint)
    return []
  })
}

/** INVARIANT: of several operators for one kind the one that leaves least is heard, whatever the order of rules. */
export function mergePlans(plans: readonly RedactionPlan[]): RedactionPlan | null {
  if (plans.length === 0) return null
  return {
    out: merge(plans.map((plan) => plan.out)),
    in: merge(plans.map((plan) => plan.in)),
    named: new Set(plans.flatMap((plan) => [...plan.named])),
  }
}

/** What leaves least comes last. */
const BY_WHAT_IS_LEFT: readonly Operator['kind'][] = [
  'token',
  'surrogate',
  'mask',
  'hash',
  'label',
  'remove',
]

function merge(maps: readonly ReadonlyMap<string, Operator>[]): ReadonlyMap<string, Operator> {
  const merged = new Map<string, Operator>()
  for (const [kind, operator] of maps.flatMap((map) => [...map])) {
    const other = merged.get(kind)
    if (!other || leavesLess(operator, other)) merged.set(kind, operator)
  }
  return merged
}

function leavesLess(one: Operator, other: Operator): boolean {
  if (one.kind === 'mask' && other.kind === 'mask') return one.keep < other.keep
  return BY_WHAT_IS_LEFT.indexOf(one.kind) > BY_WHAT_IS_LEFT.indexOf(other.kind)
}

function toOperator({ with: kind = 'label', keep = 0 }: RedactEntry): Operator {
  return kind === 'mask' ? { kind, keep } : { kind }
}

/** What can be restored is a copy that somebody keeps: of secrets there is none. */
function operatorFor(operator: Operator, of: DataClass | undefined): Operator {
  return operator.kind === 'token' && of === 'secret' ? { kind: 'label' } : operator
}
