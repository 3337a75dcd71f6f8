/**
 * A small real mail server (RFC 5321) on loopback: EHLO, AUTH PLAIN and LOGIN, STARTTLS or TLS from the first byte. It keeps what it was given,
 * and can be told to refuse. For tests only: it believes whoever knows the password.
 */

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import type { Issued } from '../tls/support.ts'

export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  /** As it came, without the dots that were added for the wire. */
  readonly text: string
  /** Whether it came inside TLS, and as whom. */
  readonly secure: boolean
  readonly user: string | null
}

export interface SmtpServer extends AsyncDisposable {
  readonly port: number
  readonly mails: Mail[]
  /** Every line a client has said, in order. */
  readonly said: string[]
}

export interface SmtpOptions {
  readonly address?: string
  readonly certificate?: Issued
  /** Default: STARTTLS where there is a certificate. */
  readonly implicit?: boolean
  /** False: STARTTLS is neither offered nor done. */
  readonly offersTls?: boolean
  readonly password?: string
  /** In place of the answer to the end of a mail, by the number of the try. */
  readonly onMail?: (count: number) => string | null
  /** In place of the answer to a recipient. */
  readonly onRecipient?: (address: string) => string | null
  /** Said in the clear right after the answer to STARTTLS, as an attacker on the way would. */
  readonly injected?: string
}

export async function openSmtpServer(options: SmtpOptions = {}): Promise<SmtpServer> {
  const { address = '127.0.0.1', certificate, implicit = false } = options
  const mails: Mail[] = []
  const said: string[] = []
  const sockets = new Set<net.Socket>()
  const state = { count: 0 }
  const secureContext = certificate
    ? tls.createSecureContext({ key: certificate.keyPem, cert: certificate.pem })
    : undefined
  const server = net.createServer((plain) => {
    sockets.add(plain)
    plain.on('error', () => {})
    plain.on('close', () => sockets.delete(plain))
    const secured = () => {
      const socket = new tls.TLSSocket(plain, {
        isServer: true,
        ...(secureContext ? { secureContext } : {}),
      })
      socket.on('error', () => {})
      return socket
    }
    const context = { options, mails, said, state, secured }
    if (implicit) converse(secured(), true, true, context)
    else converse(plain, false, true, context)
  })
  server.listen(0, address)
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    mails,
    said,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Context {
  readonly options: SmtpOptions
  readonly mails: Mail[]
  readonly said: string[]
  readonly state: { count: number }
  secured(): tls.TLSSocket
}

function converse(
  socket: net.Socket,
  secure: boolean,
  greets: boolean,
  { options, mails, said, state, secured }: Context,
): void {
  const { password, offersTls = true, injected = '' } = options
  let waiting = ''
  let from = ''
  let to: string[] = []
  let data: string[] | null = null
  let user: string | null = null
  let login: string[] | null = null
  const answer = (text: string) => socket.write(`${text}\r\n`)
  if (greets) answer('220 mail.test ESMTP')

  const onLine = (line: string): void => {
    if (data) {
      if (line !== '.') {
        data.push(line.startsWith('.') ? line.slice(1) : line)
        return
      }
      const other = options.onMail?.(++state.count) ?? null
      if (other === null) mails.push({ from, to, text: data.join('\r\n'), secure, user })
      data = null
      answer(other ?? '250 taken')
      return
    }
    said.push(line)
    if (login) {
      login.push(Buffer.from(line, 'base64').toString())
      if (login.length < 2) return void answer('334 UGFzc3dvcmQ6')
      check(login[0] ?? '', login[1] ?? '')
      login = null
      return
    }
    const [verb = '', ...rest] = line.split(' ')
    switch (verb.toUpperCase()) {
      case 'EHLO': {
        const more = secure || !options.certificate || !offersTls ? [] : ['250-STARTTLS']
        answer(['250-mail.test', ...more, '250 AUTH PLAIN LOGIN'].join('\r\n'))
        return
      }
      case 'STARTTLS':
        if (!options.certificate || !offersTls) return void answer('502 what')
        socket.removeListener('data', onData)
        socket.write(`220 go\r\n${injected}`, () =>
          converse(secured(), true, false, { options, mails, said, state, secured }),
        )
        return
      case 'AUTH': {
        if (rest[0]?.toUpperCase() === 'LOGIN') {
          login = rest[1] ? [Buffer.from(rest[1], 'base64').toString()] : []
          answer(login.length === 0 ? '334 VXNlcm5hbWU6' : '334 UGFzc3dvcmQ6')
          return
        }
        const [, name = '', secret = ''] = Buffer.from(rest[1] ?? '', 'base64')
          .toString()
          .split('\0')
        return check(name, secret)
      }
      case 'MAIL':
        from = /<(.*?)>/.exec(line)?.[1] ?? ''
        to = []
        return void answer('250 ok')
      case 'RCPT': {
        const address = /<(.*?)>/.exec(line)?.[1] ?? ''
        const other = options.onRecipient?.(address) ?? null
        if (other === null) to.push(address)
        return void answer(other ?? '250 ok')
      }
      case 'DATA':
        data = []
        return void answer('354 go on')
      case 'QUIT':
        answer('221 bye')
        return void socket.end()
      default:
        return void answer('502 what')
    }
  }
  const check = (name: string, secret: string) => {
    if (secret !== password) return void answer('535 no')
    user = name
    answer('235 ok')
  }
  const onData = (piece: Buffer) => {
    waiting += piece.toString('latin1')
    for (let end = waiting.indexOf('\r\n'); end >= 0; end = waiting.indexOf('\r\n')) {
      const line = waiting.slice(0, end)
      waiting = waiting.slice(end + 2)
      onLine(line)
    }
  }
  socket.on('data', onData)
}
