/** Compiled tables: who wins for an address, that writing and reading loses nothing, and that a damaged file is refused. */

import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileTables } from '../../../src/locate/tables/compile.ts'
import { decode } from '../../../src/locate/tables/layout.ts'
import {
  createPrefixTables,
  openPrefixTables,
  PrefixTableError,
} from '../../../src/locate/tables/prefix-tables.ts'
import type { TableRow } from '../../../src/locate/tables/table.ts'
import { cidrContains, type IpAddress, toIp } from '../../../src/model/address.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inputOf, inputs, ip, open, REGIONS, type Rows, row } from './support.ts'

describe('who wins', () => {
  const AWS = ['198.51.100.0/24 eu-central-1', '198.51.100.64/26 us-east-1']
  const cases: readonly [name: string, tables: Rows, address: string, want: object | null][] = [
    ['nobody', { aws: AWS }, '192.0.2.1', null],
    [
      'a prefix',
      { aws: AWS },
      '198.51.100.1',
      { kind: 'table', region: 'eu-central-1', claim: ['DE'], prefix: '198.51.100.0/24' },
    ],
    [
      'the longer prefix',
      { aws: AWS },
      '198.51.100.64',
      { region: 'us-east-1', claim: ['US'], prefix: '198.51.100.64/26' },
    ],
    ['its last address', { aws: AWS }, '198.51.100.127', { region: 'us-east-1' }],
    ['the wider one again behind it', { aws: AWS }, '198.51.100.128', { region: 'eu-central-1' }],
    ['nobody before it', { linode: ['198.51.100.0/24 =DE'] }, '198.51.99.255', null],
    ['nobody behind it', { linode: ['198.51.100.0/24 =DE'] }, '198.51.101.0', null],
    [
      'nobody, among prefixes of a cloud: no country, and not worth asking further',
      { aws: AWS },
      '198.51.101.0',
      { kind: 'table', listed: false, provider: 'aws', claim: [], prefix: '198.51.96.0/20' },
    ],
    ['nobody, beside the block of a cloud', { aws: AWS }, '198.51.112.0', null],
    [
      'a geofeed among prefixes of a cloud',
      { aws: AWS, linode: ['198.51.101.0/24 =DE'] },
      '198.51.101.0',
      { kind: 'geofeed', listed: true, claim: ['DE'] },
    ],
    [
      'nobody, among IPv6 prefixes of a cloud',
      { aws: ['2001:db8:1::/48 eu-west-1'] },
      '2001:db8:ffff::1',
      { listed: false, claim: [], prefix: '2001:db8::/32' },
    ],
    [
      'nobody, beside a wide prefix of a cloud',
      { aws: ['198.51.0.0/17 eu-west-1'] },
      '198.51.128.0',
      null,
    ],
    [
      'nobody, among lists of what is owned',
      { github: ['198.51.100.7/32 edge'] },
      '198.51.100.8',
      null,
    ],
    [
      'the very last address',
      { aws: ['255.255.255.0/24 us-east-1'] },
      '255.255.255.255',
      { claim: ['US'] },
    ],
    ['the very first address', { aws: ['0.0.0.0/8 us-east-1'] }, '0.0.0.0', { claim: ['US'] }],
    [
      'a zone abroad inside a region',
      { aws: ['198.51.100.0/24 eu-central-1', '198.51.100.0/25 eu-central-1-ist-1'] },
      '198.51.100.1',
      { claim: ['TR'] },
    ],
    [
      'a region nobody knows: no country',
      { aws: ['198.51.100.0/24 eu-nowhere-1'] },
      '198.51.100.1',
      { kind: 'table', region: 'eu-nowhere-1', claim: [] },
    ],
    [
      'a region of another provider: no country',
      { aws: ['198.51.100.0/24 europe-west2'] },
      '198.51.100.1',
      { claim: [] },
    ],
    [
      'the edge, for the same prefix as a region',
      { aws: ['198.51.100.0/24 eu-west-1', '198.51.100.0/24 edge'] },
      '198.51.100.1',
      { kind: 'edge', region: null, claim: [] },
    ],
    [
      'the edge inside a region',
      { azure: ['198.51.100.0/24 germanywestcentral', '198.51.100.0/28 edge'] },
      '198.51.100.1',
      { kind: 'edge', claim: [] },
    ],
    [
      'a region inside the edge',
      { aws: ['198.51.100.0/24 edge', '198.51.100.0/28 eu-west-1'] },
      '198.51.100.1',
      { kind: 'table', claim: ['IE'] },
    ],
    [
      'two regions for the same prefix: both',
      { aws: ['198.51.100.0/24 us-east-1', '198.51.100.0/24 eu-west-1'] },
      '198.51.100.1',
      { region: 'eu-west-1, us-east-1', claim: ['IE', 'US'] },
    ],
    [
      'a known and an unknown region for the same prefix: no country',
      { aws: ['198.51.100.0/24 us-east-1', '198.51.100.0/24 us-nowhere-1'] },
      '198.51.100.1',
      { claim: [] },
    ],
    [
      'two providers for the same prefix: both',
      { aws: ['198.51.100.0/24 eu-west-1'], gcp: ['198.51.100.0/24 europe-west2'] },
      '198.51.100.1',
      { claim: ['GB', 'IE'], source: 'aws, gcp' },
    ],
    [
      'the edge that somebody has inside a region',
      { azure: ['198.51.100.0/24 germanywestcentral'], github: ['198.51.100.7/32 edge'] },
      '198.51.100.7',
      { kind: 'edge', provider: 'github', claim: [], prefix: '198.51.100.7/32' },
    ],
    [
      'a region, whatever somebody saw more closely',
      { azure: ['198.51.100.0/24 germanywestcentral'], 'anycast-v4': ['198.51.100.0/28 edge'] },
      '198.51.100.7',
      { kind: 'table', claim: ['DE'] },
    ],
    [
      'what somebody saw, whatever a geofeed says',
      { 'anycast-v4': ['198.51.100.0/24 edge'], linode: ['198.51.100.0/28 =DE'] },
      '198.51.100.7',
      { kind: 'edge', provider: 'bgp.tools', claim: [] },
    ],
    [
      'a region, whatever the list of its owner says more closely',
      { gcp: ['198.51.100.0/24 europe-west2'], google: ['198.51.100.7/32 edge'] },
      '198.51.100.7',
      { provider: 'gcp', claim: ['GB'], prefix: '198.51.100.0/24' },
    ],
    [
      'a region inside what is Google’s',
      { google: ['198.51.100.0/24 edge'], gcp: ['198.51.100.0/24 europe-west2'] },
      '198.51.100.7',
      { kind: 'table', claim: ['GB'] },
    ],
    [
      'what is Google’s',
      { google: ['198.51.100.0/24 edge'] },
      '198.51.100.7',
      { kind: 'edge', claim: [] },
    ],
    [
      'a tag without a region: owned, no country',
      { azure: ['198.51.100.0/24 -'] },
      '198.51.100.7',
      { kind: 'table', provider: 'azure', region: null, claim: [] },
    ],
    [
      'the regional tag for the same prefix',
      { azure: ['198.51.100.0/24 -', '198.51.100.0/24 germanywestcentral'] },
      '198.51.100.7',
      { region: 'germanywestcentral', claim: ['DE'] },
    ],
    [
      'ip-ranges over the feed that calls Hong Kong CN',
      { aws: ['198.51.100.0/24 ap-east-1'], 'aws-geofeed': ['198.51.100.0/25 =CN'] },
      '198.51.100.7',
      { kind: 'table', claim: ['HK'] },
    ],
    [
      'a geofeed where nothing else speaks',
      { 'aws-geofeed': ['198.51.100.0/25 =CN'] },
      '198.51.100.7',
      { kind: 'geofeed', provider: 'aws', region: null, claim: ['CN'] },
    ],
    [
      'two geofeeds that disagree: both',
      { linode: ['198.51.100.0/24 =DE'], vultr: ['198.51.100.0/24 =US'] },
      '198.51.100.7',
      { claim: ['DE', 'US'] },
    ],
    [
      'the part of a geofeed that asks not to be located',
      { linode: ['198.51.100.0/24 =DE', '198.51.100.0/25 ='] },
      '198.51.100.7',
      { kind: 'geofeed', claim: [], prefix: '198.51.100.0/25' },
    ],
    [
      'IPv6',
      { aws: ['2001:db8::/32 eu-west-1', '2001:db8:0:1::/64 us-east-1'] },
      '2001:db8:0:1:ffff::1',
      { claim: ['US'], prefix: '2001:db8:0:1::/64' },
    ],
    [
      'the next IPv6 prefix',
      { aws: ['2001:db8::/32 eu-west-1', '2001:db8:0:1::/64 us-east-1'] },
      '2001:db8:0:2::',
      { claim: ['IE'], prefix: '2001:db8::/32' },
    ],
    ['families never mix', { aws: ['0.0.0.0/8 us-east-1'] }, '::1', null],
  ]
  test.each(cases)('%s', (_, tables, address, want) => {
    const hit = open(tables).lookup(ip(address))
    if (want === null) expect(hit).toBeNull()
    else expect(hit).toMatchObject(want)
  })

  test('a table that says its date is quoted with it, another with the day it was fetched', () => {
    const dated = inputOf('aws', { rows: [row('198.51.100.0/24 eu-west-1')], asOf: '2026-08-22' })
    const decoded = decode(compileTables([dated, ...inputs({ linode: ['192.0.2.0/24 =DE'] })]))
    if ('fault' in decoded) throw new Error(decoded.fault)
    const tables = createPrefixTables(decoded, REGIONS)
    expect(tables.lookup(ip('198.51.100.1'))?.asOf).toBe('2026-08-22')
    expect(tables.lookup(ip('192.0.2.1'))?.asOf).toBe('2026-11-20')
  })

  test('the tables say what is in them', () => {
    const rows = ['192.0.2.0/24 eu-nowhere-1', '198.51.100.0/24 edge', '203.0.113.0/24 eu-west-1']
    expect(open({ aws: rows, azure: ['192.0.2.0/25 -'] }).tables()).toMatchObject([
      { id: 'aws', rows: 3, edges: 1, unplaced: 0, unknownRegions: ['eu-nowhere-1'] },
      { id: 'azure', rows: 1, edges: 0, unplaced: 1, unknownRegions: [] },
    ])
  })
})

