/**
 * From a host that is to be forced: whether anything gets out past the proxy. A connection that comes out at the proxy is told from one that gets through by
 * the certificate: only the proxy has one of our CA for an address of somebody else's.
 */

import { createSocket } from 'node:dgram'
import { getServers } from 'node:dns'
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
  { name: 'HTTP', try: (target) => tryHttp(target) },
  { name: 'HTTPS', try: (target, ca) => tryTls(target, 443, ca) },
  { name: 'DoT', try: (target, ca) => tryTls(target, 853, ca) },
  { name: 'QUIC', try: (target) => tryDatagram(target, 443, versionNegotiation()) },
  { name: 'DNS', try: (target) => tryDatagram(target, 53, ROOT_SERVERS, isOurDns) },
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

/** A request that Cordon refuses whatever the policy, for nobody could say what it is for; who else answers it got it. */
function tryHttp(host: string): Promise<Came> {
  const request = 'GET / HTTP/1.1\r\nHost: a.invalid\r\nHost: b.invalid\r\n\r\n'
  const judge = (said: Buffer) => {
    const head = said.toString('latin1')
    if (!head.includes('\r\n\r\n')) return null
    return /\r\nproxy-status: cordon;/i.test(head) ? 'led' : 'open'
  }
  return tryStream(host, 80, Buffer.from(request), judge)
}

/** @param isOurs whether the proxy has answered */
function tryDatagram(
  host: string,
  port: number,
  bytes: Buffer,
  isOurs: (answer: Buffer) => boolean = () => false,
): Promise<Came> {
  return new Promise((resolve) => {
    const socket = createSocket(net.isIPv6(host) ? 'udp6' : 'udp4')
    const end = (came: Came) => {
      clearTimeout(timer)
      socket.close()
      resolve(came)
    }
    const timer = setTimeout(() => end('closed'), WAIT_MS)
    socket.on('message', (answer) => end(isOurs(answer) ? 'led' : 'open'))
    socket.on('error', () => end('closed'))
    socket.connect(port, host, (error?: Error) => {
      if (error) end('closed')
      else socket.send(bytes, (failed) => failed && end('closed'))
    })
  })
}

function tryDnsOverTcp(host: string): Promise<Came> {
  const question = Buffer.concat([Buffer.from([0, ROOT_SERVERS.length]), ROOT_SERVERS])
  return tryStream(host, 53, question, (said) => (isOurDns(said) ? 'led' : 'open'))
}

/** @param judge what was said, null while that cannot be told. Taken and not answered is what the proxy does with what it does not know */
function tryStream(
  host: string,
  port: number,
  bytes: Buffer,
  judge: (said: Buffer) => Came | null,
): Promise<Came> {
  return new Promise((resolve) => {
    let said = Buffer.alloc(0)
    const socket = net.connect({ host, port })
    const end = (came: Came) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(came)
    }
    const timer = setTimeout(() => end(said.length > 0 ? 'open' : 'closed'), WAIT_MS)
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (piece: Buffer) => {
      said = Buffer.concat([said, piece])
      const came = judge(said)
      if (came) end(came)
      else if (said.length > MOST) end('open')
    })
    socket.on('error', () => end('closed'))
    socket.on('close', () => end(said.length > 0 ? 'open' : 'closed'))
  })
}

const MOST = 65_536

/**
 * The name servers that this host asks: whatever else is closed, data leaves in names by those that answer anything.
 *
 * @param servers default: those of the system
 */
export async function lookAtNameServers(
  servers: readonly string[] = getServers(),
): Promise<readonly Finding[]> {
  return await Promise.all(
    servers.slice(0, MAX_SERVERS).map(async (server) => {
      const check = 'resolver'
      const { host, port } = toServer(server)
      switch (await tryDatagram(host, port, ROOT_SERVERS, isOurDns)) {
        case 'led':
          return ok(check, `${server} is answered by the proxy`)
        case 'closed':
          return ok(check, `${server} does not answer`)
        default:
          return warn(
            check,
            `${server} answers all that it is asked: data can leave in names`,
            NAMES,
          )
      }
    }),
  )
}

const MAX_SERVERS = 8
const NAMES =
  'let the proxy answer: `listen: { dns: … }`, to which `cordon firewall` leads questions'

/** As Node writes them: with the port only where that is another than 53. */
function toServer(text: string): { readonly host: string; readonly port: number } {
  const [, six, four, port = '53'] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? []
  return { host: six ?? four ?? text, port: Number(port) }
}

/** `. IN NS`, recursion desired: it says nothing of this host. With EDNS, so that who refuses can say why. */
const ROOT_SERVERS = Buffer.from('000701000001000000000001000002000100002904d0000000000000', 'hex')

/** The proxy refuses it, and says so in these words (RFC 8914). */
function isOurDns(answer: Buffer): boolean {
  return answer.includes('only addresses are answered here')
}

/** A packet of a version that nobody speaks, which a server of QUIC answers with those it does (RFC 9000 section 6). */
function versionNegotiation(): Buffer {
  const packet = Buffer.alloc(1_200)
  packet.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 7, 6, 5, 4, 3, 2, 1])
  return packet
}
