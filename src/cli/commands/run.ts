/** `cordon run`: a program behind the proxy, otherwise as if it were run directly: its streams, signals and exit code are its own. */

import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { constants } from 'node:os'
import type { Command } from 'commander'
import { issueAgentToken } from '../agent-token.ts'
import { CommandError, EXIT } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'
import { toEnvironment } from './env.ts'

interface RunOptions extends ConfigOptions {
  readonly agent?: string
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
    .addHelpText('after', '\nExample:\n  cordon run --agent crawler -- python3 agent.py')
    .action(async ([command = '', ...args]: string[], options: RunOptions) => {
      const { operation } = load(options)
      const token = options.agent
        ? await issueAgentToken(operation, { name: options.agent, groups: [], ttl: TOKEN_TTL_MS })
        : null
      const environment = toEnvironment(operation, token)
      await checkReachable(new URL(environment.HTTP_PROXY ?? ''))
      // Whoever decides may start the agent from the shell they decide in: its calls are not its own to approve.
      const { CORDON_TOKEN: _, ...inherited } = process.env
      process.exitCode = await runChild(command, args, { ...inherited, ...environment })
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

function runChild(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: 'inherit' })
    // A terminal sends its signals to the child as well; from elsewhere they come only to us.
    const forward = (signal: NodeJS.Signals) => child.kill(signal)
    for (const signal of SIGNALS) process.on(signal, forward)
    child.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'ENOENT' ? 'there is no such program' : error.message
      reject(new CommandError(EXIT.failed, `cannot run \`${command}\`: ${reason}`))
    })
    child.once('exit', (code, signal) => {
      for (const name of SIGNALS) process.off(name, forward)
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
  })
}
