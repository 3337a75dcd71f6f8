/** `cordon geoip`: tables from real servers through the policy, conditional, kept when the new one is worse; and from files. */

import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { openDnsServer } from '../support/dns-server.ts'
import { temporaryFolder } from '../support/folder.ts'
import { httpsOrigin, makeRoot, type Origin } from '../support/origins.ts'
import { issue } from '../tls/support.ts'
import { cordon as run } from './cordon.ts'

const root = makeRoot()
const HOSTS = ['tables.test', 'www.tables.test', 'elsewhere.test']
const certificate = issue({ name: 'tables', issuer: root, hosts: HOSTS })

let stack: AsyncDisposableStack
let dir: string
let origin: Origin
let answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void>
let dns: Awaited<ReturnType<typeof openDnsServer>>

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  dir = stack.use(await temporaryFolder()).path
  const A = ['127.0.0.10']
  dns = stack.use(
    await openDnsServer({ records: Object.fromEntries(HOSTS.map((host) => [host, { A }])) }),
  )
  answers = {}
  origin = stack.use(
    await httpsOrigin(certificate, {
      address: '127.0.0.10',
      handler: (request, response) => {
        const answer = answers[request.url ?? '']
        if (answer) answer(request, response)
        else response.writeHead(404).end()
      },
    }),
  )
  write(dir, { 'root.pem': root.pem })
  configure()
})
afterEach(() => stack.disposeAsync())

const cordon = (...args: string[]) => run(dir, args)

const OFF = [
  'aws-geofeed',
  'gcp',
  'google',
  'azure',
  'oci',
  'cloudflare-v4',
  'cloudflare-v6',
  'fastly',
  'github',
  'anycast-v4',
  'anycast-v6',
  'digitalocean',
  'vultr',
]

/** AWS and Linode from the test's server; all others are turned off. */
function configure({ region = 'DE', more = '' } = {}): void {
  const off = OFF.map((id) => `${id}: null`).join(', ')
  write(dir, {
    'cordon.yaml': [
      'version: 1',
      'home: EEA',
      `dns: { servers: ["${dns.address}"], hosts: false }`,
      'tls: { extra_roots: [root.pem] }',
      `destinations: [{ cidr: 127.0.0.10/32, region: [${region}] }]`,
      'geoip:',
      '  tables: tables',
      `  sources: { aws: "${url('/aws')}", linode: "${url('/linode?x=1')}", ${off} }`,
      more,
    ].join('\n'),
  })
}

function url(path: string, host = 'tables.test'): string {
  return `https://${host}:${origin.port}${path}`
}

function awsTable(count: number, createDate = '2026-08-22-15-17-05'): string {
  const prefixes = Array.from({ length: count }, (_, i) => ({
    ip_prefix: `198.51.100.${i * 4}/30`,
    region: 'eu-central-1',
    service: 'EC2',
    network_border_group: 'eu-central-1',
  }))
  return JSON.stringify({ createDate, prefixes, ipv6_prefixes: [] })
}

const FEED = '192.0.2.0/24,DE,DE-HE,Frankfurt,\n'

const give =
  (body: string, headers: Record<string, string> = {}) =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, headers).end(body)
  }

const rows = (json: string) =>
  (JSON.parse(json) as Record<string, unknown>[]).map(({ table, outcome, prefixes }) =>
    [table, outcome, prefixes].join(' '),
  )

async function status(): Promise<Record<string, unknown>[]> {
  const { out, err, code } = await cordon('geoip', 'status', '--json')
  expect({ err, code }).toEqual({ err: '', code: 0 })
  return JSON.parse(out).tables
}

