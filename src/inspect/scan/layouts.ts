/**
 * The layouts of all patterns as one automaton: a step is a group, known by the separator before it, its length, and which kinds of
 * characters it has. Where a step leads nowhere, nothing there can match; so text is left after one look in nearly all cases.
 */

import type { PatternShape, Recognizer } from '../recognizers/recognizer.ts'
import { DIGIT, LOWER, SEPARATORS, UPPER, WORD } from './text.ts'
import { type Bits, toBits } from './topics.ts'

/** Letters and digits of the longest group, and of a whole layout. */
export const MAX_RUN = 64
export const MAX_GROUPS = 16

/** Of shorter ones there are too many in texts. */
const LEAST_BEHIND = 7

export interface Node {
  /** Of the layouts that end here, in the order of the registry. */
  readonly candidates: readonly Candidate[]
  /** What recognisers they belong to. */
  readonly bits: Bits
  /** The candidates of each of them. */
  readonly byRecognizer: ReadonlyMap<number, readonly Candidate[]>
  /** Those of them that are found by themselves. */
  readonly on: readonly Candidate[]
  /** Those that are only found in context, and long enough for words behind them to count. */
  readonly behind: readonly Candidate[]
  readonly bitsBehind: Bits
  /** Indexed by separator; undefined where no layout goes on. */
  readonly next: readonly (Next | undefined)[] | undefined
}

/** The groups that may follow a separator. */
export interface Next {
  /** Indexed by `groupKey`, up to the last there is. */
  readonly nodes: readonly (Node | undefined)[]
  /** All kinds that they may have. */
  readonly kinds: number
}

export interface Candidate {
  /** Index in the scanner's recognisers. */
  readonly recognizer: number
  readonly on: boolean
  /** One group of nothing but digits or digits and letters: most of what looks like it is something else. */
  readonly bare: boolean
  /** Letters and digits. */
  readonly length: number
  /** Kinds by position; null where the automaton has seen to that. */
  readonly kinds: Uint8Array | null
  readonly check: Check | null
}

/** What makes it certain: one for all layouts that have the same. */
export interface Check {
  readonly valid: NonNullable<PatternShape['valid']>
  /** The last question that it said no to: see choice.ts. */
  refused: number
}

export function groupKey(length: number, kinds: number): number {
  return (length << 3) | kinds
}

export interface PatternOf {
  readonly recognizer: number
  readonly shape: PatternShape
  readonly on: boolean
}

interface Layout {
  readonly groups: readonly string[]
  readonly separators: readonly number[]
  readonly candidate: Candidate
}

/** @returns indexed by `groupKey` of the first group */
export function compileLayouts(patterns: readonly PatternOf[]): readonly (Node | undefined)[] {
  const checks = new Map<PatternShape['valid'], Check | null>([[undefined, null]])
  const layouts = patterns.flatMap(({ shape, recognizer, on }) => {
    const { valid } = shape
    if (valid !== undefined && !checks.has(valid)) checks.set(valid, { valid, refused: -1 })
    const check = checks.get(valid) ?? null
    return shape.layouts.map((layout) => toLayout(layout, recognizer, on, check))
  })
  const all = layouts.map((_, index) => index)
  return buildNode(all, 0, layouts, new Map()).next?.[0]?.nodes ?? []
}

function toLayout(text: string, recognizer: number, on: boolean, check: Check | null): Layout {
  const groups = text.split(/[ \-./_]/)
  const compact = groups.join('')
  if (!/^[9AaXx]+$/.test(compact) || groups.includes('')) throw new Error(`not a layout: ${text}`)
  if (compact.length > MAX_RUN || groups.length > MAX_GROUPS) throw new Error(`too long: ${text}`)
  const separators = [...text].map((char) => SEPARATORS[char.charCodeAt(0)] ?? 0)
  const isUniform = groups.every((group) => /^(9+|A+|a+|x+)$/.test(group))
  return {
    groups,
    separators: [0, ...separators.filter((separator) => separator !== 0)],
    candidate: {
      recognizer,
      on,
      bare: groups.length === 1,
      length: compact.length,
      kinds: isUniform ? null : Uint8Array.from(compact, kindsAt),
      check,
    },
  }
}

