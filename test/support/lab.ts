/**
 * Everything an end-to-end test needs, all of it real: a DNS server, HTTPS and HTTP origins under several names and addresses, a
 * proxy process that is told where those are, and a folder that goes away with it.
 *
 * Countries are declared by address: 127.0.0.10 is in Germany, .11 in France, .20 in the United States, .30 in Ireland
 * or the United States; 127.0.0.40 may be called but nobody says where it is.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Issued, issue } from '../tls/support.ts'
import { type DnsServer, type NameRecords, openDnsServer } from './dns-server.ts'
import { httpOrigin, httpsOrigin, makeRoot, type Origin, type OriginOptions } from './origins.ts'
import { startProxy, type TestProxy } from './proxy.ts'

export interface Lab extends AsyncDisposable {
  readonly dir: string
  readonly dns: DnsServer
  readonly root: Issued
  readonly proxy: TestProxy
  /** Listens on all addresses of the lab. */
  readonly https: Origin
  readonly http: Origin
  /** A certificate of the lab's root for these names. */
  certificate(...hosts: string[]): Issued
  /** Another proxy in the same folder, once the first has been stopped. */
  restart(): Promise<TestProxy>
  /** Closed with the lab. */
  keep<T extends AsyncDisposable>(resource: T): T
}

export interface LabOptions {
  /** Added to, or in place of, the lab's configuration; YAML lines. */
  readonly config?: string
  readonly files?: Readonly<Record<string, string | Buffer>>
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly workers?: number
  /** Added to `dns:`, or in place of what is there. */
  readonly dns?: Readonly<Record<string, unknown>>
  readonly records?: Readonly<Record<string, NameRecords>>
  readonly https?: OriginOptions
  readonly http?: OriginOptions
}

export const PLACES = {
  'api.de.test': { A: ['127.0.0.10'] },
  'api.fr.test': { A: ['127.0.0.11'] },
  'api.us.test': { A: ['127.0.0.20'] },
  'api.mixed.test': { A: ['127.0.0.30'] },
  'api.unknown.test': { A: ['127.0.0.40'] },
  'both.test': { A: ['127.0.0.10', '127.0.0.20'] },
  'alias.test': { CNAME: 'api.de.test' },
  'metadata.test': { A: ['169.254.169.254'] },
  'private.test': { A: ['10.1.2.3'] },
} satisfies Record<string, NameRecords>

const DESTINATIONS = `
home: EEA
destinations:
  - { cidr: 127.0.0.10/32, region: [DE], because: lab in Germany }
  - { cidr: 127.0.0.11/32, region: [FR], because: lab in France }
  - { cidr: 127.0.0.20/32, region: [US], because: lab in the United States }
  - { cidr: 127.0.0.30/32, region: [IE, US], because: lab in either }
  - { cidr: 127.0.0.40/32, because: lab without a place }
`

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const stack = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cordon-lab-'))
  // Processes that were killed a moment ago may still be writing.
  stack.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
  const root = makeRoot()
  const names = Object.keys({ ...PLACES, ...options.records }).map((name) =>
    name.replace(/\.$/, ''),
  )
  const all = issue({ name: 'lab', issuer: root, hosts: [...names, '127.0.0.10', '127.0.0.20'] })
  const dns = stack.use(await openDnsServer({ records: { ...PLACES, ...options.records } }))
  // On all of 127/8: which address was dialled tells where it was.
  const https = stack.use(await httpsOrigin(all, { address: '0.0.0.0', ...options.https }))
  const http = stack.use(await httpOrigin({ address: '0.0.0.0', ...options.http }))
  await writeFile(join(dir, 'root.pem'), root.pem)
  const config = options.config ?? ''
  const how = {
    dir,
    ...(options.args ? { args: options.args } : {}),
    ...(options.env ? { env: options.env } : {}),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
  }
  const proxy = stack.use(
    await startProxy({
      ...how,
      files: {
        'cordon.yaml': [
          'version: 1',
          /^listen:/m.test(config)
            ? ''
            : 'listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0" }',
          `dns: ${JSON.stringify({ servers: [dns.address], hosts: false, ...options.dns })}`,
          /^tls:/m.test(config) ? '' : 'tls: { extra_roots: [root.pem] }',
          /^destinations:/m.test(config) ? '' : DESTINATIONS,
          // Nobody is there to decide.
          /^hold:/m.test(config) ? '' : 'hold: { wait: 10ms }',
          config,
        ].join('\n'),
        ...options.files,
      },
    }),
  )
  const resources = stack.move()
  return {
    dir,
    dns,
    root,
    proxy,
    https,
    http,
    certificate: (...hosts) => issue({ name: hosts[0] ?? 'lab', issuer: root, hosts }),
    restart: async () => resources.use(await startProxy({ ...how, files: {} })),
    keep: (resource) => resources.use(resource),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
