/**
 * A filter of system calls for what namespaces do not hold back. Of sockets it leaves UNIX, IPv4, IPv6 and Netlink: others, such as those towards the
 * host of a virtual machine (vsock(7)), lead out of any network namespace. What makes sockets without the call that is filtered is not there at
 * all: io_uring, and the system calls of another architecture. And nobody types for the person at the terminal: the shell there is outside.
 */

import { arch } from 'node:process'

interface Architecture {
  /** AUDIT_ARCH_… of linux/audit.h. */
  readonly audit: number
  readonly socket: number
  readonly ioctl: number
}

/** Numbers from the kernel's own tables. */
const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, Architecture>>> = {
  x64: { audit: 0xc000003e, socket: 41, ioctl: 16 },
  arm64: { audit: 0xc00000b7, socket: 198, ioctl: 29 },
}
/** The same number everywhere. */
const IO_URING_SETUP = 425
/** Calls of x32 are calls of x64 with this bit. */
const X32_BIT = 0x40000000

/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. */
const FAMILIES = [1, 2, 10, 16]

/** Requests of ioctl_tty(2) that put input into a terminal, or paste there: TIOCSTI, TIOCLINUX. */
const TYPING = [0x5412, 0x541c]

/** Offsets in struct seccomp_data: number, architecture, low halves of arguments on little-endian machines. */
const NUMBER = 0
const ARCHITECTURE = 4
const FIRST_ARGUMENT = 16
const SECOND_ARGUMENT = 24

const ALLOW = 0x7fff0000
const ERRNO = 0x00050000
const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97

/** BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_RET|BPF_K. */
const LOAD = 0x20
const EQUAL = 0x15
const AT_LEAST = 0x35
const RETURN = 0x06

/** @returns the program; null for an architecture whose numbers are not known here */
export function toIsolationFilter(): Buffer | null {
  const machine = ARCHITECTURES[arch]
  if (!machine) return null
  const noSuchCall = ERRNO | ENOSYS
  const lines: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [EQUAL, 1, 0, machine.audit],
    [RETURN, 0, 0, noSuchCall],
    [LOAD, 0, 0, NUMBER],
    [AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, noSuchCall],
    [EQUAL, 0, 1, IO_URING_SETUP],
    [RETURN, 0, 0, noSuchCall],
    ...onlyWith(machine.socket, FIRST_ARGUMENT, FAMILIES, [ALLOW, ERRNO | EAFNOSUPPORT]),
    ...onlyWith(machine.ioctl, SECOND_ARGUMENT, TYPING, [ERRNO | EPERM, ALLOW]),
    [RETURN, 0, 0, ALLOW],
  ]
  const program = Buffer.alloc(lines.length * 8)
  for (const [i, [code, whenTrue, whenFalse, value]] of lines.entries()) {
    program.writeUInt16LE(code, i * 8)
    program[i * 8 + 2] = whenTrue
    program[i * 8 + 3] = whenFalse
    program.writeUInt32LE(value >>> 0, i * 8 + 4)
  }
  return program
}

/** For one system call, whose number is loaded: what becomes of it when the argument is one of the values, and when not. */
function onlyWith(
  call: number,
  argument: number,
  values: readonly number[],
  [one, none]: readonly [number, number],
): Instruction[] {
  const count = values.length
  return [
    // Any other call goes on behind this.
    [EQUAL, 0, count + 3, call],
    [LOAD, 0, 0, argument],
    ...values.map((value, i): Instruction => [EQUAL, count - i, 0, value]),
    [RETURN, 0, 0, none],
    [RETURN, 0, 0, one],
  ]
}

/** Code, how many to skip when true and when false, and a value. */
type Instruction = readonly [number, number, number, number]
