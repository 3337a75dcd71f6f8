/** Notices as the owning process sends them: a real log, policy, name server and sockets; what happens to holds is told by the test. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { composeNotices, type Notices } from '../../src/cli/compose/notices.ts'
import { composeOwner, type Owner } from '../../src/cli/compose/owner.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { Hold, HoldEvent } from '../../src/model/hold.ts'
import { optionsFor, write } from '../config/support.ts'
import { type Issued, issue } from '../tls/support.ts'
import { openDnsServer } from './dns-server.ts'
import { temporaryFolder } from './folder.ts'
import { PLACES } from './lab.ts'
import { makeRoot } from './origins.ts'
import { eventually } from './wait.ts'

export interface NoticesLab extends AsyncDisposable {
  readonly dir: string
  readonly root: Issued
  readonly owner: Owner
  readonly notices: Notices
  /** What happens to a hold, as those who watch are told. */
  happens(event: HoldEvent, hold: Hold): void
  /** Rows that say something of that kind, once there are some: subject and detail. */
  noted(action: string): Promise<readonly { subject: string; detail: string }[]>
  query<T>(sql: string): T[]
  certificate(...hosts: string[]): Issued
}

/** Announced before anybody listens: a lab of certificates first, then servers, then this. */
export function makeAuthority(): { root: Issued; certificate(...hosts: string[]): Issued } {
  const root = makeRoot()
  return {
    root,
    certificate: (...hosts) => issue({ name: hosts[0] ?? 'lab', issuer: root, hosts }),
  }
}

export interface NoticesLabOptions {
  readonly root: Issued
  /** Lines of YAML: `notify:` and whatever else. */
  readonly config: string
  readonly files?: Readonly<Record<string, string>>
  readonly pause?: (tries: number) => number
  readonly consoleUrl?: string | null
}

export async function openNoticesLab(options: NoticesLabOptions): Promise<NoticesLab> {
  const { root, config, files = {}, consoleUrl = 'http://127.0.0.1:3130' } = options
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const dir = folder.path
  const dns = stack.use(await openDnsServer({ records: PLACES }))
  write(dir, {
    'root.pem': root.pem,
    'cordon.yaml': `version: 1
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0" }
dns: { servers: ["${dns.address}"], hosts: false }
tls: { extra_roots: [root.pem] }
home: EEA
destinations:
  - { cidr: 127.0.0.1/32, region: [DE], because: lab }
  - { cidr: 127.0.0.10/32, region: [DE], because: lab in Germany }
  - { cidr: 127.0.0.11/32, region: [FR], because: lab in France }
  - { cidr: 127.0.0.20/32, region: [US], because: lab in the United States }
  - { cidr: 127.0.0.30/32, region: [IE, US], because: lab in either }
${config}
`,
    ...files,
  })
  const load = optionsFor(dir)
  const owner = stack.use(await composeOwner({ load, settings: loadSettings(load) }))
  const watchers = new Set<(event: HoldEvent, hold: Hold) => void>()
  const notices = await composeNotices({
    owner,
    approvals: {
      watch(watcher) {
        watchers.add(watcher)
        return () => watchers.delete(watcher)
      },
    },
    consoleUrl: () => consoleUrl,
    ...(options.pause ? { pause: options.pause } : {}),
  })
  if (!notices) throw new Error('nobody is to be told')
  stack.use(notices)
  const query = <T>(sql: string) => {
    const db = new Database(join(dir, 'data/audit.db'), { readonly: true })
    try {
      return db.prepare(sql).all() as T[]
    } finally {
      db.close()
    }
  }
  const resources = stack.move()
  return {
    dir,
    root,
    owner,
    notices,
    happens(event, hold) {
      for (const watcher of watchers) watcher(event, hold)
    },
    noted: (action) =>
      eventually(`rows of ${action}`, () => {
        const rows = query<{ subject: string; detail: string }>(
          `SELECT subject, detail FROM admin_actions WHERE action = '${action}' ORDER BY id`,
        )
        return rows.length > 0 ? rows : null
      }),
    query,
    certificate: (...hosts) => issue({ name: hosts[0] ?? 'lab', issuer: root, hosts }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
