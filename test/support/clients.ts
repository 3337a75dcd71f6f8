/** Clients of the proxy: programs as users run them, and raw sockets for what no well-behaved program would send. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import type { TestProxy } from './proxy.ts'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  readonly cwd?: string
  /** Milliseconds after which the program is asked to end. */
  readonly timeout?: number
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env, input, cwd, timeout }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(program, args, { cwd, timeout, env: { ...process.env, ...env } })
  let out = ''
  let err = ''
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  const [code] = await once(child, 'close')
  return { code: code as number | null, out, err }
}

/** The environment `cordon env` prints, without the exception for loopback: everything in a lab is on loopback. */
export function throughProxy({ url, ca, bundle }: TestProxy): NodeJS.ProcessEnv {
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: '',
    no_proxy: '',
    NODE_USE_ENV_PROXY: '1',
    NODE_EXTRA_CA_CERTS: ca,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    GIT_SSL_CAINFO: bundle,
  }
}

/** `curl` through the proxy: status, body as text, and curl's own exit code. */
export async function curl(
  proxy: TestProxy,
  ...args: string[]
): Promise<{ status: number; body: string; code: number | null }> {
  const options = ['-sS', '--max-time', '20', '-w', '\n%{http_code}', ...args]
  const { code, out, err } = await runProgram('curl', options, { env: throughProxy(proxy) })
  const cut = out.lastIndexOf('\n')
  const body = out.slice(0, cut) || err
  return { status: Number(out.slice(cut + 1)), body, code }
}

/** Sends bytes to the proxy port and reads until the proxy closes, or until `until` has come. */
export async function rawExchange(
  proxy: TestProxy,
  bytes: string | Buffer,
  { until, end = false }: { until?: RegExp; end?: boolean } = {},
): Promise<string> {
  const socket = net.connect(proxy.port, '127.0.0.1')
  await once(socket, 'connect')
  try {
    return await converse(socket, bytes, { until, end })
  } finally {
    socket.destroy()
  }
}

/** The same on a socket that is open. */
export async function converse(
  socket: net.Socket,
  bytes: string | Buffer,
  { until, end = false }: { until?: RegExp | undefined; end?: boolean } = {},
): Promise<string> {
  let text = ''
  const done = new Promise<void>((resolve) => {
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1')
      if (until?.test(text)) resolve()
    })
    socket.on('end', resolve)
    socket.on('close', resolve)
    socket.on('error', () => resolve())
  })
  if (end) socket.end(Buffer.from(bytes as string, 'latin1'))
  else socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  await done
  socket.removeAllListeners('data')
  return text
}

/** Opens a tunnel; gives the socket behind the proxy's 200, or throws with what it said instead. */
export async function openTunnel(
  proxy: TestProxy,
  authority: string,
  head = '',
): Promise<net.Socket> {
  const socket = net.connect(proxy.port, '127.0.0.1')
  await once(socket, 'connect')
  const request = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${head}\r\n`
  const answer = await converse(socket, request, { until: /\r\n\r\n/ })
  if (!answer.startsWith('HTTP/1.1 200')) {
    socket.destroy()
    throw new Error(answer)
  }
  return socket
}

export interface TunnelTlsOptions {
  /** Default: the host of the authority. Null sends no server name. */
  readonly servername?: string | null
  readonly alpn?: readonly string[]
  readonly ca: string
  /** The only version offered. */
  readonly version?: tls.SecureVersion
  /** More fields for CONNECT. */
  readonly head?: string
}

/** TLS inside a tunnel, verified against the proxy's CA. */
export async function openTls(
  proxy: TestProxy,
  authority: string,
  { servername, alpn, ca, version, head }: TunnelTlsOptions,
): Promise<tls.TLSSocket> {
  const socket = await openTunnel(proxy, authority, head)
  const host = authority.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  const name = servername === undefined ? host : servername
  const secure = tls.connect({
    socket,
    ca,
    ...(alpn ? { ALPNProtocols: [...alpn] } : {}),
    ...(version ? { minVersion: version, maxVersion: version } : {}),
    ...(name === null || net.isIP(name) ? { host } : { servername: name }),
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name ?? host, certificate),
  })
  await once(secure, 'secureConnect')
  return secure
}

export function hasProgram(name: string, ...args: string[]): boolean {
  return spawnSync(name, args, { stdio: 'ignore' }).status === 0
}
