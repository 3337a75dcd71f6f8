/**
 * The way back: finds tokens in the answer to the agent they were issued to and puts the values there again. Models write them in other case,
 * with `-`, a blank or `\_` for `_`, and answers come in pieces of any size; so all of that is found. One pass: what was put back is
 * not looked at again. What looks like a token and was not issued to this agent stays as it is.
 *
 * INVARIANT: never more than `MAX_HELD` characters are held back, and those only while they may be the beginning of a token.
 */

import { foldBase32 } from './base32.ts'
import { MAX_BODY } from './token.ts'
import type { AgentVault } from './vault.ts'

/** Longer than any token, written with `\_` throughout. */
export const MAX_HELD = 40

export interface Restorer {
  /** @returns what of it and of what was held before can go on */
  push(chunk: string): string
  /** What was held: no token any more, unless it was a whole one. */
  end(): string
  /** Characters that wait for what comes next. */
  readonly waiting: number
  /** Values put back so far. */
  readonly restored: number
}

/** @param write how a value is written where the text stands, e.g. within a string of JSON */
export function createRestorer(
  vault: AgentVault,
  write: (value: string) => string = (value) => value,
): Restorer {
  let held = ''
  let restored = 0

  /** Up to where it is certain; the rest is held. */
  const restore = (text: string, isEnd: boolean): string => {
    let out = ''
    let done = 0
    for (let at = nextP(text, 0); at >= 0; at = nextP(text, Math.max(at + 1, done))) {
      const match = matchAt(text, at, isEnd, vault)
      if (match === 'no') continue
      out += text.slice(done, at)
      if (match === 'more') {
        held = text.slice(at)
        return out
      }
      out += write(match.value)
      restored++
      done = match.end
    }
    held = ''
    return out + text.slice(done)
  }

  return {
    push: (chunk) => restore(held + chunk, false),
    end: () => restore(held, true),
    get waiting() {
      return held.length
    },
    get restored() {
      return restored
    },
  }
}

/** All of a text at once. */
export function restoreText(
  text: string,
  vault: AgentVault,
  write?: (value: string) => string,
): string {
  const restorer = createRestorer(vault, write)
  return restorer.push(text) + restorer.end()
}

const FIRST = /[Pp]/g

function nextP(text: string, from: number): number {
  FIRST.lastIndex = from
  return FIRST.exec(text)?.index ?? -1
}

type Match = { readonly value: string; readonly end: number } | 'no' | 'more'

/**
 * The longest token that begins here: reads the head, piece by piece up to every `_`, and behind each head that is in use the body.
 * `more` when what would decide has not come yet.
 */
function matchAt(text: string, start: number, isEnd: boolean, vault: AgentVault): Match {
  const limit = start + MAX_HELD
  const stop = Math.min(text.length, limit)
  let head = ''
  let found: Match = 'no'
  let at = start
  while (at < stop) {
    const separator = separatorAt(text, at)
    if (separator > 0) {
      head += '_'
      at += separator
      const match = matchBody(text, at, isEnd, limit, head, vault)
      if (match === 'more') return match
      if (match !== 'no') found = match
    } else if (separator < 0) {
      break
    } else {
      if (!isAlphanumeric(text.charCodeAt(at))) return found
      head += text.charAt(at++).toUpperCase()
    }
    if (!vault.hasHead(head)) return found
  }
  return at < limit && !isEnd ? 'more' : found
}

/** @param from behind the head */
function matchBody(
  text: string,
  from: number,
  isEnd: boolean,
  limit: number,
  head: string,
  vault: AgentVault,
): Match {
  const lengths = vault.bodiesAfter(head)
  if (lengths.length === 0) return 'no'
  let letters = 0
  while (letters < MAX_BODY && isAlphanumeric(text.charCodeAt(from + letters))) letters++
  const available = from + letters
  for (const length of lengths) {
    if (letters < length) {
      // It may still become as long as that.
      if (!isEnd && available === text.length && from + length <= limit) return 'more'
      continue
    }
    const value = vault.lookUp(head + foldBase32(text.slice(from, from + length)))
    if (value !== null) return { value, end: from + length }
  }
  return 'no'
}

/** @returns the length of what stands for `_`; 0 when it is something else, -1 when that depends on what comes next */
function separatorAt(text: string, at: number): number {
  const character = text[at]
  if (character === '_' || character === '-' || character === ' ' || character === '\n') return 1
  if (character !== '\\') return 0
  let backslashes = 1
  // Escaped once more where the text stands in a string of JSON.
  while (backslashes < 3 && text[at + backslashes] === '\\') backslashes++
  const next = text[at + backslashes]
  if (next === undefined) return -1
  return next === '_' ? backslashes + 1 : 0
}

function isAlphanumeric(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a)
  )
}
