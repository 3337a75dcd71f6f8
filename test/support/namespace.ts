/** A network namespace of the test's own, where any address can be had without leaving the machine. Needs root. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Namespace extends AsyncDisposable {
  /** In front of a command, to run it inside. */
  readonly prefix: readonly string[]
  /** Runs a web server inside that answers everything with 200. */
  serve(address: string, port: number): Promise<void>
}

let count = 0

/** @param addresses that loopback has in there, besides its own. */
export async function openNamespace(addresses: readonly string[]): Promise<Namespace> {
  const name = `cordon-${process.pid}-${count++}`
  const ip = (...args: string[]) => execFileSync('ip', args)
  ip('netns', 'add', name)
  const prefix = ['ip', 'netns', 'exec', name]
  const inside = (...args: string[]) => ip('netns', 'exec', name, 'ip', ...args)
  inside('link', 'set', 'lo', 'up')
  for (const address of addresses) {
    inside('addr', 'add', `${address}/${address.includes(':') ? 128 : 32}`, 'dev', 'lo')
  }
  const children: ReturnType<typeof spawn>[] = []
  return {
    prefix,
    async serve(address, port) {
      const script = `require('http').createServer((q, s) => s.end('ok')).listen(${port}, '${address}', () => console.log('up'))`
      const [program = '', ...args] = [...prefix, process.execPath, '-e', script]
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      children.push(child)
      if (child.stdout) await once(child.stdout, 'data')
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) {
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }
      ip('netns', 'delete', name)
    },
  }
}
