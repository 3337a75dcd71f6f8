/**
 * The file system as the isolated program sees it: the host's, but for what leads past the proxy. Sockets in the file system are no matter of
 * network namespaces: `/run`, where services and desktops have theirs, is empty, and those elsewhere are hidden. Names are resolved by nobody.
 */

import {
  existsSync,
  mkdirSync,
  realpathSync,
  rmdirSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Plan } from './plan.ts'
import { runProgram } from './run-program.ts'
import { sealDevices, sealKernel } from './seal.ts'

/** Where some distributions keep programs themselves. */
const KEPT = ['/run/current-system', '/run/booted-system', '/run/wrappers', '/run/opengl-driver']
/** Programs write to these. */
const MADE = ['/run/lock', '/run/shm']
/** In the empty `/run`. */
const STAGING = '/run/host-dev'
/** Nobody answers there, at once. */
const RESOLV_CONF = 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n'

/** @throws Error with what failed: nothing may be run then */
export function mountAll({ binds, hidden, uid }: Pick<Plan, 'binds' | 'hidden' | 'uid'>): void {
  // Nothing of this is to be seen outside.
  runProgram('mount', '--make-rprivate', '/')
  const kept = KEPT.filter((path) => existsSync(path)).map((path) => [realpathSync(path), path])
  const resolvConf = whereIs('/etc/resolv.conf')
  for (const { from, over } of binds) runProgram('mount', '--bind', from, over)
  for (const path of hidden) hide(path)
  runProgram('mount', '-t', 'tmpfs', '-o', 'mode=755,nosuid,nodev', 'tmpfs', '/run')
  for (const path of [...MADE, `/run/user/${uid}`]) mkdirSync(path, { recursive: true })
  for (const [from = '', path = ''] of kept) {
    mkdirSync(path, { recursive: true })
    runProgram('mount', '--rbind', from, path)
  }
  if (uid === 0) {
    sealKernel()
    mkdirSync(STAGING, { mode: 0o700 })
    sealDevices(STAGING)
    rmdirSync(STAGING)
  }
  if (!resolvConf) return
  const file = resolvConf.startsWith('/run/') ? resolvConf : '/run/resolv.conf'
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, RESOLV_CONF)
  if (file !== resolvConf) runProgram('mount', '--bind', file, resolvConf)
}

/** Behind the links; null for nowhere. */
function whereIs(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

function look(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}

function hide(path: string): void {
  const stats = look(path)
  // Gone since it was listed, or out of reach for us and so for the program.
  if (!stats) return
  if (stats.isDirectory()) runProgram('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', path)
  else runProgram('mount', '--bind', '/dev/null', path)
}
