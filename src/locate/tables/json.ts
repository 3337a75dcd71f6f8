/**
 * JSON from outside (RFC 8259), read strictly: no key twice, because two readers would take different values for it, and no deeper
 * than any table is. Accessors give null instead of throwing.
 */

import type { Parsed } from '../../model/errors.ts'

/** Objects and lists inside each other. The deepest table has five. */
const MAX_DEPTH = 12

export function parseJson(text: string): Parsed<unknown> {
  const fault = findAmbiguity(text)
  if (fault) return { fault }
  try {
    return { value: JSON.parse(text) }
  } catch {
    return { fault: 'it is not JSON, or its end is missing' }
  }
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

export function asList(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? value : null
}

/** A key of an object, its own and no other. */
export function field(value: unknown, key: string): unknown {
  const record = asRecord(value)
  return record && Object.hasOwn(record, key) ? record[key] : undefined
}

/** One pass over the text, before it is parsed: depth and double keys. What is not JSON is left to the parser. */
function findAmbiguity(text: string): string | null {
  /** Keys of each open object; null for a list. */
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at)
        if (isFollowedByColon(text, end)) {
          const key = text.slice(at, end)
          const keys = open.at(-1)
          // `\u0061` is `a`: no table writes its keys so, and comparing them would need a second parser.
          if (key.includes('\\')) return 'a key is written with escapes'
          if (keys?.has(key)) return `the key ${key.slice(0, 40)} is there twice`
          keys?.add(key)
        }
        at = end - 1
        break
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        open.push(text.charCodeAt(at) === OPEN_OBJECT ? new Set() : null)
        if (open.length > MAX_DEPTH) return 'it is nested too deeply'
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        open.pop()
    }
  }
  return null
}

/** The index behind the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return text.length
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from
  while (WHITE_SPACE.has(text.charCodeAt(at))) at++
  return text.charCodeAt(at) === COLON
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
