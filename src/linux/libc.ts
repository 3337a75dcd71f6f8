/** The few calls of the C library that Node has no door to. Only what is used on Linux loads this file. */

import koffi from 'koffi'

const libc = koffi.load(null)

const prctl = libc.func(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
)
const prctlPointer = libc.func(
  'int prctl(int option, unsigned long a, void *b, unsigned long c, unsigned long d)',
)

const getsockopt = libc.func(
  'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
)
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const int *value, uint32_t length)',
)

const PR_SET_NO_NEW_PRIVS = 38
const PR_SET_SECCOMP = 22
const SECCOMP_MODE_FILTER = 2

/**
 * Puts a filter on the system calls of this thread, and of every process it starts from now on; nothing takes it off again.
 *
 * @param program instructions of classic BPF, eight bytes each (seccomp(2))
 * @throws when the kernel does not take it
 */
export function filterSystemCalls(program: Buffer): void {
  // struct sock_fprog: a count of two bytes, six to align, and a pointer.
  const header = Buffer.alloc(16)
  header.writeUInt16LE(program.length / 8)
  header.writeBigUInt64LE(koffi.address(program) as bigint, 8)
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw failed('PR_SET_NO_NEW_PRIVS')
  if (prctlPointer(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) !== 0) {
    throw failed('PR_SET_SECCOMP')
  }
}

function failed(call: string): Error {
  return new Error(`${call}: error ${koffi.errno()}`)
}

/** What the kernel says of an option of a socket: as many bytes as it has, or the number of the error. */
export function readSocketOption(
  fd: number,
  level: number,
  name: number,
  size: number,
): Buffer | number {
  const value = Buffer.alloc(size)
  const length = [size]
  if (getsockopt(fd, level, name, value, length) !== 0) return koffi.errno()
  return value.subarray(0, length[0])
}

/** Switches an option of a socket on. @returns the number of the error, 0 for none */
export function switchOn(fd: number, level: number, name: number): number {
  return setsockopt(fd, level, name, [1], 4) === 0 ? 0 : koffi.errno()
}
