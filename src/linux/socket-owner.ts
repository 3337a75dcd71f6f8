/**
 * Who has made a connection on this host: the user whose process opened the socket at its other end, as the kernel says it (sock_diag(7)). One question and
 * its answer are two system calls, which never wait. INVARIANT: of what is not exactly that socket, open and in use, nothing is said: one that was left
 * belongs to root by the kernel's account, and one that listens has only the same address.
 */

import { endianness } from 'node:os'
import koffi from 'koffi'

const libc = koffi.load(null)
const socket = libc.func('int socket(int domain, int type, int protocol)')
const send = libc.func('long send(int fd, const uint8_t *bytes, unsigned long length, int flags)')
const recv = libc.func('long recv(int fd, _Out_ uint8_t *bytes, unsigned long length, int flags)')

/** One end of a connection: an address of 4 or 16 bytes, and a port. */
export interface SocketEnd {
  readonly address: { readonly version: 4 | 6; readonly bytes: Uint8Array }
  readonly port: number
}

/** @returns the user id; null where nobody can say */
export type SocketOwner = (near: SocketEnd, far: SocketEnd) => number | null

/** linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, net/tcp_states.h. */
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const NLM_F_REQUEST = 1
const IPPROTO_TCP = 6
const MSG_DONTWAIT = 0x40
/** ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT: its process has it still, or has just said goodbye. */
const STATES = new Set([1, 4, 5, 8])

const NLMSG_HEADER = 16
const REQUEST = NLMSG_HEADER + 56
/** nlmsghdr and inet_diag_msg; attributes may follow. */
const ANSWER = NLMSG_HEADER + 72
/** Answers to questions that nobody waited for. */
const MAX_STALE = 4
/** The kernel's word for a user that has no number here (`kernel.overflowuid`). */
const NOBODY = 65_534

/** @throws Error where the kernel cannot be asked */
export function openSocketOwners(): SocketOwner {
  if (process.platform !== 'linux' || endianness() !== 'LE') {
    throw new Error('the owners of sockets are known on Linux only, on machines of little-endian')
  }
  const fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG) as number
  if (fd < 0) throw new Error(`the kernel cannot be asked about sockets: error ${koffi.errno()}`)
  const answer = Buffer.alloc(8_192)
  let sequence = 0
  return (near, far) => {
    if (near.address.version !== far.address.version) return null
    sequence = (sequence + 1) % 0x1_0000_0000
    const request = toRequest(sequence, near, far)
    if (send(fd, request, request.length, MSG_DONTWAIT) !== request.length) return null
    // The kernel has answered by now.
    for (let i = 0; i <= MAX_STALE; i++) {
      const length = recv(fd, answer, answer.length, MSG_DONTWAIT) as number
      if (length < NLMSG_HEADER) return null
      if (answer.readUInt32LE(8) !== sequence) continue
      return readOwner(answer.subarray(0, length), request)
    }
    return null
  }
}

/** nlmsghdr and inet_diag_req_v2: for one socket, whichever cookie it has. */
function toRequest(sequence: number, near: SocketEnd, far: SocketEnd): Buffer {
  const request = Buffer.alloc(REQUEST)
  request.writeUInt32LE(REQUEST, 0)
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
  request.writeUInt16LE(NLM_F_REQUEST, 6)
  request.writeUInt32LE(sequence, 8)
  request[16] = near.address.version === 4 ? AF_INET : AF_INET6
  request[17] = IPPROTO_TCP
  request.writeUInt32LE(0xffffffff, 20)
  request.writeUInt16BE(near.port, 24)
  request.writeUInt16BE(far.port, 26)
  request.set(near.address.bytes, 28)
  request.set(far.address.bytes, 44)
  request.fill(0xff, 64, 72)
  return request
}

function readOwner(answer: Buffer, request: Buffer): number | null {
  if (answer.length < ANSWER || answer.readUInt16LE(4) !== SOCK_DIAG_BY_FAMILY) return null
  const [family, state] = [answer[16], answer[17] ?? 0]
  const isSame =
    answer.subarray(20, 24).equals(request.subarray(24, 28)) &&
    plain(answer, family, 24).equals(plain(request, request[16], 28)) &&
    plain(answer, family, 40).equals(plain(request, request[16], 44))
  const [uid, inode] = [answer.readUInt32LE(80), answer.readUInt32LE(84)]
  return isSame && STATES.has(state) && inode !== 0 && uid !== NOBODY ? uid : null
}

/** An address as it is: a socket of IPv6 that talks to IPv4 has its addresses mapped (RFC 4291 section 2.5.5.2). */
function plain(message: Buffer, family: number | undefined, start: number): Buffer {
  const bytes = message.subarray(start, start + 16)
  if (family === AF_INET) return bytes.subarray(0, 4)
  return bytes.subarray(0, 12).equals(MAPPED) ? bytes.subarray(12) : bytes
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex')
