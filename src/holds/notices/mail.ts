/**
 * A notice on its way to mailboxes: nodemailer's door. It is given a connection that leads to a judged address, and how to verify who is
 * there; it looks nothing up, opens nothing, and reads neither files nor URLs. What a server says in words goes nowhere.
 */

import { isIPv6, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { createTransport } from 'nodemailer'
import { toMailText } from './mail-text.ts'
import type { Notice } from './notice.ts'
import type { Delivery } from './outbox.ts'

/** A connection to the mail server, made as agent `cordon`. */
export interface MailConnection {
  readonly socket: Socket
  /** For a handshake that verifies the name of the server. */
  readonly tls: ConnectionOptions
  /** To be called once. @param failure null when the mail was taken */
  end(failure: 'mail' | 'tls' | null): void
}

export interface MailOptions {
  readonly host: string
  readonly port: number
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly credentials: { readonly user: string; readonly pass: string } | null
  readonly from: string
  readonly to: readonly string[]
  connect(
    signal: AbortSignal,
  ): Promise<MailConnection | { readonly fault: string; readonly again: boolean }>
}

/** Milliseconds for a whole conversation, TLS included. */
const TIMEOUT_MS = 30_000

export async function deliverToMailboxes(
  options: MailOptions,
  notice: Notice,
  signal: AbortSignal,
): Promise<Delivery> {
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  const connection = await options.connect(giveUp)
  if ('fault' in connection) {
    const { fault: detail, again } = connection
    return again ? { kind: 'later', detail, after: null } : { kind: 'refused', detail }
  }
  const { socket, tls } = connection
  try {
    const { rejected } = await toTransport(options, socket, tls).sendMail({
      ...toMailText(notice),
      from: options.from,
      to: [...options.to],
      // Equal for each try, so that whoever has got it already can tell.
      messageId: `<${notice.id}@${options.from.split('@').at(-1)}>`,
      date: new Date(notice.at),
      // RFC 3834: nobody's holiday answers this.
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
      signal: giveUp,
    })
    connection.end(null)
    if (rejected.length === 0) return { kind: 'taken' }
    const detail = `the mail server refused ${rejected.length} of ${options.to.length} recipients`
    return { kind: 'refused', detail }
  } catch (error) {
    const failure = toFailure(error)
    connection.end(failure.isTls ? 'tls' : 'mail')
    return failure.delivery
  } finally {
    socket.destroy()
  }
}

function toTransport(
  { host, port, tls, credentials }: MailOptions,
  socket: Socket,
  verified: ConnectionOptions,
) {
  const { localAddress = '127.0.0.1' } = socket
  return createTransport({
    connection: socket,
    host,
    port,
    tls: verified,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    // RFC 5321 section 4.1.3; the name of this machine is nobody's business.
    name: isIPv6(localAddress) ? `[IPv6:${localAddress}]` : `[${localAddress}]`,
    ...(credentials ? { auth: credentials } : {}),
    logger: false,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    maxResponseSize: 64 * 1024,
  })
}

/** By what is a constant of the library or a number: texts of a server may hold anything. */
function toFailure(error: unknown): { readonly delivery: Delivery; readonly isTls: boolean } {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown }
  const isTls = code === 'ETLS' || String(code).startsWith('ERR_TLS') || isCertificate(code)
  const name = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'an error'
  const later = (detail: string): Delivery => ({ kind: 'later', detail, after: null })
  if (isTls) return { delivery: later(`no trusted TLS with the mail server (${name})`), isTls }
  if (typeof responseCode !== 'number' || responseCode < 400) {
    return { delivery: later(`the mail server did not take it (${name})`), isTls }
  }
  const detail = `the mail server answered with code ${responseCode}`
  return { delivery: responseCode < 500 ? later(detail) : { kind: 'refused', detail }, isTls }
}

function isCertificate(code: unknown): boolean {
  return typeof code === 'string' && /CERT|SELF_SIGNED|SSL|LEAF/.test(code)
}
