/**
 * Customers' patterns as tables: a state and a byte give the next state (subset construction), so that a byte is one look, whatever the
 * pattern. What would need too large a table is refused when it is loaded.
 */

import type { AnchorShape, Shape } from '../recognizer.ts'
import type { Compiled } from './custom.ts'
import { type ByteSet, MANY, type Part, parsePattern } from './pattern-parse.ts'

/** Bytes of what is found, at least and at most. */
const MIN_MATCH = 3
export const MAX_MATCH = 256

const MAX_STEPS = 5000
const MAX_STATES = 1000
/** First bytes, and first two, that there may be: each is looked for. */
const MAX_FIRST = 64
const MAX_PAIRS = 256

export function compilePattern(text: string, ignoreCase: boolean): Compiled<readonly Shape[]> {
  const parsed = parsePattern(text, ignoreCase)
  if ('fault' in parsed) return parsed
  if (lengthOf(parsed.value) < MIN_MATCH)
    return { fault: `\`${text}\` can match fewer than ${MIN_MATCH} bytes` }
  const table = toTable(parsed.value)
  if (table === null)
    return {
      fault: `\`${text}\` needs too large a table: fewer or smaller counts, fewer \`.\` and alternatives`,
    }
  const literals = beginnings(table)
  if (literals === null)
    return {
      fault: `\`${text}\` can begin with nearly anything; let it begin with something more certain`,
    }
  const extent = toExtent(table)
  return {
    value: literals.map((literal) => ({ kind: 'anchor', literal, extent, rest: 'A-Za-z0-9' })),
  }
}

interface Table {
  /** 256 for each state: the next state, or -1. The first is where it begins. */
  readonly next: Int16Array
  readonly accepts: Uint8Array
}

function toExtent({ next, accepts }: Table): AnchorShape['extent'] {
  return (bytes, at, _floor, limit, out) => {
    out.start = at
    out.end = at
    let state = 0
    let i = at
    const bound = Math.min(limit, at + MAX_MATCH)
    for (; i < bound; i++) {
      state = next[state * 256 + (bytes[i] as number)] as number
      if (state < 0) break
      if (accepts[state] !== 1) continue
      // A whole word: what follows is none, or is not there.
      if (i + 1 >= limit || !isWord(bytes[i] as number) || !isWord(bytes[i + 1] as number))
        out.end = i + 1
    }
    out.reached = state >= 0 && i === limit
  }
}

function isWord(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a)
}

/** Fewest bytes. */
function lengthOf(part: Part): number {
  switch (part.kind) {
    case 'bytes':
      return 1
    case 'all':
      return part.parts.reduce((sum, each) => sum + lengthOf(each), 0)
    case 'one':
      return Math.min(...part.parts.map(lengthOf))
    case 'repeat':
      return part.min * lengthOf(part.part)
    default:
      return part satisfies never
  }
}

/** What the scanner looks for: the first two bytes where they are few, else the first. */
function beginnings({ next }: Table): string[] | null {
  const first: string[] = []
  const pairs: string[] = []
  for (let one = 0; one < 256; one++) {
    const state = next[one] as number
    if (state < 0) continue
    first.push(String.fromCharCode(one))
    for (let two = 0; two < 256 && pairs.length <= MAX_PAIRS; two++)
      if ((next[state * 256 + two] as number) >= 0) pairs.push(String.fromCharCode(one, two))
  }
  if (pairs.length <= MAX_PAIRS) return pairs
  return first.length <= MAX_FIRST ? first : null
}

/** Nondeterministic steps: on one of some bytes to the next, or freely to others. */
interface Step {
  set: ByteSet | null
  to: number[]
}

/** @returns null where there would be too many states */
function toTable(part: Part): Table | null {
  const steps: Step[] = []
  const add = (set: ByteSet | null, to: number[]): number => steps.push({ set, to }) - 1
  const last = add(null, [])
  /** @returns where it begins, given where it goes on */
  const build = (each: Part, then: number): number => {
    if (steps.length > MAX_STEPS) return then
    switch (each.kind) {
      case 'bytes':
        return add(each.set, [then])
      case 'all':
        return each.parts.reduceRight((goesOn, inner) => build(inner, goesOn), then)
      case 'one':
        return add(
          null,
          each.parts.map((inner) => build(inner, then)),
        )
      case 'repeat': {
        let start = then
        if (each.max === MANY) {
          const loop = add(null, [then])
          ;(steps[loop] as Step).to.push(build(each.part, loop))
          start = loop
        } else {
          for (let i = each.min; i < each.max; i++)
            start = add(null, [build(each.part, start), then])
        }
        for (let i = 0; i < each.min; i++) start = build(each.part, start)
        return start
      }
      default:
        return each satisfies never
    }
  }
  const begin = build(part, last)
  return steps.length > MAX_STEPS ? null : determinise(steps, begin, last)
}

function determinise(steps: readonly Step[], begin: number, last: number): Table | null {
  const sets: (readonly number[])[] = []
  const known = new Map<string, number>()
  const stateOf = (from: readonly number[]): number => {
    const set = closure(steps, from)
    const key = set.join(' ')
    const state = known.get(key) ?? sets.push(set) - 1
    known.set(key, state)
    return state
  }
  stateOf([begin])
  const rows: Int16Array[] = []
  for (let state = 0; state < sets.length; state++) {
    if (sets.length > MAX_STATES) return null
    const row = new Int16Array(256).fill(-1)
    const consuming = (sets[state] as readonly number[]).filter((id) => steps[id]?.set)
    const byTargets = new Map<string, number>()
    for (let byte = 0; byte < 256; byte++) {
      const to = consuming.filter((id) => steps[id]?.set?.[byte] === 1)
      if (to.length === 0) continue
      const key = to.join(' ')
      const next = byTargets.get(key) ?? stateOf(to.flatMap((id) => (steps[id] as Step).to))
      byTargets.set(key, next)
      row[byte] = next
    }
    rows.push(row)
  }
  const next = new Int16Array(rows.length * 256)
  for (const [state, row] of rows.entries()) next.set(row, state * 256)
  const accepts = Uint8Array.from(sets, (set) => (set.includes(last) ? 1 : 0))
  return { next, accepts }
}

/** All that is reached without a byte, in order. */
function closure(steps: readonly Step[], from: readonly number[]): readonly number[] {
  const seen = new Set<number>()
  const open = [...from]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    const step = steps[id] as Step
    if (step.set === null) open.push(...step.to)
  }
  return [...seen].filter((id) => steps[id]?.set || id === 0).sort((a, b) => a - b)
}