function kindsAt(char: string): number {
  if (char === '9') return DIGIT
  if (char === 'A') return UPPER
  if (char === 'a') return UPPER | LOWER
  return char === 'X' ? DIGIT | UPPER : WORD
}

/** Subset construction; layouts that differ only behind share what is before, and those that meet again share what is behind. */
function buildNode(
  indexes: readonly number[],
  depth: number,
  layouts: readonly Layout[],
  known: Map<string, Node>,
): Node {
  const name = `${depth}:${indexes.join()}`
  const before = known.get(name)
  if (before !== undefined) return before
  const steps: Map<number, number[]>[] = []
  const ended: Candidate[] = []
  for (const index of indexes) {
    const { groups, separators, candidate } = layouts[index] as Layout
    const group = groups[depth]
    if (group === undefined) {
      ended.push(candidate)
      continue
    }
    const separator = separators[depth] ?? 0
    steps[separator] ??= new Map()
    for (let kinds = 1; kinds <= WORD; kinds++) {
      if (!couldHave(group, kinds)) continue
      const key = groupKey(group.length, kinds)
      const step = steps[separator].get(key)
      if (step === undefined) steps[separator].set(key, [index])
      else step.push(index)
    }
  }
  const next = Array.from(steps, (step) => step && buildNext(step, depth, layouts, known))
  const candidates = withoutTwins(ended)
  const behind = candidates.filter(({ on, length }) => !on && length >= LEAST_BEHIND)
  const node = {
    candidates,
    bits: toBits(candidates.map(({ recognizer }) => recognizer)),
    byRecognizer: Map.groupBy(candidates, ({ recognizer }) => recognizer),
    on: candidates.filter(({ on }) => on),
    behind,
    bitsBehind: toBits(behind.map(({ recognizer }) => recognizer)),
    next: next.length === 0 ? undefined : next,
  }
  known.set(name, node)
  return node
}

/** Layouts that say the same of what is complete are one. */
function withoutTwins(candidates: readonly Candidate[]): readonly Candidate[] {
  const checks = [...new Set(candidates.map(({ check }) => check))]
  const byName = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const { recognizer, on, bare, kinds, check } = candidate
    const name = `${recognizer} ${on} ${bare} ${kinds?.join('') ?? ''} ${checks.indexOf(check)}`
    if (!byName.has(name)) byName.set(name, candidate)
  }
  return [...byName.values()]
}

function buildNext(
  step: ReadonlyMap<number, readonly number[]>,
  depth: number,
  layouts: readonly Layout[],
  known: Map<string, Node>,
): Next {
  const nodes: (Node | undefined)[] = new Array(Math.max(...step.keys()) + 1).fill(undefined)
  let kinds = 0
  for (const [key, indexes] of step) {
    nodes[key] = buildNode(indexes, depth + 1, layouts, known)
    kinds |= key & WORD
  }
  return { nodes, kinds }
}

/** Whether a group's characters can be of just these kinds. */
function couldHave(group: string, kinds: number): boolean {
  const each = [...group].map(kindsAt)
  const all = each.reduce((sum, kind) => sum | kind, 0)
  return (kinds & ~all) === 0 && each.every((kind) => (kind & kinds) !== 0) && hasRoom(each, kinds)
}

/** As many characters as kinds: one of each has to stand somewhere. */
function hasRoom(each: readonly number[], kinds: number): boolean {
  let wanted = 0
  for (let rest = kinds; rest !== 0; rest &= rest - 1) wanted++
  return each.length >= wanted
}

export function patternsOf(
  recognizers: readonly Recognizer[],
  isOn: (recognizer: Recognizer, shape: PatternShape) => boolean,
): readonly PatternOf[] {
  return recognizers.flatMap((recognizer, index) =>
    recognizer.shapes
      .filter((shape) => shape.kind === 'pattern')
      .map((shape) => ({ recognizer: index, shape, on: isOn(recognizer, shape) })),
  )
}
