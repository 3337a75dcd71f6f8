/** The first bytes inside a tunnel: a TLS ClientHello, an HTTP request, another protocol that is known, or something else. Read, looked at and handed on whole. */

import type { Problem } from '../model/errors.ts'
import type { Protocol } from '../model/flow.ts'
import { type ClientHello, ClientHelloReader } from '../tls/client-hello.ts'
import type { Channel } from './channel.ts'
import type { Alert } from './client-tls.ts'
import type { Deadlines } from './deadlines.ts'
import { recognise } from './protocol/recognise.ts'

export type Opening =
  | { readonly kind: 'tls'; readonly hello: ClientHello; readonly bytes: Buffer }
  | { readonly kind: 'http' | 'http2'; readonly bytes: Buffer }
  /** Another protocol that is known by how it begins. */
  | { readonly kind: 'other'; readonly protocol: Other; readonly bytes: Buffer }
  /** Nothing has come for a while: the client may wait for the server to speak. */
  | { readonly kind: 'silence' }
  | {
      readonly kind: 'fault'
      readonly problem: Problem
      /** What a TLS client is to be told; null for others. */
      readonly alert: Alert | null
    }

export type Other = Exclude<Protocol, 'tls' | 'http' | 'unknown'>

/**
 * Never rejects. The socket is left paused and without listeners of ours; what was read from it is in `bytes`.
 *
 * @param timeout milliseconds for the client to say what it wants
 * @param patience milliseconds after which silence is an answer; null: it never is
 */
export function readOpening(
  socket: Channel,
  early: Buffer | null,
  deadlines: Deadlines,
  timeout: number,
  patience: number | null = null,
): Promise<Opening> {
  return new Promise((resolve) => {
    const reader = new ClientHelloReader()
    const pieces: Buffer[] = []
    let isOver = false
    const finish = (opening: Opening) => {
      isOver = true
      deadlines.delete(waiting)
      clearTimeout(peek)
      socket.off('data', take)
      socket.off('end', leave)
      socket.off('close', leave)
      socket.pause()
      resolve(opening)
    }
    const fail = (code: Problem['code'], detail: string, alert: Alert | null = null) =>
      finish({ kind: 'fault', problem: { code, detail }, alert })
    const leave = () => fail('request-incomplete', 'the client left before it used the tunnel')
    const take = (piece: Buffer) => {
      clearTimeout(peek)
      pieces.push(piece)
      const progress = reader.push(piece)
      if (!progress.done) return
      const bytes = pieces.length === 1 ? piece : Buffer.concat(pieces)
      if ('hello' in progress) finish({ kind: 'tls', hello: progress.hello, bytes })
      else if (progress.fault === 'server-name')
        fail('client-tls-failed', progress.detail, 'unrecognizedName')
      else if (progress.fault !== 'not-tls')
        fail('client-tls-failed', progress.detail, 'decodeError')
      else takeOther(bytes)
    }
    const takeOther = (bytes: Buffer) => {
      const protocol = recogniseOther(bytes)
      if (protocol === null) return
      if (protocol) return finish({ kind: 'other', protocol, bytes })
      if (!looksLikeHttp(bytes)) return fail('request-not-http', NEITHER)
      const isHttp2 = beginsAsHttp2(bytes)
      if (isHttp2 !== null) finish({ kind: isHttp2 ? 'http2' : 'http', bytes })
    }
    const waiting = {
      deadline: deadlines.in(timeout),
      expire: () => fail('request-timeout', 'nothing was sent through the tunnel in time'),
    }
    const peek =
      patience === null || early ? undefined : setTimeout(() => finish(SILENCE), patience)
    if (socket.destroyed) return leave()
    deadlines.add(waiting)
    socket.on('end', leave)
    socket.on('close', leave)
    socket.on('data', take)
    if (early) take(early)
    if (!isOver) socket.resume()
  })
}

const SILENCE: Opening = { kind: 'silence' }

/** Null while it may still become one; false when it is none. */
export function recogniseOther(bytes: Buffer): Other | false | null {
  const { protocol, candidates } = recognise(bytes)
  if (protocol === 'tls' || protocol === 'http' || protocol === 'unknown') return false
  return protocol ?? (candidates.every((each) => each === 'http') ? false : null)
}

/** The preface (RFC 9113 section 3.4) up to where no method could be. @returns null when more bytes are needed */
export function beginsAsHttp2(bytes: Buffer): boolean | null {
  const length = Math.min(bytes.length, PREFACE.length)
  if (bytes.toString('latin1', 0, length) !== PREFACE.slice(0, length)) return false
  return length === PREFACE.length ? true : null
}

const PREFACE = 'PRI * '
const NEITHER = 'the first bytes are neither TLS nor HTTP'

/** A method, or the empty line that some clients send ahead. */
function looksLikeHttp(bytes: Buffer): boolean {
  return /^[A-Za-z\r]/.test(bytes.toString('latin1', 0, 1))
}
