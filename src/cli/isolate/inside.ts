/**
 * The first process of the isolated namespaces: arranges what the program sees, listens where it finds the proxy, and starts it. The socket goes to
 * the process outside, which alone can reach the proxy. When this one ends the kernel ends everything inside.
 */

import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { toIsolationFilter } from '../../linux/isolation-filter.ts'
import { filterSystemCalls } from '../../linux/libc.ts'
import { mountAll } from './mounts.ts'
import type { FromInside, Plan, ToInside } from './plan.ts'
import { runProgram } from './run-program.ts'

let plan: Plan | null = null
let kill: (signal: NodeJS.Signals) => void = () => {}

process.on('message', (message: ToInside) => {
  try {
    switch (message.kind) {
      case 'plan':
        plan = message.plan
        return prepare(plan)
      case 'go':
        return begin(plan as Plan)
      case 'signal':
        return kill(message.signal)
      default:
        return message satisfies never
    }
  } catch (error) {
    tell({ kind: 'failed', why: (error as Error).message })
  }
})
// Whoever could accept connections is gone.
process.on('disconnect', () => process.exit(1))
tell({ kind: 'ready' })

function prepare(next: Plan): void {
  runProgram('ip', 'link', 'set', 'lo', 'up')
  mountAll(next)
  const server = createServer()
  server.on('error', (error) => tell({ kind: 'failed', why: error.message }))
  server.listen({ host: '127.0.0.1', port: next.port }, () => {
    process.send?.({ kind: 'listening' } satisfies FromInside, server, undefined, () => {
      // It is accepted on outside.
      server.close()
    })
  })
}

function begin({ command, args, env, uid, gid }: Plan): void {
  const filter = toIsolationFilter()
  if (!filter) throw new Error(`system calls cannot be filtered on ${process.arch}`)
  filterSystemCalls(filter)
  // A user namespace within: there the program has no say over the network and the mounts of this one.
  const ids = [`--map-user=${uid}`, `--map-group=${gid}`]
  const child = spawn('unshare', ['--user', ...ids, '--', command, ...args], {
    env,
    stdio: 'inherit',
  })
  kill = (signal) => child.kill(signal)
  child.on('error', (error) => tell({ kind: 'failed', why: error.message }))
  child.on('exit', (code, signal) => {
    process.send?.({ kind: 'ended', code, signal } satisfies FromInside, () => process.exit(0))
  })
}

function tell(message: FromInside): void {
  process.send?.(message)
}
