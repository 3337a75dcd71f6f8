/** Trailer fields that may go on (RFC 9110 section 6.5). */

import { type Fields, isHopByHop } from './fields.ts'

/**
 * Names and values in turn. What a header section could not have either, or what is unsafe to merge into one, is dropped (RFC 9110
 * sections 6.5.1 and 7.6.1).
 *
 * @param nominated by Connection in the head of the same message
 */
export function keptTrailers(
  { list, nominated: own }: Fields,
  nominated: readonly string[] | null,
): readonly string[] {
  const kept: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    const lower = name.toLowerCase()
    if (isHopByHop(lower) || NOT_IN_TRAILERS.has(lower)) continue
    if (own?.includes(lower) || nominated?.includes(lower)) continue
    kept.push(name, list[i + 1] ?? '')
  }
  return kept
}

/** A reader that merges trailers into the header section would be told something new after it has decided. */
const NOT_IN_TRAILERS = new Set([
  // Framing and routing.
  'content-length',
  'forwarded',
  'host',
  'max-forwards',
  'trailer',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  // Who is asking.
  'authorization',
  'cookie',
  'set-cookie',
  'www-authenticate',
  // What is asked, and what a cache may do with the answer.
  'age',
  'cache-control',
  'date',
  'expect',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'location',
  'pragma',
  'range',
  'retry-after',
  'vary',
  'warning',
  // How to read the content.
  'content-encoding',
  'content-range',
  'content-type',
])
