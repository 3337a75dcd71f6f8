/**
 * Makes everything the benchmark needs under bench/run/: the C tools, CAs and certificates, the
 * private hosts file, payloads, and every configuration in bench/peers/ with its placeholders
 * filled in. Idempotent, and quick when all is there. Writes nowhere else. `node bench/setup.ts`
 * does it alone.
 */

import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { makeCertificates } from './certificates.ts'
import { cordonConfigurations } from './cordon.ts'
import { missing } from './installed.ts'

/** Everything generated; not in the repository. */
export const RUN = join(import.meta.dirname, 'run')

const TOOLS = join(import.meta.dirname, 'tools')
const PEERS = join(import.meta.dirname, 'peers')

/** What the benchmark itself cannot do without, and the Debian packages that have it. */
const NEEDED: Readonly<Record<string, string>> = {
  gcc: 'gcc libc6-dev',
  openssl: 'openssl libssl-dev',
  nginx: 'nginx-light',
  taskset: 'util-linux',
  unshare: 'util-linux',
}

/** @throws with a sentence that names what is missing. */
export function setup(): void {
  const absent = missing(Object.keys(NEEDED))
  if (absent.length > 0) {
    const packages = absent.map((program) => NEEDED[program]).join(' ')
    throw new Error(`missing: ${absent.join(', ')}; on Debian: apt-get install ${packages}`)
  }
  for (const folder of ['www', 'nginx']) mkdirSync(join(RUN, folder), { recursive: true })
  const parts = readdirSync(TOOLS).filter((name) => /^lg.*\.c$/.test(name))
  buildTool('lg', parts)
  buildTool('sink', ['sink.c'])
  buildTool('relay', ['relay.c'])
  makeCertificates(join(RUN, 'ca'))
  writeFileSync(join(RUN, 'hosts'), hostsFile())
  makePayload('100m', 100)
  makePayload('1m', 1)
  for (const name of readdirSync(PEERS)) if (/\.(conf|cfg)$/.test(name)) fillIn(name)
  const template = readFileSync(join(PEERS, 'cordon.yaml'), 'utf8')
  for (const [name, text] of cordonConfigurations(template, RUN)) {
    writeFileSync(join(RUN, `${name}.yaml`), text)
  }
}

/** Compiles when a source, any source, is newer. */
function buildTool(name: string, sources: readonly string[]): void {
  const output = join(RUN, name)
  const changed = readdirSync(TOOLS).map((file) => statSync(join(TOOLS, file)).mtimeMs)
  if (existsSync(output) && statSync(output).mtimeMs > Math.max(...changed)) return
  const files = sources.map((source) => join(TOOLS, source))
  const libraries = ['-lssl', '-lcrypto', '-lpthread']
  execFileSync('gcc', ['-O2', '-Wall', '-o', output, ...files, ...libraries], { stdio: 'inherit' })
}

/**
 * What /etc/hosts is for the benchmark and nobody else; tools/lg.c knows the same bound of 2,000.
 */
function hostsFile(): string {
  const names = Array.from({ length: 2000 }, (_, i) => `127.0.0.1 h${i}.bench.test`)
  return ['127.0.0.1 localhost', '::1 localhost', ...names, ''].join('\n')
}

/** A sparse file of zeros, for the upstream to serve. */
function makePayload(name: string, mib: number): void {
  const file = join(RUN, 'www', name)
  writeFileSync(file, '')
  truncateSync(file, mib * 1024 * 1024)
}

function fillIn(name: string): void {
  const template = readFileSync(join(PEERS, name), 'utf8')
  const text = template.replaceAll('@RUN@', RUN).replaceAll('@SMALL@', smallAnswer())
  writeFileSync(join(RUN, name), text)
}

/** 1,024 bytes of JSON. */
function smallAnswer(): string {
  const items = Array.from({ length: 30 }, (_, id) => ({ id, name: `user${id}` }))
  return JSON.stringify({ items }).padEnd(1024)
}

if (import.meta.main) setup()