function query(sql: string): unknown[] {
  const db = new Database(join(dir, 'data/audit.db'), { readonly: true })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

describe('update', () => {
  test('fetches, compiles, and every request is in the log', async () => {
    answers = { '/aws': give(awsTable(6)), '/linode?x=1': give(FEED) }
    const { code, out, err } = await cordon('geoip', 'update', '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(rows(out)).toEqual(['aws updated 6', 'linode updated 1'])
    expect(await status()).toMatchObject([
      { table: 'aws', as_of: '2026-08-22', prefixes: 6, source: url('/aws'), unknown_regions: [] },
      { table: 'linode', as_of: null, prefixes: 1, kind: 'geofeed' },
    ])
    expect(query('SELECT agent, host, path, status, outcome, dialed_ip FROM flows')).toEqual(
      ['/aws', '/linode'].map((path) => ({
        agent: 'cordon',
        host: 'tables.test',
        path,
        status: 200,
        outcome: 'forwarded',
        dialed_ip: '127.0.0.10',
      })),
    )
    expect(query('SELECT action, detail FROM admin_actions')).toEqual([
      { action: 'geoip-update', detail: 'aws 6 of 2026-08-22, linode 1 of no date' },
    ])
  })

  test('asks only for what has changed', async () => {
    const conditional = (request: IncomingMessage, response: ServerResponse) => {
      const same = request.headers['if-none-match'] === '"v1"'
      response.writeHead(same ? 304 : 200, { ETag: '"v1"' }).end(same ? undefined : awsTable(6))
    }
    answers = {
      '/aws': conditional,
      '/linode?x=1': give(FEED, { 'Last-Modified': 'Fri, 01 May 2026 10:00:00 GMT' }),
    }
    await cordon('geoip', 'update')
    const [before] = await status()
    const { code, out } = await cordon('geoip', 'update', '--json')
    expect(code).toBe(0)
    expect(rows(out)).toEqual(['aws unchanged 6', 'linode updated 1'])
    const [after, linode] = await status()
    expect(String(after?.fetched_at) > String(before?.fetched_at)).toBe(true)
    expect(linode?.as_of).toBe('2026-05-01')
    expect(origin.heads.at(-1)?.join('|')).toContain('If-Modified-Since|Fri, 01 May 2026 10:00:00')
  })

  test('only the tables named', async () => {
    answers = { '/linode?x=1': give(FEED) }
    const { code, out } = await cordon('geoip', 'update', 'linode', '--json')
    expect(code).toBe(0)
    expect(rows(out)).toEqual(['aws kept 0', 'linode updated 1'])
    expect(origin.seen).toEqual(['GET /linode?x=1'])
  })

  test('a table that is cut off is refused, the old one kept, the other one updated: 1', async () => {
    answers = { '/aws': give(awsTable(6)), '/linode?x=1': give(FEED) }
    await cordon('geoip', 'update')
    answers = {
      '/aws': give(awsTable(6).slice(0, -20)),
      '/linode?x=1': give(`${FEED}203.0.113.0/24,FR,,,\n`),
    }
    const { code, out, err } = await cordon('geoip', 'update', '--json')
    expect(code).toBe(1)
    expect(rows(out)).toEqual(['aws refused 6', 'linode updated 2'])
    expect(err).toContain(
      `cordon: error: aws: ${url('/aws')}: it is not JSON, or its end is missing`,
    )
    expect(await status()).toMatchObject([{ prefixes: 6 }, { prefixes: 2 }])
  })

  test('a server that fails leaves the old one: 1', async () => {
    answers = { '/aws': give(awsTable(6)), '/linode?x=1': give(FEED) }
    await cordon('geoip', 'update')
    answers = { '/linode?x=1': give(FEED) }
    const { code, out, err } = await cordon('geoip', 'update', '--json')
    expect(code).toBe(1)
    expect(rows(out)).toEqual(['aws failed 6', 'linode updated 1'])
    expect(err).toContain('answered 404')
  })

  test.each([
    ['US', 'placement-outside'],
    ['US, DE', 'hold-unavailable'],
  ])('a publisher in %s is not called, and it says how to allow it: 2', async (region, reason) => {
    answers = { '/aws': give(awsTable(6)), '/linode?x=1': give(FEED) }
    configure({ region })
    const { code, out, err } = await cordon('geoip', 'update', '--json')
    expect(code).toBe(2)
    expect(rows(out)).toEqual(['aws blocked 0', 'linode blocked 0'])
    expect(err).toContain(`(${reason})`)
    const rule = /add a rule: (\{.*? \}, then: allow \})/.exec(err)?.[1]
    expect(origin.seen).toEqual([])
    expect(existsSync(join(dir, 'tables'))).toBe(false)

    configure({ region, more: `rules: [${rule}]` })
    expect(await cordon('geoip', 'update')).toMatchObject({ code: 0, err: '' })
  })

  const redirect = (to: string) => (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(301, { Location: to }).end()
  }
  test.each<[name: string, to: () => string, outcome: string]>([
    ['to another path', () => '/moved', 'aws updated 6'],
    ['to a host below', () => url('/moved', 'www.tables.test'), 'aws updated 6'],
    ['to another host', () => url('/moved', 'elsewhere.test'), 'aws failed 0'],
    ['without encryption', () => url('/moved').replace('https', 'http'), 'aws failed 0'],
    ['to itself', () => '/aws', 'aws failed 0'],
  ])('a redirect %s', async (_, to, outcome) => {
    answers = { '/aws': redirect(to()), '/moved': give(awsTable(6)), '/linode?x=1': give(FEED) }
    const { out, err } = await cordon('geoip', 'update', '--json')
    expect(rows(out)[0]).toBe(outcome)
    if (outcome.includes('failed')) expect(err).toMatch(/leads (to|in circles)/)
  })

  test.each([
    ['a table nobody knows', ['nobody'], '', 'there is no table `nobody`'],
    ['one that is turned off', ['vultr'], '', 'the table `vultr` is turned off'],
    ['one in the configuration', [], '  x: 1', 'unknown key `x`'],
  ])('%s: 3', async (_, args, more, message) => {
    configure({ more })
    const { code, out, err } = await cordon('geoip', 'update', ...args)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain(message)
    expect(origin.seen).toEqual([])
  })
})

describe('update --from', () => {
  test('a folder: no network, and a file says only what was true on its day', async () => {
    write(dir, { 'new/aws.json': awsTable(6), 'new/linode.csv': FEED, 'new/notes.txt': 'x' })
    utimesSync(join(dir, 'new/linode.csv'), 1_700_000_000, 1_700_000_000)
    const { code, out, err } = await cordon('geoip', 'update', '--from', 'new', '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(rows(out)).toEqual(['aws updated 6', 'linode updated 1'])
    expect(await status()).toMatchObject([
      { source: 'file aws.json', as_of: '2026-08-22', fetched_at: '2026-08-22T00:00:00.000Z' },
      { source: 'file linode.csv', as_of: '2023-11-14', fetched_at: '2023-11-14T00:00:00.000Z' },
    ])
    expect(dns.questions).toEqual([])
  })

  test('files, one of them packed', async () => {
    write(dir, { 'linode.csv': FEED, 'ip-ranges.json.gz': gzipSync(awsTable(6)) })
    const args = ['geoip', 'update', '--json', '--from', 'linode.csv', 'ip-ranges.json.gz']
    expect(rows((await cordon(...args)).out)).toEqual(['aws updated 6', 'linode updated 1'])
  })

  test.each([
    ['one with a name no table has', ['notes.txt'], '`notes.txt` is not named like any table'],
    ['two of the same table', ['aws.json', 'ip-ranges.json'], 'are both the table `aws`'],
    ['an empty folder', ['empty'], 'no table in empty'],
  ])('%s: 3', async (_, names, message) => {
    write(dir, {
      'notes.txt': 'x',
      'aws.json': awsTable(1),
      'ip-ranges.json': awsTable(1),
      'empty/x': '',
    })
    const { code, out, err } = await cordon('geoip', 'update', '--from', ...names)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain(message)
  })

  test('a file that is not there: 1', async () => {
    const { code, err } = await cordon('geoip', 'update', '--from', 'ip-ranges.json')
    expect(code).toBe(1)
    expect(err).toContain('`ip-ranges.json`: there is no such file')
    expect(existsSync(join(dir, 'tables/prefixes.bin'))).toBe(false)
  })
})

describe('status', () => {
  test('without tables: what is embedded, and what to do', async () => {
    const { code, out, err } = await cordon('geoip', 'status')
    expect(code).toBe(0)
    expect(out).toMatch(/^GeoIP geo-whois-asn-country: 2026-06-17\nGeoIP dbip-country: /)
    expect(err).toContain('cordon: hint: fetch them with `cordon geoip update`')
  })

  test('with tables: their ages, and regions without a country', async () => {
    const odd = awsTable(6).replaceAll('eu-central-1', 'eu-nowhere-1')
    write(dir, { 'aws.json': odd })
    await cordon('geoip', 'update', '--from', 'aws.json')
    const { code, out, err } = await cordon('geoip', 'status')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^TABLE +OF +CHECKED +PREFIXES +UNKNOWN REGIONS\n/)
    expect(out).toMatch(/\naws +2026-08-22 +\d+ days ago +6 +eu-nowhere-1\n/)
  })

  test('a damaged file is said: 3; an update makes it anew', async () => {
    write(dir, { 'aws.json': awsTable(6) })
    await cordon('geoip', 'update', '--from', 'aws.json')
    const path = join(dir, 'tables/prefixes.bin')
    writeFileSync(path, readFileSync(path).subarray(0, -1))
    const { code, out, err } = await cordon('geoip', 'status')
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(
      /checksum is wrong.*\ncordon: hint: make it anew with `cordon geoip update`/,
    )
    const again = await cordon('geoip', 'update', '--from', 'aws.json')
    expect(again).toMatchObject({ code: 0, err: expect.stringContaining('made anew') })
    expect(await status()).toMatchObject([{ prefixes: 6 }])
  })
})
