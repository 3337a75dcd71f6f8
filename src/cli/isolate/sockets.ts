/** The UNIX sockets that programs of this host listen on under a path: whoever can reach the path can talk to them, from any network namespace. */

import { readFileSync } from 'node:fs'

export function listeningSockets(): readonly string[] {
  return readSockets(readFileSync('/proc/net/unix', 'utf8'))
}

/** @param list as the kernel gives it: Num RefCount Protocol Flags Type St Inode Path */
export function readSockets(list: string): readonly string[] {
  const paths = new Set<string>()
  for (const line of list.split('\n').slice(1)) {
    // Abstract ones begin with `@`; they belong to a network namespace.
    const path = /^\S+: \S+ \S+ \S+ \S+ \S+ +\d+ (\/.*)$/.exec(line)?.[1]
    if (path) paths.add(path)
  }
  return [...paths]
}
