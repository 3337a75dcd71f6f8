/**
 * The first bytes of all literals as one tree (Aho and Corasick, 1975): how much of which literal the bytes gone by are. No literal's beginning
 * is the beginning of another's, so that where one is complete, nothing else goes on.
 */

import type { Literal } from './literals.ts'
import { KINDS } from './text.ts'

/** A beginning that is no longer has what must follow the literal in it, if that is known. */
const SHORT = 3

/** What is neither printed nor a line or a blank, and what is not ASCII: one symbol for all. */
export const OTHER = 0x80

export interface Beginning {
  /** From 0, the root, without gaps. */
  id: number
  readonly depth: number
  /** So many bytes are surely those of the literals: all, or those before OTHER. */
  readonly sure: number
  /** Begins with a letter or digit: then it has to begin a run. */
  readonly isWord: boolean
  readonly next: Map<number, Beginning>
  /** Where it is complete: the literals that may be here, in the order of the registry. */
  readonly literals: Literal[]
  /** The same by the bytes that OTHER stands for; null where it stands for none that are theirs. */
  spelt: ReadonlyMap<number, readonly Literal[]> | null
  /** What is still possible where this is not: the longest beginning that it ends with. */
  shorter: Beginning | null
}

const ROOT: Beginning = {
  id: 0,
  depth: 0,
  sure: 0,
  isWord: false,
  next: new Map(),
  literals: [],
  spelt: null,
  shorter: null,
}

const NONE: readonly Literal[] = []

/** @returns those that may be at `at`, where the beginning is */
export function literalsAt(
  { literals, spelt, sure, depth }: Beginning,
  bytes: Uint8Array,
  at: number,
): readonly Literal[] {
  if (spelt === null) return literals
  return spelt.get(hashOf(bytes, at + sure, at + depth)) ?? NONE
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let at = start; at < end; at++) hash = (hash * 33 + (bytes[at] as number)) & 0x3fff_ffff
  return hash
}

/**
 * @param longest bytes of a beginning at most
 * @returns all of them, the root first
 */
export function growBeginnings(
  literals: readonly Literal[],
  longest: number,
): readonly Beginning[] {
  const root: Beginning = { ...ROOT, next: new Map(), literals: [] }
  const all = literals.flatMap((literal) =>
    beginningsOf(literal, longest).map((bytes) => ({ bytes, literal })),
  )
  // The shorter first: what begins with one of them needs no beginning of its own.
  for (const { bytes, literal } of all.toSorted((a, b) => a.bytes.length - b.bytes.length))
    add(root, bytes, literal)
  const order = new Map(literals.map((literal, index) => [literal, index]))
  const grown = link(root)
  for (const beginning of grown) {
    beginning.literals.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
    beginning.spelt = speltOf(beginning)
  }
  return grown
}

function speltOf({ literals, sure, depth }: Beginning): Beginning['spelt'] {
  if (sure === depth || literals.some(({ bytes }) => bytes.length < depth)) return null
  return Map.groupBy(literals, ({ bytes }) => hashOf(bytes, sure, depth))
}

/** Up to where letters and digits end or begin, so that it lies in one run but for its last byte. */
function beginningsOf({ bytes, next }: Literal, longest: number): readonly (readonly number[])[] {
  const first = isWord(bytes[0])
  const turn = bytes.findIndex((byte) => isWord(byte) !== first)
  const length = Math.min(longest, turn === -1 ? bytes.length : turn + 1)
  const beginning = [...bytes.subarray(0, length)]
  if (next === null || turn !== -1 || length > SHORT || length === longest) return [beginning]
  return [...next.keys()].filter((byte) => next[byte] === 1).map((byte) => [...beginning, byte])
}

function add(root: Beginning, bytes: readonly number[], literal: Literal): void {
  let at = root
  for (const byte of bytes) {
    if (at.literals.length > 0) break
    const symbol = symbolOf(byte)
    const next = at.next.get(symbol) ?? longer(at, symbol)
    at.next.set(symbol, next)
    at = next
  }
  if (!at.literals.includes(literal)) at.literals.push(literal)
}

function longer({ depth, sure, isWord }: Beginning, symbol: number): Beginning {
  return {
    ...ROOT,
    depth: depth + 1,
    sure: sure === depth && symbol !== OTHER ? sure + 1 : sure,
    isWord: depth === 0 ? KINDS[symbol] !== 0 : isWord,
    next: new Map(),
    literals: [],
  }
}

/** @param byte or what stands for the end */
export function symbolOf(byte: number): number {
  if (byte > 0xff || (byte >= 0x20 && byte < 0x7f)) return byte
  return byte === 0x09 || byte === 0x0a || byte === 0x0d ? byte : OTHER
}

/** Breadth first, as what is shorter has to be known before. */
function link(root: Beginning): readonly Beginning[] {
  const queue: Beginning[] = [root]
  for (let id = 0; id < queue.length; id++) {
    const at = queue[id] as Beginning
    at.id = id
    for (const [byte, next] of at.next) {
      next.shorter = shorterOf(at, byte) ?? root
      queue.push(next)
    }
  }
  return queue
}

function shorterOf(at: Beginning, byte: number): Beginning | undefined {
  // Within a run no word begins.
  if (at.isWord) return undefined
  for (let from = at.shorter; from !== null; from = from.shorter) {
    const shorter = from.next.get(byte)
    if (shorter !== undefined) return shorter
  }
  return undefined
}

function isWord(byte: number | undefined): boolean {
  return byte !== undefined && KINDS[byte] !== 0
}
