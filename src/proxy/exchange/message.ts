/**
 * Messages as every version of HTTP has them (RFC 9110): heads, and one message on its way out. How they are framed on a
 * connection is for `http1` and `http2`.
 */

import { type Fields, isHopByHop } from './fields.ts'

/** Zero or more: that many bytes. */
export type BodyLength = number
/** Nobody says beforehand how long the body will be; its end is marked. */
export const UNTOLD = -1
/** The body ends with the connection: HTTP/1 only. */
export const UNTIL_CLOSE = -2

export type HttpVersion = '1.0' | '1.1' | '2'

export interface RequestHead {
  readonly method: string
  /** As HTTP/1.1 would have it (RFC 9112 section 3.2), whatever the version. */
  readonly target: string
  readonly version: HttpVersion
  readonly fields: Fields
  readonly body: BodyLength
}

export interface ResponseHead {
  readonly status: number
  /** Empty where the version has none. */
  readonly reason: string
  readonly version: HttpVersion
  readonly fields: Fields
}

/** One message on its way to one peer: its head was handed over when this was made. What comes between two flushes goes out together. */
export interface MessageOut {
  /** Bytes handed on: head and framed body. */
  readonly bytes: number
  /** Queues `buffer[start..end]`; the bytes may not change any more. */
  payload(buffer: Buffer, start: number, end: number): void
  /** The body is complete. @param nominated by Connection in the head of this message: such trailers end here. */
  finish(trailers: Fields | null, nominated: readonly string[] | null): void
  /** Sends what is queued. @returns false when the peer wants a pause; its side will tell when that is over. */
  flush(): boolean
}

/** Whether the client waits for leave to send its body (RFC 9110 section 10.1.1). */
export function expectsContinue(head: RequestHead): boolean {
  return (
    head.version !== '1.0' &&
    valuesOf(head, 'expect').some((value) => value.toLowerCase() === '100-continue')
  )
}

/**
 * Values of a field in order. INVARIANT: a field that ends here, because it is hop-by-hop or Connection says so, has none: what the
 * other side will not get says nothing about it.
 *
 * @param name in lower case
 */
export function valuesOf({ fields }: { readonly fields: Fields }, name: string): readonly string[] {
  const { list, nominated } = fields
  if (isHopByHop(name) || nominated?.includes(name)) return []
  const values: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const found = list[i] ?? ''
    if (found.length === name.length && found.toLowerCase() === name) values.push(list[i + 1] ?? '')
  }
  return values
}
