/**
 * Starting and ending the benchmark's own processes. Each gets a process group of its own, and only
 * those groups are ever signalled; whatever ends the benchmark ends them too.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RUN } from './setup.ts'

export interface Running {
  /** Root of the process tree, and its process group. */
  readonly pid: number
  readonly exited: boolean
  stop(): Promise<void>
}

const groups = new Set<number>()
process.on('exit', () => {
  for (const group of groups) signal(group, 'SIGKILL')
})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.exit(1))

const START_MS = 30_000
const STOP_MS = 2_000
const CLIENT_MS = 600_000

/**
 * Starts a server on one CPU, in bench/run, and waits until its port answers. Its output goes to
 * `bench/run/NAME.log`.
 *
 * @throws when the port is taken already, or the process ends or does not listen within 30 s.
 */
export async function startServer(
  name: string,
  argv: readonly string[],
  port: number,
  cpu: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  if (await isListening(port)) throw new Error(`port ${port} of ${name} is taken already`)
  const log = join(RUN, `${name}.log`)
  const running = startProcess(argv, cpu, env, log)
  for (const deadline = Date.now() + START_MS; Date.now() < deadline && !running.exited; ) {
    if (await isListening(port)) return running
    await sleep(50)
  }
  const what = running.exited ? 'ended' : `did not listen on port ${port}`
  await running.stop()
  throw new Error(`${name} ${what}: see bench/run/${name}.log`)
}

function startProcess(
  argv: readonly string[],
  cpu: number,
  env: Readonly<Record<string, string>>,
  log: string,
): Running {
  const output = openSync(log, 'w')
  const child = spawn('taskset', ['-c', String(cpu), ...argv], {
    cwd: RUN,
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env },
  })
  closeSync(output)
  const pid = child.pid
  child.on('error', () => {})
  if (pid === undefined) throw new Error('cannot start taskset')
  groups.add(pid)
  let exited = false
  child.on('exit', () => {
    exited = true
    // Helpers may outlive the process that started them.
    signal(pid, 'SIGKILL')
    groups.delete(pid)
  })
  return {
    pid,
    get exited() {
      return exited
    },
    async stop() {
      if (exited) return
      const gone = once(child, 'exit')
      signal(pid, 'SIGTERM')
      const patience = setTimeout(() => signal(pid, 'SIGKILL'), STOP_MS)
      await gone
      clearTimeout(patience)
    },
  }
}

export interface Client {
  /** Resolves when the client has printed this line, or has ended. */
  printed(line: string): Promise<void>
  /** Everything it printed, once it has ended. */
  readonly output: Promise<string>
}

/**
 * Starts a program on the CPU the benchmark itself runs on. Its stderr is shown. It is killed after
 * ten minutes.
 */
export function startClient(argv: readonly string[]): Client {
  const [program = '', ...rest] = argv
  const child = spawn(program, rest, {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: CLIENT_MS,
    killSignal: 'SIGKILL',
  })
  const { pid } = child
  if (pid !== undefined) groups.add(pid)
  let text = ''
  const { promise: output, resolve } = Promise.withResolvers<string>()
  const end = () => {
    if (pid !== undefined) groups.delete(pid)
    resolve(text)
  }
  child.on('close', end)
  child.on('error', end)
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  return {
    output,
    async printed(line) {
      let ended = false
      output.then(() => {
        ended = true
      })
      while (!ended && !text.includes(`${line}\n`)) {
        await Promise.race([once(child.stdout, 'data'), output])
      }
    },
  }
}

/** Whether something accepts connections on the port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name)
  } catch {
    // Nobody is left in the group.
  }
}
