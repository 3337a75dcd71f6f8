/**
 * From a host that is to be forced: whether anything gets out past the proxy. A connection that comes out at the proxy is told from one that gets through by
 * the certificate: only the proxy has one of our CA for an address of somebody else's.
 */

import { createSocket } from 'node:dgram'
import net from 'node:net'
import tls from 'node:tls'
import type { IpAddress } from '../../model/address.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Public resolvers, which answer all that is asked here: TLS, HTTPS, QUIC, DNS, DoT. */
export const PROBED: readonly string[] = [
  '1.1.1.1',
  '9.9.9.9',
  '2606:4700:4700::1111',
  '2620:fe::fe',
]

const WAIT_MS = 2_000
const FORCE =
  '`cordon firewall nft --apply` on this host or `--interface` on its gateway; for one program `cordon run --isolate`'

/** What came of one try. `led`: to the proxy. `unclear`: something was there, and nobody can say what. */
type Came = 'closed' | 'led' | 'open' | 'unclear'

interface Way {
  readonly name: string
  try(target: string, ca: string): Promise<Came>
}

const WAYS: readonly Way[] = [
  { name: 'HTTPS', try: (target, ca) => tryTls(target, 443, ca) },
  { name: 'DoT', try: (target, ca) => tryTls(target, 853, ca) },
  { name: 'QUIC', try: (target) => tryDatagram(target, 443, versionNegotiation()) },
  { name: 'DNS', try: (target) => tryDatagram(target, 53, ROOT_SERVERS) },
  { name: 'DNS/TCP', try: (target) => tryDnsOverTcp(target) },
]

/** @param ca our certificate, PEM */
export async function lookAtEgress(
  targets: readonly IpAddress[],
  ca: string,
): Promise<readonly Finding[]> {
  return await Promise.all(
    [4, 6].flatMap((version) => {
      const mine = targets.filter((target) => target.version === version).map(({ text }) => text)
      return mine.length === 0 ? [] : WAYS.map((way) => lookAtWay(way, version, mine, ca))
    }),
  )
}

async function lookAtWay(
  { name, try: attempt }: Way,
  version: number,
  targets: readonly string[],
  ca: string,
): Promise<Finding> {
  const check = `${name} v${version}`
  const came = await Promise.all(targets.map((target) => attempt(target, ca)))
  const where = (what: Came) => targets.filter((_, i) => came[i] === what).join(', ')
  if (came.includes('open')) return fail(check, `${where('open')} answers, past the proxy`, FORCE)
  if (came.includes('unclear')) {
    const found = `${where('unclear')} can be reached, and does not say by whom it is answered`
    return warn(check, found, FORCE)
  }
  if (came.includes('led')) return ok(check, `${where('led')} is answered by the proxy`)
  return ok(check, 'closed')
}

function tryTls(host: string, port: number, ca: string): Promise<Came> {
  return new Promise((resolve) => {
    let isConnected = false
    // Whose certificate it is, is all that counts: nothing is sent.
    const socket = tls.connect({ host, port, ca, rejectUnauthorized: false, ALPNProtocols: [] })
    const end = (came: Came) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(came)
    }
    const timer = setTimeout(() => end(isConnected ? 'unclear' : 'closed'), WAIT_MS)
    socket.on('connect', () => {
      isConnected = true
    })
    socket.on('secureConnect', () => end(isFrom(socket) ? 'led' : 'open'))
    // Who takes a connection and ends it has not let anything through.
    socket.on('error', () => end('closed'))
    socket.on('close', () => end('closed'))
  })
}

/** That the name is another one does not matter here. */
function isFrom({ authorized, authorizationError }: tls.TLSSocket): boolean {
  const code = authorizationError as unknown as string | null
  return authorized || code === 'ERR_TLS_CERT_ALTNAME_INVALID'
}

function tryDatagram(host: string, port: number, bytes: Buffer): Promise<Came> {
  return new Promise((resolve) => {
    const socket = createSocket(net.isIPv6(host) ? 'udp6' : 'udp4')
    const end = (came: Came) => {
      clearTimeout(timer)
      socket.close()
      resolve(came)
    }
    const timer = setTimeout(() => end('closed'), WAIT_MS)
    socket.on('message', () => end('open'))
    socket.on('error', () => end('closed'))
    socket.connect(port, host, (error?: Error) => {
      if (error) end('closed')
      else socket.send(bytes, (failed) => failed && end('closed'))
    })
  })
}

function tryDnsOverTcp(host: string): Promise<Came> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port: 53 })
    const end = (came: Came) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(came)
    }
    // Taken and not answered: as the proxy does, which hears no protocol that it knows.
    const timer = setTimeout(() => end('closed'), WAIT_MS)
    socket.on('connect', () => socket.write(Buffer.concat([Buffer.from([0, 17]), ROOT_SERVERS])))
    socket.on('data', () => end('open'))
    socket.on('error', () => end('closed'))
    socket.on('close', () => end('closed'))
  })
}

/** `. IN NS`, recursion desired: it says nothing of this host. */
const ROOT_SERVERS = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1])

/** A packet of a version that nobody speaks, which a server of QUIC answers with those it does (RFC 9000 section 6). */
function versionNegotiation(): Buffer {
  const packet = Buffer.alloc(1_200)
  packet.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 7, 6, 5, 4, 3, 2, 1])
  return packet
}
