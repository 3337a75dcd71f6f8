/**
 * `cordon run --isolate`: the program gets a network of its own in which there is nothing but the proxy: no route, no name server, no abstract
 * sockets of the host. No right beyond those of the caller is needed where the system lets users make namespaces (user_namespaces(7)).
 */

import { spawn } from 'node:child_process'
import { connect, Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { CommandError, EXIT } from '../output.ts'
import type { FromInside, Plan, ToInside } from './plan.ts'

/** How it ended: an exit code, or the signal that ended it. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Isolated {
  readonly plan: Plan
  /** Where the proxy listens, as seen from here. */
  readonly proxy: { readonly host: string; readonly port: number }
  readonly signals: readonly NodeJS.Signals[]
}

const NAMESPACES = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--ipc']
const HINT =
  'it needs `unshare`, `mount` and `ip` (util-linux, iproute2) and leave to make user namespaces: `sysctl user.max_user_namespaces`, and `kernel.unprivileged_userns_clone` or `kernel.apparmor_restrict_unprivileged_userns` where these exist'

/** @throws CommandError where it cannot be isolated; it is never run without that. */
export function runIsolated({ plan, proxy, signals }: Isolated): Promise<Ended> {
  if (process.platform !== 'linux') {
    throw new CommandError(EXIT.failed, '`--isolate` needs the namespaces of Linux')
  }
  return new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'inside.ts')
    const program = [process.execPath, ...process.execArgv, script]
    const args = [...NAMESPACES, '--fork', '--kill-child', '--mount-proc', '--', ...program]
    const child = spawn('unshare', args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
    let server: Server | null = null
    const tell = (message: ToInside) => child.connected && child.send(message)
    const forward = (signal: NodeJS.Signals) => tell({ kind: 'signal', signal })
    for (const signal of signals) process.on(signal, forward)
    let isOver = false
    const end = (finish: () => void) => {
      if (isOver) return
      isOver = true
      for (const signal of signals) process.off(signal, forward)
      server?.close()
      if (child.connected) child.disconnect()
      finish()
    }
    const fail = (why: string) =>
      end(() => reject(new CommandError(EXIT.failed, `cannot isolate: ${why}`, HINT)))
    child.on('error', (error) => fail(error.message))
    child.on('exit', () => {
      const over = () => fail('the namespaces could not be made, or ended')
      // How the program ended may still be on its way to us.
      if (child.connected) child.once('disconnect', over)
      else over()
    })
    child.on('message', (message: FromInside, handle) => {
      switch (message.kind) {
        case 'ready':
          return tell({ kind: 'plan', plan })
        case 'listening':
          if (!(handle instanceof Server)) return fail('the socket did not come through')
          server = handle
          server.on('connection', (socket) => relay(socket, proxy))
          return tell({ kind: 'go' })
        case 'failed':
          return fail(message.why)
        case 'ended':
          return end(() => resolve(message))
        default:
          return message satisfies never
      }
    })
  })
}

/** One connection from inside, as if it had been made from here. */
function relay(inner: Socket, { host, port }: Isolated['proxy']): void {
  const outer = connect({ host, port, allowHalfOpen: true, noDelay: true })
  inner.allowHalfOpen = true
  inner.setNoDelay(true)
  for (const [one, other] of [
    [inner, outer],
    [outer, inner],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroySoon())
    one.pipe(other)
  }
}