describe('against a search through all rows', () => {
  const SAID = ['eu-west-1', 'us-east-1', 'eu-nowhere-1', 'edge', '-'] as const
  const prefix = fc
    .tuple(fc.constantFrom(4 as const, 6 as const), fc.integer({ min: 0, max: 0xff }), fc.nat(5))
    .map(([version, tail, length]) => {
      // Few bits that differ, so that prefixes nest and repeat.
      const bytes = new Uint8Array(version === 4 ? 4 : 16)
      const bits = bytes.length * 8 - 8 + length
      bytes[0] = 0x20
      bytes[bytes.length - 1] = tail & ~(0xff >> length)
      return `${toIp(bytes).text}/${bits}`
    })
  const ranges = fc.array(
    fc.tuple(prefix, fc.constantFrom(...SAID)).map((pair) => pair.join(' ')),
    { maxLength: 12 },
  )
  const feed = fc.array(
    fc.tuple(prefix, fc.constantFrom('=DE', '=US', '=')).map((pair) => pair.join(' ')),
    { maxLength: 12 },
  )

  test('the same answer for every address near the prefixes', () => {
    fc.assert(
      fc.property(ranges, ranges, feed, (aws, google, linode) => {
        const tables = { aws, google, linode }
        const compiled = open(tables)
        for (const address of nearby()) {
          const hit = compiled.lookup(address)
          expect([address.text, hit && [hit.kind, hit.claim, hit.prefix]]).toEqual([
            address.text,
            naive(tables, address),
          ])
        }
      }),
      { numRuns: 150 },
    )
  })

  function* nearby(): Iterable<IpAddress> {
    for (const length of [4, 16]) {
      for (let tail = 0; tail < 256; tail += 4) {
        const bytes = new Uint8Array(length)
        bytes[0] = 0x20
        bytes[length - 1] = tail
        yield toIp(bytes)
      }
    }
  }

  /** Labelled rows before owned ones before feeds, then the longest prefix, then all of the same. */
  function naive(tables: Rows, address: IpAddress): unknown {
    const all = Object.entries(tables).flatMap(([id, texts]) =>
      texts.map((text) => ({ id, row: row(text) })),
    )
    const found = all.filter((each) => cidrContains(each.row.prefix, address))
    const rank = ({ id, row }: (typeof all)[number]) =>
      id === 'linode' ? 0 : id === 'google' || (row.region === null && !row.edge) ? 1 : 2
    const best = Math.max(...found.map(rank))
    const top = found.filter((each) => rank(each) === best)
    const bits = Math.max(...top.map((each) => each.row.prefix.bits))
    const same = top.filter((each) => each.row.prefix.bits === bits)
    if (same.length === 0) return around(tables, address)
    const [first] = same
    const text = `${first?.row.prefix.base.text}/${bits}`
    if (same.some((each) => each.row.edge)) return ['edge', [], text]
    const claims = same.map((each) => placeOf(each.id, each.row))
    const unknown = claims.some((claim) => claim.length === 0)
    const union = unknown ? [] : [...new Set(claims.flat())].sort()
    return [best === 0 ? 'geofeed' : 'table', union, text]
  }

  /** All prefixes of this test are longer than these blocks. */
  function around({ aws = [] }: Rows, address: IpAddress): unknown {
    const isNear = aws.some((text) => row(text).prefix.base.version === address.version)
    return isNear ? ['table', [], address.version === 4 ? '32.0.0.0/20' : '2000::/32'] : null
  }

  function placeOf(id: string, { region, countries }: TableRow): readonly string[] {
    if (countries) return countries
    const provider = id === 'aws' ? 'aws' : 'gcp'
    const country = region === null ? null : REGIONS.find(provider, region)?.country
    return country ? [country] : []
  }
})

