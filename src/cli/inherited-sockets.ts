/**
 * Sockets that a service manager has opened for us and holds while we start anew (sd_listen_fds(3)): by name, `proxy` and `transparent`; one without a
 * name is the proxy's.
 */

/** The first descriptor that is passed on. */
const FIRST = 3
const MAX = 16

/** @returns the descriptor; null where there is none by that name */
export function inheritedSocket(
  name: 'proxy' | 'transparent',
  { env, pid, ppid }: Pick<NodeJS.Process, 'env' | 'pid' | 'ppid'> = process,
): number | null {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = '' } = env
  const count = Number(LISTEN_FDS ?? 0)
  // Processes that serve listen on what the one has that has started them.
  const isOurs = Number(LISTEN_PID) === pid || Number(LISTEN_PID) === ppid
  if (!isOurs || !Number.isInteger(count) || count < 1 || count > MAX) return null
  const names = LISTEN_FDNAMES === '' ? [] : LISTEN_FDNAMES.split(':')
  const isUnnamed = (each: string | undefined) =>
    each === undefined || /^unknown$|\.socket$/.test(each)
  for (let i = 0; i < count; i++) {
    if (names[i] === name) return FIRST + i
    if (name === 'proxy' && count === 1 && isUnnamed(names[i])) return FIRST
  }
  return null
}
