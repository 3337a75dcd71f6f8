/** `cordon run`: a program behind the proxy, otherwise as if it were run directly: its streams, signals and exit code are its own. */

import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Operation } from '../../config/operation.ts'
import { issueAgentToken } from '../agent-token.ts'
import { type Ended, runIsolated } from '../isolate/isolate.ts'
import { listeningSockets } from '../isolate/sockets.ts'
import { trustBinds } from '../isolate/trust.ts'
import { CommandError, EXIT } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'
import { whereIs } from '../where-is.ts'
import { toEnvironment } from './env.ts'

interface RunOptions extends ConfigOptions {
  readonly agent?: string
  readonly isolate?: true
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
const CONNECT_MS = 2_000
/** A token for `run` lasts as long as a working day; longer runs get their own from `cordon agents token`. */
const TOKEN_TTL_MS = 12 * 3_600_000

export function addRun(program: Command): void {
  withConfig(program.command('run'))
    .description('run a program behind the proxy')
    .argument('<command...>', 'the program and its arguments, after --')
    .option('--agent <name>', 'run it as this agent, with a token of its own')
    .option('--isolate', 'leave it no other way out than the proxy (Linux)')
    .addHelpText(
      'after',
      '\nExample:\n  cordon run --agent crawler -- python3 agent.py\n  cordon run --isolate -- claude',
    )
    .action(async ([command = '', ...args]: string[], options: RunOptions) => {
      const { operation } = load(options)
      const token = options.agent
        ? await issueAgentToken(operation, { name: options.agent, groups: [], ttl: TOKEN_TTL_MS })
        : null
      const environment = toEnvironment(operation, token)
      const proxy = new URL(environment.HTTP_PROXY ?? '')
      await checkReachable(proxy)
      // Whoever decides may start the agent from the shell they decide in: its calls are not its own to approve.
      const { CORDON_TOKEN: _, ...inherited } = process.env
      const { code, signal } = options.isolate
        ? await runInside(command, args, inherited, { operation, token, proxy })
        : await runChild(command, args, { ...inherited, ...environment })
      process.exitCode = code ?? 128 + constants.signals[signal ?? 'SIGKILL']
    })
}

/** @throws CommandError: a program that finds no proxy fails in ways that do not say so. */
function checkReachable({ hostname, port, host }: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) })
    const fail = () => {
      socket.destroy()
      const hint = 'start it with `cordon start`'
      reject(new CommandError(EXIT.failed, `no proxy answers at ${host}`, hint))
    }
    socket.setTimeout(CONNECT_MS, fail)
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

interface Outside {
  readonly operation: Operation
  readonly token: string | null
  readonly proxy: URL
}

/** What Cordon keeps is not to be read by the programs it watches: they see copies of what everybody may see. */
async function runInside(
  command: string,
  args: string[],
  inherited: NodeJS.ProcessEnv,
  { operation, token, proxy }: Outside,
): Promise<Ended> {
  if (!whereIs(command)) throw cannotRun(command, NO_SUCH)
  const dir = mkdtempSync(join('/tmp', 'cordon-run-'))
  try {
    for (const name of ['ca.pem', 'bundle.pem']) {
      copyFileSync(join(operation.caDir, name), join(dir, name))
    }
    const port = Number(proxy.port)
    const inside = { ...operation, caDir: dir, proxy: `127.0.0.1:${port}` }
    const env = { ...inherited, ...toEnvironment(inside, token) } as Record<string, string>
    const sockets = listeningSockets().filter((path) => !/^(?:\/var)?\/run\//.test(path))
    return await runIsolated({
      plan: {
        command,
        args,
        env,
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        port,
        binds: trustBinds(join(dir, 'ca.pem'), join(dir, 'bundle.pem'), dir),
        hidden: [operation.dataDir, operation.caDir, ...sockets],
      },
      proxy: { host: proxy.hostname.replace(/^\[|\]$/g, ''), port },
      signals: SIGNALS,
    })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function runChild(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: 'inherit' })
    // A terminal sends its signals to the child as well; from elsewhere they come only to us.
    const forward = (signal: NodeJS.Signals) => child.kill(signal)
    for (const signal of SIGNALS) process.on(signal, forward)
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(cannotRun(command, error.code === 'ENOENT' ? NO_SUCH : error.message))
    })
    child.once('exit', (code, signal) => {
      for (const name of SIGNALS) process.off(name, forward)
      resolve({ code, signal })
    })
  })
}

function cannotRun(command: string, reason: string): CommandError {
  return new CommandError(EXIT.failed, `cannot run \`${command}\`: ${reason}`)
}

const NO_SUCH = 'there is no such program'