describe('the file', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let path: string
  beforeAll(async () => {
    folder = await temporaryFolder()
    path = join(folder.path, 'prefixes.bin')
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  const bytes = compileTables(
    inputs({
      aws: ['198.51.100.0/24 eu-west-1', '2001:db8::/32 us-east-1'],
      linode: ['192.0.2.0/24 =DE'],
    }),
  )

  const opened = async (content: Uint8Array) => {
    await writeFile(path, content)
    return openPrefixTables(path, REGIONS)
  }
  const refusal = async (content: Uint8Array) => {
    const error = await opened(content).catch((thrown: unknown) => thrown)
    if (!(error instanceof PrefixTableError)) return 'not refused'
    expect(error.hint).toContain('cordon geoip update')
    return error.message.replace(path, 'F')
  }
  /** The same file with other content and the right checksum. */
  const resealed = (change: (copy: Buffer) => Buffer | undefined) => {
    const copy = Buffer.from(bytes.subarray(0, -32))
    const changed = change(copy) ?? copy
    return Buffer.concat([changed, createHash('sha256').update(changed).digest()])
  }
  const headerBytes = bytes.readUInt32LE(12)
  const withHeader = (change: (header: Record<string, unknown>) => void) =>
    resealed((copy) => {
      const header = JSON.parse(copy.toString('utf8', 16, 16 + headerBytes))
      change(header)
      const text = Buffer.from(JSON.stringify(header))
      const fixed = Buffer.from(copy.subarray(0, 16))
      fixed.writeUInt32LE(text.length, 12)
      return Buffer.concat([fixed, text, copy.subarray(16 + headerBytes)])
    })

  test('is read as it was written', async () => {
    const tables = await opened(bytes)
    expect(tables.lookup(ip('198.51.100.1'))?.claim).toEqual(['IE'])
    expect(tables.lookup(ip('2001:db8::1'))?.claim).toEqual(['US'])
    expect(tables.lookup(ip('192.0.2.1'))?.claim).toEqual(['DE'])
    expect(tables.tables().map(({ id, source, rows }) => [id, source, rows])).toEqual([
      ['aws', 'https://aws.example/', 2],
      ['linode', 'https://linode.example/', 1],
    ])
  })

  test('a change of any one byte is noticed', async () => {
    for (let at = 0; at < bytes.length; at += 7) {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] ?? 0) ^ 1
      expect([at, await refusal(copy)]).not.toEqual([at, 'not refused'])
    }
  })

  test('so is every missing end', async () => {
    for (let length = 0; length < bytes.length; length += 11) {
      expect([length, await refusal(bytes.subarray(0, length))]).not.toEqual([
        length,
        'not refused',
      ])
    }
  })

  test.each([
    ['an empty file', Buffer.alloc(0), 'it is not a file of compiled tables'],
    ['something else', Buffer.from('hello '.repeat(100)), 'it is not a file of compiled tables'],
    [
      'a later format',
      resealed((copy) => {
        copy.writeUInt32LE(2, 8)
        return copy
      }),
      'it has format 2, not 1',
    ],
    [
      'a header that reaches beyond the file',
      resealed((copy) => {
        copy.writeUInt32LE(0xffffffff, 12)
        return copy
      }),
      'its header is not one of ours',
    ],
    ['no tables', withHeader((header) => delete header.tables), 'its header is not one of ours'],
    [
      'more intervals than there are',
      withHeader((header) => Object.assign(header, { counts: { v4: 9, v6: 9 } })),
      'its lists are not as long as it says',
    ],
    [
      'a negative count',
      withHeader((header) => Object.assign(header, { counts: { v4: -1, v6: 9 } })),
      'its header is not one of ours',
    ],
    [
      'a statement of a table that is not there',
      withHeader((header) => Object.assign(header, { tables: [] })),
      'its header is not one of ours',
    ],
    [
      'a country that is none',
      withHeader((header) => {
        header.holdings = JSON.parse(JSON.stringify(header.holdings).replace('"DE"', '"EU"'))
      }),
      'its header is not one of ours',
    ],
    [
      'a statement that is missing',
      withHeader((header) => {
        header.holdings = (header.holdings as unknown[]).slice(0, 1)
      }),
      'its lists are out of order',
    ],
    [
      'intervals out of order',
      resealed((copy) => {
        copy.writeUInt32BE(0xffffffff, 16 + headerBytes + 4)
        return copy
      }),
      'its lists are out of order',
    ],
    [
      'a list that does not begin at zero',
      resealed((copy) => {
        copy.writeUInt32BE(1, 16 + headerBytes)
        return copy
      }),
      'its lists are out of order',
    ],
  ])('refused: %s', async (_, content, problem) => {
    expect(await refusal(content)).toBe(`cannot use \`F\`: ${problem}`)
  })

  test.each([
    ['missing', 'nowhere/prefixes.bin', 'there is no such file'],
    ['a folder', 'folder', 'it is not a regular file'],
  ])('refused: one that is %s', async (_, name, problem) => {
    await mkdir(join(folder.path, 'folder'), { recursive: true })
    const error = openPrefixTables(join(folder.path, name), REGIONS)
    await expect(error).rejects.toThrow(problem)
  })
})
