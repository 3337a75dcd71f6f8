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

/** Each gives the user id; null where nobody can say. */
export interface SocketOwners {
  /** Of a TCP connection, by both of its ends: whose the near one is. */
  ofConnection(near: SocketEnd, far: SocketEnd): number | null
  /** Of a datagram, by where it came from. Where several users share that port it is nobody's. */
  ofSender(near: SocketEnd): number | null
}

/** linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, net/tcp_states.h. */
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const NLM_F_REQUEST = 1
const NLM_F_DUMP = 0x300
const NLMSG_DONE = 3
const IPPROTO_TCP = 6
const IPPROTO_UDP = 17
const MSG_DONTWAIT = 0x40
/** ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT: its process has it still, or has just said goodbye. */
const STATES = new Set([1, 4, 5, 8])

const NLMSG_HEADER = 16
const REQUEST = NLMSG_HEADER + 56
/** nlmsghdr and inet_diag_msg; attributes may follow. */
const ANSWER = NLMSG_HEADER + 72
/** Answers to questions that nobody waited for. */
const MAX_STALE = 4
/** Pieces of a list that are read: some hundred sockets with the same port. */
const MAX_PIECES = 8
/** The kernel's word for a user that has no number here (`kernel.overflowuid`). */
const NOBODY = 65_534

/** @throws Error where the kernel cannot be asked */
export function openSocketOwners(): SocketOwners {
  if (process.platform !== 'linux' || endianness() !== 'LE') {
    throw new Error('the owners of sockets are known on Linux only, on machines of little-endian')
  }
  const fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG) as number
  if (fd < 0) throw new Error(`the kernel cannot be asked about sockets: error ${koffi.errno()}`)
  const answer = Buffer.alloc(16_384)
  let sequence = 0
  const ask = (request: Buffer): boolean => {
    sequence = (sequence + 1) % 0x1_0000_0000
    request.writeUInt32LE(sequence, 8)
    return send(fd, request, request.length, MSG_DONTWAIT) === request.length
  }
  /** What the kernel has said by now to what was asked last. */
  const hear = (): Buffer | null => {
    for (let i = 0; i <= MAX_STALE; i++) {
      const length = recv(fd, answer, answer.length, MSG_DONTWAIT) as number
      if (length < NLMSG_HEADER) return null
      if (answer.readUInt32LE(8) === sequence) return answer.subarray(0, length)
    }
    return null
  }
  return {
    ofConnection(near, far) {
      if (near.address.version !== far.address.version) return null
      const request = toRequest(near, far)
      const heard = ask(request) ? hear() : null
      return heard && readOwner(heard, request)
    },
    ofSender(near) {
      const users = new Set<number>()
      for (const family of near.address.version === 4 ? [AF_INET, AF_INET6] : [AF_INET6]) {
        if (!ask(toListRequest(family, near.port))) return null
        let isDone = false
        for (let i = 0; i < MAX_PIECES && !isDone; i++) {
          const heard = hear()
          if (!heard) return null
          isDone = readSenders(heard, near, users)
        }
        if (!isDone) return null
      }
      const [only = null] = users
      return users.size === 1 ? only : null
    },
  }
}

/** All sockets of UDP with that port. */
function toListRequest(family: number, port: number): Buffer {
  const request = toHeader(NLM_F_REQUEST | NLM_F_DUMP, family, IPPROTO_UDP)
  request.writeUInt16BE(port, 24)
  return request
}

/** @returns whether that was all */
function readSenders(heard: Buffer, near: SocketEnd, users: Set<number>): boolean {
  for (let at = 0; at + NLMSG_HEADER <= heard.length; ) {
    const length = heard.readUInt32LE(at)
    const type = heard.readUInt16LE(at + 4)
    // Done, or an error: what was heard so far is not all then.
    if (type !== SOCK_DIAG_BY_FAMILY) {
      if (type !== NLMSG_DONE) users.clear()
      return true
    }
    if (length < ANSWER || at + length > heard.length) return false
    const message = heard.subarray(at, at + length)
    const from = plain(message, message[16], 24)
    const isAny = from.every((byte) => byte === 0)
    const uid = message.readUInt32LE(80)
    const isOpen = message.readUInt32LE(84) !== 0
    if (isOpen && (isAny || from.equals(near.address.bytes))) users.add(uid)
    at += (length + 3) & ~3
  }
  return false
}

/** nlmsghdr and inet_diag_req_v2: for one socket, whichever cookie it has. */
function toRequest(near: SocketEnd, far: SocketEnd): Buffer {
  const family = near.address.version === 4 ? AF_INET : AF_INET6
  const request = toHeader(NLM_F_REQUEST, family, IPPROTO_TCP)
  request.writeUInt16BE(near.port, 24)
  request.writeUInt16BE(far.port, 26)
  request.set(near.address.bytes, 28)
  request.set(far.address.bytes, 44)
  request.fill(0xff, 64, 72)
  return request
}

function toHeader(flags: number, family: number, protocol: number): Buffer {
  const request = Buffer.alloc(REQUEST)
  request.writeUInt32LE(REQUEST, 0)
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
  request.writeUInt16LE(flags, 6)
  request[16] = family
  request[17] = protocol
  // In whatever state.
  request.writeUInt32LE(0xffffffff, 20)
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
