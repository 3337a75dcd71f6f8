/**
 * What the tests of the HTTP/1 layer share: heads written down line by line, and the layer put together the way a
 * connection does it, without sockets, so that any bytes in any pieces give the messages that were understood.
 */

import type { Socket } from 'node:net'
import type { RequestHead, ResponseHead } from '../../../src/proxy/exchange/message.ts'
import { BodyReader } from '../../../src/proxy/http1/body.ts'
import {
  parseRequestHead,
  parseResponseHead,
  responseLength,
} from '../../../src/proxy/http1/head.ts'
import { HeadBuffer } from '../../../src/proxy/http1/head-buffer.ts'

/** Properties run this often; set FUZZ_RUNS to search longer. */
export const RUNS = Number(process.env.FUZZ_RUNS ?? 1_000)

/** Lines joined by CR LF, with the empty line that ends a head. */
export const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n\r\n`

export const get = (...fields: readonly string[]): string =>
  lines('GET / HTTP/1.1', 'Host: a.example', ...fields)

export const post = (...fields: readonly string[]): string =>
  lines('POST / HTTP/1.1', 'Host: a.example', ...fields)

export const answer = (...fields: readonly string[]): string => lines('HTTP/1.1 200 OK', ...fields)

/** @throws when the head is refused. */
export function requestHead(text: string): RequestHead {
  const head = parseRequestHead(text)
  if ('code' in head) throw new Error(`${JSON.stringify(text)}: ${head.detail}`)
  return head
}

/** @throws when the head is refused. */
export function responseHead(text: string): ResponseHead {
  const head = parseResponseHead(text)
  if (!head) throw new Error(`${JSON.stringify(text)} is no head`)
  return head
}

/** latin-1, one byte for each character. */
export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Copies of the bytes in pieces that end at these places: a piece is never a view on its neighbour. */
export function cut(whole: Buffer, ends: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...ends, whole.length])]
    .filter((at) => at >= 0 && at <= whole.length)
    .sort((a, b) => a - b)
  return places.slice(1).map((end, i) => Buffer.from(whole.subarray(places[i], end)))
}

export const bytewise = (whole: Buffer): Buffer[] =>
  cut(
    whole,
    Array.from(whole, (_, i) => i),
  )

/** A socket that only remembers what is written to it. */
export function memorySocket(): { readonly socket: Socket; readonly written: () => Buffer } {
  const pieces: Buffer[] = []
  const socket = {
    cork() {},
    uncork() {},
    write(piece: Buffer | string) {
      pieces.push(typeof piece === 'string' ? bytes(piece) : Buffer.from(piece))
      return true
    },
  }
  return { socket: socket as unknown as Socket, written: () => Buffer.concat(pieces) }
}

/** One message that was understood, as far as it had come. */
export interface Read<Head> {
  readonly head: Head
  /** The payload, latin-1. */
  body: string
  /** Names and values of the trailer section in turn. */
  trailers: readonly string[]
  state: 'complete' | 'incomplete' | 'broken'
}

export interface ReadAll<Head> {
  readonly messages: Read<Head>[]
  /** Whether a head was refused; nothing is read after that. */
  readonly refused: boolean
}

/** Every request in the pieces, read one behind the other as a client connection does. */
export function readRequests(pieces: readonly Buffer[]): ReadAll<RequestHead> {
  return readAll(pieces, (text) => {
    const head = parseRequestHead(text)
    return 'code' in head ? null : { head, framing: head.body }
  })
}

/** Every response in the pieces, interim ones included; `methods` are those of the requests, in order. */
export function readResponses(
  pieces: readonly Buffer[],
  methods: readonly string[],
): ReadAll<ResponseHead> {
  let answered = 0
  return readAll(pieces, (text) => {
    const head = parseResponseHead(text)
    if (!head) return null
    const framing = responseLength(head, methods[answered] ?? 'GET')
    if (head.status >= 200) answered++
    return { head, framing }
  })
}

function readAll<Head>(
  pieces: readonly Buffer[],
  parse: (text: string) => { head: Head; framing: number } | null,
): ReadAll<Head> {
  const held = new HeadBuffer()
  const messages: Read<Head>[] = []
  let body: BodyReader | null = null
  for (const piece of pieces) {
    held.push(piece)
    for (;;) {
      if (body) {
        const message = messages.at(-1)
        const rest = held.drain() ?? Buffer.alloc(0)
        const at: number = body.read(rest, 0)
        if (!message || body.broken) {
          if (message) message.state = 'broken'
          return { messages, refused: false }
        }
        message.body += rest.toString('latin1', body.start, body.end)
        if (!body.done) break
        message.state = 'complete'
        message.trailers = body.trailers?.list ?? []
        body = null
        held.push(rest.subarray(at))
      }
      const text = held.take()
      if (text === null) break
      const parsed = parse(text)
      if (!parsed) return { messages, refused: true }
      messages.push({ head: parsed.head, body: '', trailers: [], state: 'incomplete' })
      body = new BodyReader(parsed.framing)
    }
  }
  return { messages, refused: false }
}
