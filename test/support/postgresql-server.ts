/** A PostgreSQL server of its own in a temporary folder, as the machine has it installed. Everybody who reaches it is believed. */

import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { appendFile, chown } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from './folder.ts'
import type { Need } from './needs.ts'
import { eventually } from './wait.ts'

/** Of the newest version; Debian keeps them out of PATH. */
const BIN = globSync('/usr/lib/postgresql/*/bin').sort().at(-1) ?? '/usr/bin'

export const postgresql: Need = {
  says: 'PostgreSQL (the server)',
  present: () => existsSync(join(BIN, 'initdb')),
}

/** A program of PostgreSQL, such as `psql`. */
export function postgresqlProgram(name: string): string {
  return join(BIN, name)
}

export interface PostgresqlServer extends AsyncDisposable {
  /** The folder of its socket: what clients name as the host. */
  readonly socket: string
  readonly port: number
  readonly pid: number
}

/**
 * @param settings lines of postgresql.conf; it listens on its socket alone unless they say otherwise
 * @param prefix in front of its command, such as `ip netns exec`
 */
export async function openPostgresqlServer(
  settings: readonly string[] = [],
  port = 5432,
  prefix: readonly string[] = [],
): Promise<PostgresqlServer> {
  const folder = await temporaryFolder()
  const owner = ownerOf()
  if (owner) await chown(folder.path, owner.uid, owner.gid)
  const data = join(folder.path, 'data')
  const options = { ...owner, cwd: folder.path }
  const first = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']
  await promisify(execFile)(join(BIN, 'initdb'), [...first, '--no-sync'], options)
  const own = [
    `unix_socket_directories = '${folder.path}'`,
    "listen_addresses = ''",
    `port = ${port}`,
    'fsync = off',
    'shared_buffers = 16MB',
  ]
  await appendFile(join(data, 'postgresql.conf'), `${[...own, ...settings].join('\n')}\n`)
  // What comes in front may need more than its user may.
  const asOwner = owner
    ? ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups']
    : []
  const [program = '', ...args] = [...prefix, ...asOwner, join(BIN, 'postgres'), '-D', data]
  const server = spawn(program, args, { cwd: folder.path, stdio: 'ignore' })
  const gone = once(server, 'exit')
  const isReady = () => {
    if (server.exitCode !== null) throw new Error('the server has ended')
    const asking = ['-q', '-h', folder.path, '-p', `${port}`]
    return spawnSync(join(BIN, 'pg_isready'), asking).status === 0
  }
  await eventually('the server', isReady)
  return {
    socket: folder.path,
    port,
    pid: server.pid ?? 0,
    async [Symbol.asyncDispose]() {
      // Sessions are ended.
      server.kill('SIGINT')
      await gone
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** The server does not run as root. */
function ownerOf(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
  )
  return { uid: uid ?? 0, gid: gid ?? 0 }
}
