/** Certificates, folders and real handshakes for the tests of src/tls/. */

import { spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { type Host, parseHost } from '../../src/model/authority.ts'
import {
  AUTHORITY_KEY_ID,
  BASIC_CONSTRAINTS,
  COMMON_NAME,
  distinguishedName,
  EXTENDED_KEY_USAGE,
  extension,
  KEY_USAGE,
  SUBJECT_ALT_NAME,
  SUBJECT_KEY_ID,
  signCertificate,
  toKeyId,
  toPem,
  toPublicKeyInfo,
  toSigner,
} from '../../src/tls/certificate.ts'
import {
  bitString,
  type Der,
  fromBytes,
  implicit,
  octetString,
  oid,
  sequence,
  TRUE,
} from '../../src/tls/der.ts'

/** 2026-11-20, noon: where nothing depends on the machine's own clock. */
export const NOON = Date.UTC(2026, 10, 20, 12)
export const DAY = 24 * 60 * 60 * 1000

export function host(text: string): Host {
  const parsed = parseHost(text)
  if ('fault' in parsed) throw new Error(`${text}: ${parsed.fault}`)
  return parsed.value
}

/** A folder for the files of a test; `await using` removes it. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'cordon-tls-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** Runs a program to its end, with nothing to read, and gives what it wrote, both streams together. */
export async function run(name: string, ...args: string[]) {
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (piece) => {
    output += piece
  })
  child.stderr.on('data', (piece) => {
    output += piece
  })
  const [status] = await once(child, 'close')
  return { status: status as number | null, output }
}

/** What a test wants to be different from a sound certificate. */
export interface Wanted {
  readonly name?: string
  readonly issuer?: Issued
  readonly ca?: boolean
  readonly key?: 'P-256' | 'P-384' | 'P-521' | 'rsa'
  readonly notBefore?: number
  readonly notAfter?: number
  readonly hosts?: readonly string[]
  /** Extended key usage; default serverAuth for leaves. */
  readonly usage?: string
  readonly withoutKeyId?: boolean
  readonly withoutAuthorityKeyId?: boolean
  readonly withoutKeyCertSign?: boolean
}

export interface Issued {
  readonly subject: Der
  readonly keyId: Der
  readonly key: KeyObject
  readonly keyPem: string
  readonly pem: string
}

/** Issues a certificate, self-signed without an issuer; whatever is wanted may make it unfit. */
export function issue(wanted: Wanted): Issued {
  const { name = 'test', ca = false, hosts = [], key = 'P-256', issuer } = wanted
  const { publicKey, privateKey } =
    key === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: key })
  const publicKeyInfo = toPublicKeyInfo(publicKey)
  const subject = distinguishedName([COMMON_NAME, name])
  const keyId = toKeyId(publicKeyInfo)
  const signer = toSigner(issuer?.key ?? privateKey)
  if (!signer) throw new Error('a key that cannot sign')
  const names = hosts.map((text) => toName(host(text)))
  const usage = wanted.usage ?? (ca ? null : '1.3.6.1.5.5.7.3.1')
  const bits = wanted.withoutKeyCertSign ? bitString('\x02', 1) : bitString('\x06', 1)
  const der = signCertificate(
    {
      issuer: issuer?.subject ?? subject,
      subject,
      notBefore: wanted.notBefore ?? Date.now() - DAY,
      notAfter: wanted.notAfter ?? Date.now() + DAY,
      publicKey: publicKeyInfo,
      extensions: [
        extension(BASIC_CONSTRAINTS, ca ? sequence(TRUE) : sequence(), { critical: true }),
        ca ? extension(KEY_USAGE, bits, { critical: true }) : '',
        usage ? extension(EXTENDED_KEY_USAGE, sequence(oid(usage))) : '',
        wanted.withoutKeyId ? '' : extension(SUBJECT_KEY_ID, octetString(keyId)),
        issuer && !wanted.withoutAuthorityKeyId
          ? extension(AUTHORITY_KEY_ID, sequence(implicit(0, issuer.keyId)))
          : '',
        names.length > 0 ? extension(SUBJECT_ALT_NAME, sequence(...names)) : '',
      ].join(''),
    },
    signer,
  )
  return {
    subject,
    keyId,
    key: privateKey,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    pem: toPem(der),
  }
}

function toName({ text, ip }: Host): Der {
  return ip ? implicit(7, fromBytes(ip.bytes)) : implicit(2, text)
}

/** A listening server on loopback; `await using` ends it and all its connections. */
export async function listen(accept: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    accept(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Ends TLS on an accepted socket, and says `hello` to whoever gets that far. */
export function greet(socket: net.Socket, secureContext: tls.SecureContext): void {
  const secure = new tls.TLSSocket(socket, { isServer: true, secureContext })
  secure.on('error', () => {})
  secure.on('data', () => secure.end('hello'))
}

export interface Handshake {
  readonly protocol: string | null
  readonly reused: boolean
  readonly certificate: tls.PeerCertificate
  /** The newest session the server gave, for resuming. */
  readonly session: Buffer | undefined
  readonly sessions: number
}

/** Makes a handshake and one exchange. @throws what the socket emits */
export async function shakeHands(port: number, options: tls.ConnectionOptions): Promise<Handshake> {
  const socket = tls.connect({ host: '127.0.0.1', port, ...options })
  let session: Buffer | undefined
  let sessions = 0
  socket.on('session', (given) => {
    session = given
    sessions++
  })
  try {
    return await new Promise<Handshake>((resolve, reject) => {
      let handshake: Omit<Handshake, 'session' | 'sessions'> | null = null
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        handshake = {
          protocol: socket.getProtocol(),
          reused: socket.isSessionReused(),
          certificate: socket.getPeerCertificate(),
        }
        socket.write('?')
      })
      socket.on('data', () => {})
      // Before the handshake an end is followed by an error.
      socket.once('end', () => handshake && resolve({ ...handshake, session, sessions }))
    })
  } finally {
    socket.destroy()
  }
}

/** The first bytes of a real client: its ClientHello. */
export async function recordHello(options: tls.ConnectionOptions): Promise<Buffer> {
  const pieces: Buffer[] = []
  const whole = Promise.withResolvers<void>()
  await using server = await listen((socket) =>
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      const bytes = Buffer.concat(pieces)
      if (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt16BE(3)) whole.resolve()
    }),
  )
  const client = tls.connect({ host: '127.0.0.1', port: server.port, ...options })
  client.on('error', () => {})
  await whole.promise
  client.destroy()
  await once(client, 'close')
  return Buffer.concat(pieces)
}
