/** Messages to the service manager that has started this process (sd_notify(3)): datagrams to a UNIX socket, for which Node has no door. */

import koffi from 'koffi'

const libc = koffi.load(null)
const socket = libc.func('int socket(int domain, int type, int protocol)')
const sendto = libc.func(
  'long sendto(int fd, const uint8_t *bytes, unsigned long length, int flags, const uint8_t *to, uint32_t size)',
)
const close = libc.func('int close(int fd)')

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_NOSIGNAL = 0x4000
/** sizeof(sun_path) of unix(7). */
const MAX_PATH = 108

/**
 * @param path a path, or the name of an abstract socket behind `@`: what NOTIFY_SOCKET says
 * @returns whether it was taken
 */
export function notifyAt(path: string, message: string): boolean {
  const name = Buffer.from(path)
  if (name.length === 0 || name.length >= MAX_PATH || !/^[@/]/.test(path)) return false
  if (path.startsWith('@')) name[0] = 0
  const address = Buffer.alloc(2 + name.length)
  address.writeUInt16LE(AF_UNIX)
  name.copy(address, 2)
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number
  if (fd < 0) return false
  try {
    const bytes = Buffer.from(message)
    return sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length) === bytes.length
  } finally {
    close(fd)
  }
}
