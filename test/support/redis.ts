/** A real Redis server of the test's own, and the way to it for clients that know of no proxy. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Issued } from '../tls/support.ts'
import { openTunnel, runProgram } from './clients.ts'
import { type Need, program } from './needs.ts'
import type { TestProxy } from './proxy.ts'
import { eventually } from './wait.ts'

export const REDIS: Need = program('redis-server', '--version')

export interface RedisServer extends AsyncDisposable {
  readonly port: number
  /** Asks it directly. */
  ask(...command: string[]): Promise<string>
}

export interface RedisOptions {
  /** Where it listens; default: where the lab's Germany is. */
  readonly address?: string
  /** Default: one that is free. */
  readonly port?: number
  /** Then it speaks TLS alone. */
  readonly certificate?: Issued
  readonly settings?: Readonly<Record<string, string>>
}

/** Keeps nothing, and listens on a port that is free. */
export async function openRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { address = '127.0.0.10', certificate, settings = {} } = options
  const dir = await mkdtemp(join(tmpdir(), 'cordon-redis-'))
  const port = options.port ?? (await freePort(address))
  const plainPort = certificate ? await freePort('127.0.0.1') : port
  const tls: Record<string, string> = {}
  if (certificate) {
    await writeFile(join(dir, 'key.pem'), certificate.keyPem)
    await writeFile(join(dir, 'cert.pem'), certificate.pem)
    tls['tls-port'] = String(port)
    tls['tls-cert-file'] = join(dir, 'cert.pem')
    tls['tls-key-file'] = join(dir, 'key.pem')
    tls['tls-auth-clients'] = 'no'
  }
  const all = {
    ...{ dir, port: String(plainPort), save: '', appendonly: 'no', daemonize: 'no' },
    ...{ bind: certificate ? `127.0.0.1 ${address}` : address, 'protected-mode': 'no' },
    ...tls,
    ...settings,
  }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  const child: ChildProcess = spawn('redis-server', args, { stdio: 'ignore' })
  const gone = once(child, 'exit')
  const where = ['-h', certificate ? '127.0.0.1' : address, '-p', String(plainPort)]
  const ask = async (...command: string[]) =>
    (await runProgram('redis-cli', [...where, ...command])).out.trim()
  await eventually('redis-server', async () => {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    return (await ask('PING')) === 'PONG' || null
  })
  return {
    port,
    ask,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await gone
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}

async function freePort(address: string): Promise<number> {
  const server = net.createServer().listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface Forwarder extends AsyncDisposable {
  readonly port: number
}

/** Listens here and leads whoever comes through the proxy to that place, by CONNECT. */
export async function forwardThrough(proxy: TestProxy, authority: string): Promise<Forwarder> {
  const sockets = new Set<net.Socket>()
  const keep = (socket: net.Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
  }
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (client) => {
    keep(client)
    openTunnel(proxy, authority).then(
      (tunnel) => {
        keep(tunnel)
        client.pipe(tunnel)
        tunnel.pipe(client)
        client.on('close', () => tunnel.destroy())
        tunnel.on('close', () => client.destroy())
        client.resume()
      },
      () => client.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
