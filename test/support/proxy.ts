/** A real proxy process on a configuration of the test's own, and its audit database as an outsider reads it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'
import { eventually } from './wait.ts'

export const PROJECT = resolve(import.meta.dirname, '../..')

/** Node as `src/cordon.js` asks for it: this one, with the flags of its first line. */
export const NODE: readonly [string, ...string[]] = [process.execPath, ...flagsOf('src/cordon.js')]

function flagsOf(script: string): string[] {
  const [first = ''] = readFileSync(join(PROJECT, script), 'utf8').split('\n')
  return first.split(' ').filter((word) => word.startsWith('--'))
}

/** A row of the `flows` view. */
export interface Flow extends Record<string, unknown> {
  readonly id: number
  readonly method: string | null
  readonly host: string | null
  readonly port: number | null
  readonly path: string | null
  readonly regions: string
  readonly placement: string
  readonly evidence: string
  readonly action: string
  readonly outcome: string
  readonly rule: string | null
  readonly status: number | null
  readonly error: string | null
  readonly agent: string
  readonly dialed_ip: string | null
  readonly bytes_out: number
  readonly bytes_in: number
}

export interface TestProxy extends AsyncDisposable {
  readonly process: ChildProcess
  readonly port: number
  /** What `start --json` has said. */
  readonly bound: Readonly<Record<string, unknown>>
  readonly consolePort: number
  readonly url: string
  readonly dir: string
  readonly ca: string
  /** System roots and our CA. */
  readonly bundle: string
  readonly database: string
  /** Of the reviewer `admin`; null but at the first start in a folder. */
  readonly adminToken: string | null
  /** Everything said on stderr so far. */
  readonly said: () => string
  /** All flows, oldest first. */
  flows(): Flow[]
  /** The newest flow, once there are `count` of them and none is open. */
  settled(count: number): Promise<Flow>
  query<T>(sql: string, ...values: unknown[]): T[]
  /** The exit code, once it has ended by itself. */
  readonly ended: Promise<number | null>
  /** Ends the process. @returns its exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface ProxyOptions {
  /** Written as files into the directory first; `cordon.yaml` is the configuration. */
  readonly files: Readonly<Record<string, string | Buffer>>
  readonly dir: string
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** A program to start Node with, such as `ip netns exec`. */
  readonly prefix?: readonly string[]
  /** Processes that serve; default: the whole suite can be run with CORDON_TEST_WORKERS=2, else it is one. */
  readonly workers?: number
}

export async function startProxy(options: ProxyOptions): Promise<TestProxy> {
  const { dir, files } = options
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  const main = join(PROJECT, 'src/main.ts')
  const command = [
    ...(options.prefix ?? []),
    ...NODE,
    main,
    'start',
    '--json',
    '--workers',
    String(options.workers ?? process.env.CORDON_TEST_WORKERS ?? 1),
    ...(options.args ?? []),
  ]
  const child = spawn(command[0] ?? '', command.slice(1), {
    cwd: dir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const exited = once(child, 'exit')
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(([code]) => {
      throw new Error(`the proxy ended with ${code}: ${said}`)
    }),
  ])) as string[]
  const bound = JSON.parse(line ?? '') as {
    proxy: string
    console: string
    ca: string
    data: string
    admin_token?: string
  }
  const port = Number(bound.proxy.split(':').at(-1))
  const database = join(bound.data, 'audit.db')
  const query = <T>(sql: string, ...values: unknown[]) => {
    const db = new Database(database, { readonly: true })
    try {
      return db.prepare(sql).all(...values) as T[]
    } finally {
      db.close()
    }
  }
  const flows = () => query<Flow>('SELECT * FROM flows ORDER BY id')
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const [code] = await exited
    return code as number | null
  }
  return {
    process: child,
    bound,
    port,
    consolePort: Number(bound.console?.split(':').at(-1)),
    url: `http://127.0.0.1:${port}`,
    dir,
    ca: bound.ca,
    bundle: join(dirname(bound.ca), 'bundle.pem'),
    database,
    adminToken: bound.admin_token ?? null,
    said: () => said,
    flows,
    settled: (count) =>
      eventually(`${count} settled flows in ${database}`, () => {
        const all = flows()
        const done = all.length >= count && all.every(({ outcome }) => outcome !== 'open')
        return done ? (all.at(-1) as Flow) : null
      }),
    query,
    ended: exited.then(([code]) => code as number | null),
    stop,
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL')
    },
  }
}
