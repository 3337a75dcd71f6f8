/**
 * Whether programs of this host trust our CA, each in its own way: it is asked to open TLS to the proxy port, where there is nothing but a certificate of
 * ours. With the environment that doctor has itself: `eval "$(cordon env)"` first, or as the agent has it.
 */

import { join } from 'node:path'
import { type Ran, runBounded } from '../run-bounded.ts'
import { whereIs } from '../where-is.ts'
import { type Finding, ok, skip, warn } from './finding.ts'

interface Runtime {
  readonly name: string
  readonly program: string
  args(host: string, port: number): readonly string[]
  /** Null where it cannot be told. */
  trusts(ran: Ran): boolean | null
  readonly hint: string
  /** Milliseconds, where it takes longer than most; and what it needs in its environment. */
  readonly wait?: number
  readonly env?: Readonly<Record<string, string>>
}

const ENV = 'eval "$(cordon env)" in its environment sets'

/** Exit codes of the scripts: 0 trusts, 3 does not, 4 is not there. */
const byCode = ({ code }: Ran) => (code === 0 ? true : code === 3 ? false : null)

const PYTHON = `
import socket, ssl, sys
host, port = sys.argv[1], int(sys.argv[2])
try:
    ssl.create_default_context().wrap_socket(socket.create_connection((host, port), 5), server_hostname=host)
except ssl.SSLCertVerificationError:
    sys.exit(3)
`
const REQUESTS = `
import sys
try:
    import requests
except ImportError:
    sys.exit(4)
session = requests.Session()
session.proxies = {"https": ""}
try:
    session.get(f"https://{sys.argv[1]}:{sys.argv[2]}/", timeout=5, proxies={"https": None, "http": None})
except requests.exceptions.SSLError:
    sys.exit(3)
`
const NODE = `
const socket = require('tls').connect({ host: process.argv[1], port: Number(process.argv[2]) })
socket.on('secureConnect', () => process.exit(0))
socket.on('error', (error) => process.exit(/CERT|ISSUER|SIGN|VERIFY/.test(error.code ?? '') ? 3 : 5))
`

const DENO = `
(async (hostname, port) => {
  try {
    await (await Deno.connectTls({ hostname, port })).handshake()
    Deno.exit(0)
  } catch (error) {
    Deno.exit(/certificate|UnknownIssuer/i.test(String(error)) ? 3 : 5)
  }
})`

const RUNTIMES: readonly Runtime[] = [
  {
    name: 'curl',
    program: 'curl',
    args: (host, port) => ['-sS', '--noproxy', '*', '-m', '5', '-o', '/dev/null', url(host, port)],
    trusts: ({ code }) => (code === 0 ? true : code === 60 || code === 77 ? false : null),
    hint: `${ENV} CURL_CA_BUNDLE`,
  },
  {
    name: 'OpenSSL',
    program: 'openssl',
    args: (host, port) => ['s_client', '-verify_return_error', '-connect', at(host, port)],
    trusts: ({ code, said }) =>
      code === 0 ? true : /verify error|verification/i.test(said) ? false : null,
    hint: `${ENV} SSL_CERT_FILE`,
  },
  {
    name: 'git',
    program: 'git',
    args: (host, port) => ['-c', 'http.proxy=', 'ls-remote', `${url(host, port)}x`],
    trusts: ({ said }) =>
      /certificate|SSL/i.test(said) ? false : /error: 4\d\d/.test(said) ? true : null,
    hint: `${ENV} GIT_SSL_CAINFO`,
  },
  {
    name: 'Python',
    program: 'python3',
    args: (host, port) => ['-c', PYTHON, host, String(port)],
    trusts: byCode,
    hint: `${ENV} SSL_CERT_FILE`,
  },
  {
    name: 'requests',
    program: 'python3',
    args: (host, port) => ['-c', REQUESTS, host, String(port)],
    trusts: byCode,
    hint: `${ENV} REQUESTS_CA_BUNDLE`,
  },
  {
    name: 'Node',
    program: 'node',
    args: (host, port) => ['-e', NODE, host, String(port)],
    trusts: byCode,
    hint: `${ENV} NODE_EXTRA_CA_CERTS`,
  },
  {
    name: 'Deno',
    program: 'deno',
    args: (host, port) => ['eval', `${DENO}(${JSON.stringify(host)}, ${port})`],
    trusts: byCode,
    hint: `${ENV} DENO_CERT`,
  },
  {
    name: 'Go',
    program: 'go',
    args: (host, port) => ['run', join(import.meta.dirname, 'trusts.go'), host, String(port)],
    trusts: ({ said }) =>
      said.includes('trusted: true') ? true : said.includes('trusted: false') ? false : null,
    hint: `${ENV} SSL_CERT_FILE`,
    // It compiles first. Nothing is fetched for that.
    wait: 60_000,
    env: { GO111MODULE: 'off', GOFLAGS: '', GOPROXY: 'off', GOTOOLCHAIN: 'local' },
  },
  {
    name: 'Java',
    program: 'keytool',
    args: () => ['-list', '-cacerts', '-storepass', 'changeit'],
    trusts: () => null,
    hint: '`keytool -importcert -cacerts -storepass changeit -noprompt -alias cordon -file ca.pem`, or run it with `cordon run --isolate`',
  },
]

export interface Trusting {
  readonly host: string
  readonly port: number
  /** SHA-256 of our certificate, hex pairs with colons. */
  readonly fingerprint: string
}

/** Runtimes that are not on this host are left out. */
export async function lookAtRuntimes(trusting: Trusting): Promise<readonly Finding[]> {
  const present = RUNTIMES.filter(({ program }) => whereIs(program) !== null)
  const found = await Promise.all(present.map((runtime) => lookAtRuntime(runtime, trusting)))
  return found.filter((finding) => finding !== null)
}

async function lookAtRuntime(
  { name, program, args, trusts, hint, ...how }: Runtime,
  { host, port, fingerprint }: Trusting,
): Promise<Finding | null> {
  const ran = await runBounded(program, args(host, port), how)
  if (ran.code === 4 && name === 'requests') return null
  const does =
    program === 'keytool' && ran.code === 0 ? ran.said.includes(fingerprint) : trusts(ran)
  if (does === null) return skip(name, 'it could not be asked', null)
  return does ? ok(name, 'trusts the CA') : warn(name, 'does not trust the CA', hint)
}

function at(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function url(host: string, port: number): string {
  return `https://${at(host, port)}/`
}
