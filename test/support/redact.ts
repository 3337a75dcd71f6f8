/** Redacts bodies, cut in every way that matters. */

import { createRedactor, type RedactorOptions } from '../../src/inspect/redact/redactor.ts'
import { label, markers } from './markers.ts'

export type Cut = 'whole' | 'bytes' | number

export interface Redacted {
  readonly text: string
  readonly bytes: Buffer
  /** `type path count` each. */
  readonly findings: string[]
  readonly unscannable: string[]
}

export function redact(
  body: Buffer | string,
  contentType: string | null,
  cut: Cut = 'whole',
  options: Partial<RedactorOptions> = {},
): Redacted {
  const bytes = Buffer.from(body)
  const redactor = createRedactor({ contentType, scan: markers, replace: label, ...options })
  const out: Buffer[] = []
  const size = cut === 'bytes' ? 1 : bytes.length
  const first = typeof cut === 'number' ? cut : 0
  if (first > 0) out.push(...redactor.push(bytes.subarray(0, first)))
  for (let at = first; at < bytes.length; at += size) {
    // As a socket would give it: memory of its own.
    out.push(...redactor.push(Buffer.from(bytes.subarray(at, at + size))))
  }
  out.push(...redactor.end())
  const all = Buffer.concat(out)
  return {
    bytes: all,
    text: all.toString('utf8'),
    findings: redactor.findings.map(({ type, path, count }) => `${type} ${path} ${count}`),
    unscannable: redactor.unscannable.map(({ reason, path }) => `${reason} ${path}`),
  }
}

/**
 * The same for every place where a short body may be cut in two, and for single bytes.
 * @param share every how many places, beginning with which: for bodies that are nearly the same, which share the places
 * @throws where it is not the same
 */
export function redactAllWays(
  body: Buffer | string,
  contentType: string | null,
  options: Partial<RedactorOptions> = {},
  share: readonly [number, number] = [1, 0],
): Redacted {
  const bytes = Buffer.from(body)
  const whole = redact(bytes, contentType, 'whole', options)
  const cuts: Cut[] = ['bytes']
  const step = Math.max(1, Math.floor(bytes.length / 400))
  const [every, first] = share
  for (let at = 1 + step * (first % every); at < bytes.length; at += step * every) cuts.push(at)
  for (const cut of cuts) {
    const other = redact(bytes, contentType, cut, options)
    if (!other.bytes.equals(whole.bytes) || `${other.findings}` !== `${whole.findings}`) {
      throw new Error(`cut at ${cut}: ${other.text}\nwhole: ${whole.text}`)
    }
  }
  return whole
}
