/** The UNIX sockets that programs of this host listen on under a path: whoever can reach the path can talk to them, from any network namespace. */

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'

interface NamedSocket {
  /** As it was bound: relative to what was the folder of its process then. */
  readonly path: string
  readonly inode: string
}

export function listeningSockets(): readonly string[] {
  const sockets = readSockets(readFileSync('/proc/net/unix', 'utf8'))
  const paths = sockets.map(({ path }) => path).filter((path) => isAbsolute(path))
  const relative = sockets.filter(({ path }) => !isAbsolute(path))
  return [...new Set([...paths, ...(relative.length > 0 ? findRelative(relative) : [])])]
}

/** @param list as the kernel gives it: Num RefCount Protocol Flags Type St Inode Path */
export function readSockets(list: string): readonly NamedSocket[] {
  return list.split('\n').flatMap((line) => {
    // Abstract ones begin with `@`; they belong to a network namespace.
    const [, inode, path] = /^\S+: \S+ \S+ \S+ \S+ \S+ +(\d+) ([^@].*)$/.exec(line) ?? []
    return inode === undefined || path === undefined ? [] : [{ path, inode }]
  })
}

/** In the folders of processes that have them open, as far as these are ours to look at: those of others are seldom ours to talk to. */
function findRelative(sockets: readonly NamedSocket[]): readonly string[] {
  const byInode = new Map(sockets.map((each) => [`socket:[${each.inode}]`, each.path]))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const held = listOf(`/proc/${pid}/fd`).flatMap((fd) => {
        const path = byInode.get(linkAt(`/proc/${pid}/fd/${fd}`))
        return path === undefined ? [] : [path]
      })
      if (held.length === 0) return []
      const folder = linkAt(`/proc/${pid}/cwd`)
      return held.map((path) => resolve(folder || '/', path)).filter(isSocket)
    })
}

function listOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket()
  } catch {
    return false
  }
}
