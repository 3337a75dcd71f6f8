/**
 * What Linux knows of a socket and Node has no words for: where a connection was going before REDIRECT led it here, and that a listener may
 * take connections to addresses that are not ours (TPROXY). The C library is loaded only where there is such a listener. INVARIANT: what cannot be found out is null, never a guess.
 */

import type { Server, Socket } from 'node:net'
import { endianness } from 'node:os'
import { type IpAddress, parseIp, toIp, unmapIp } from '../../model/address.ts'

/** Where a connection was going. */
export interface Original {
  readonly mode: 'redirect' | 'tproxy'
  readonly address: IpAddress
  readonly port: number
}

export interface LinuxSockets {
  /** Lets it take connections that TPROXY hands to it. @returns why not; null when it may */
  allowForeign(server: Server): string | null
  /** Null when nobody can say, as when the client has gone. */
  originalOf(socket: Socket): Original | null
}

/** linux/in.h, linux/in6.h, linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h, asm-generic/errno.h: the same on all machines Node runs on. */
const SOL_IP = 0
const SOL_IPV6 = 41
const IP_TRANSPARENT = 19
const IPV6_TRANSPARENT = 75
const SO_ORIGINAL_DST = 80
const IP6T_SO_ORIGINAL_DST = 80
const AF_INET = 2
const AF_INET6 = 10
const EPERM = 1
const ENOENT = 2
const ENOPROTOOPT = 92
/** Bytes. */
const SOCKADDR_IN = 16
const SOCKADDR_IN6 = 28

/** @throws Error where there is no such system, or no such library */
export async function openLinuxSockets(): Promise<LinuxSockets> {
  if (process.platform !== 'linux') {
    throw new Error('connections can be taken over on their way on Linux only')
  }
  const { readSocketOption, switchOn } = await import('../../linux/libc.ts')

  /** @returns null where the connection was not redirected, as far as the kernel knows */
  const readRedirected = (fd: number, version: 4 | 6): Where | null | 'unknown' => {
    const [level, name] =
      version === 4 ? [SOL_IP, SO_ORIGINAL_DST] : [SOL_IPV6, IP6T_SO_ORIGINAL_DST]
    const read = readSocketOption(fd, level, name, SOCKADDR_IN6)
    if (typeof read !== 'number') return readSockaddr(read, version) ?? 'unknown'
    // The connection is not tracked, or nothing here tracks any: then nobody has changed where it goes.
    return read === ENOENT || read === ENOPROTOOPT ? null : 'unknown'
  }

  return {
    allowForeign(server) {
      const fd = descriptorOf(server)
      const address = server.address()
      if (fd === null || address === null || typeof address === 'string') {
        return 'its descriptor is not known'
      }
      const [level, name] =
        address.family === 'IPv6' ? [SOL_IPV6, IPV6_TRANSPARENT] : [SOL_IP, IP_TRANSPARENT]
      const errno = switchOn(fd, level, name)
      if (errno === 0) return null
      return errno === EPERM ? 'CAP_NET_RAW or CAP_NET_ADMIN is needed' : `errno ${errno}`
    },

    originalOf(socket) {
      const fd = descriptorOf(socket)
      const local = parseIp(socket.localAddress ?? '')
      const { localPort } = socket
      if (fd === null || !local || !localPort) return null
      // On a socket for both families IPv4 comes as ::ffff:a.b.c.d, and is asked about as what it is.
      const here = { address: unmapIp(local), port: localPort }
      const found = readRedirected(fd, here.address.version)
      if (found === 'unknown') return null
      const isSame = found?.address.text === here.address.text && found.port === here.port
      return found === null || isSame ? { mode: 'tproxy', ...here } : { mode: 'redirect', ...found }
    },
  }
}

type Where = Pick<Original, 'address' | 'port'>

/** Node keeps it where nothing promises that it stays: without it nothing is taken over. */
function descriptorOf(owner: Server | Socket): number | null {
  const fd: unknown = (owner as { _handle?: { fd?: unknown } | null })._handle?.fd
  return typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? fd : null
}

/** sockaddr_in or sockaddr_in6: family in the order of the machine, port and address in that of the network. */
function readSockaddr(value: Buffer, version: 4 | 6): Where | null {
  if (value.length < (version === 4 ? SOCKADDR_IN : SOCKADDR_IN6)) return null
  const family = endianness() === 'LE' ? value.readUInt16LE(0) : value.readUInt16BE(0)
  if (family !== (version === 4 ? AF_INET : AF_INET6)) return null
  const bytes = version === 4 ? value.subarray(4, 8) : value.subarray(8, 24)
  const port = value.readUInt16BE(2)
  return port === 0 ? null : { address: toIp(Uint8Array.from(bytes)), port }
}
