/** A round of updating, without commands and network: what may take the place of what, and that nothing is lost on the way. */

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Got } from '../../src/cli/get-table.ts'
import { type TableResult, updateTables } from '../../src/cli/update-tables.ts'
import { compiledPath } from '../../src/locate/tables/folder.ts'
import { NO_TABLES, openPrefixTables } from '../../src/locate/tables/prefix-tables.ts'
import { ip, REGIONS, sourceOf } from '../locate/tables/support.ts'
import { temporaryFolder } from '../support/folder.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = join(folder.path, 'tables')
})
afterEach(() => folder[Symbol.asyncDispose]())

const NOW = Date.parse('2026-11-20T12:00:00Z')
const DAY = 86_400_000

function aws(count: number, region = 'eu-west-1', createDate = '2026-08-22-15-17-05'): string {
  const prefixes = Array.from({ length: count }, (_, i) => ({
    ip_prefix: `198.51.100.${i * 4}/30`,
    region,
    network_border_group: region,
  }))
  return JSON.stringify({ createDate, prefixes, ipv6_prefixes: [] })
}

const FEED = '192.0.2.0/24,DE,,,\n'

function fetched(text: string): Got {
  const origin = {
    source: 'https://x.example/',
    etag: '"1"',
    lastModified: null,
    date: null,
    isCurrent: true,
  }
  return { kind: 'new', bytes: Buffer.from(text), origin }
}

const FAILED: Got = { kind: 'failed', problem: 'no', hint: null }

async function opened() {
  return existsSync(compiledPath(dir)) ? openPrefixTables(compiledPath(dir), REGIONS) : NO_TABLES
}

/** One round with AWS and Linode. */
async function update(gets: Partial<Record<string, Got>>, now = NOW) {
  const announced: (readonly TableResult[])[] = []
  const asked: (string | null)[] = []
  const { results, written } = await updateTables({
    dir,
    sources: [sourceOf('aws'), sourceOf('linode')],
    facts: (await opened()).tables(),
    now,
    get: ({ id }, known) => {
      const got = gets[id]
      if (got) asked.push(known?.etag ?? null)
      return got ? Promise.resolve(got) : null
    },
    onChange: async (all) => {
      announced.push(all)
    },
  })
  const said = results.map(({ outcome, prefixes }) => `${outcome} ${prefixes}`)
  return { said, written, asked, announced, results }
}

const claim = async (address: string) => (await opened()).lookup(ip(address))?.claim ?? null

test('the first round: what could be had', async () => {
  const { said, written, announced } = await update({ aws: fetched(aws(6)), linode: FAILED })
  expect({ said, written }).toEqual({ said: ['updated 6', 'failed 0'], written: true })
  expect(announced).toHaveLength(1)
  expect(await claim('198.51.100.1')).toEqual(['IE'])
  expect(readdirSync(dir).sort()).toEqual(['originals', 'prefixes.bin'])
})

test('nothing could be had: nothing is written', async () => {
  const { written, announced } = await update({ aws: FAILED, linode: FAILED })
  expect({ written, announced }).toEqual({ written: false, announced: [] })
  expect(existsSync(dir)).toBe(false)
})

describe('with tables in use', () => {
  beforeEach(async () => {
    await update({ aws: fetched(aws(6)), linode: fetched(FEED) })
  })

  test.each([
    ['shrinks by more than a third', aws(3), 'it has 3 prefixes, the one in use has 6'],
    ['goes back in time', aws(6, 'eu-west-1', '2026-08-21'), 'it is of 2026-08-21, the one in'],
    ['is empty', aws(0), 'there is no prefix in it'],
    ['is a web page', '<html>', 'it is not JSON'],
    [
      'has one bad row',
      aws(6).replace('100.20/30', '100.21/30'),
      'prefixes[5]: `198.51.100.21/30`',
    ],
  ])('one that %s is refused, the old one kept', async (_, bad, why) => {
    const { said, results } = await update({ aws: fetched(bad) }, NOW + DAY)
    expect(said).toEqual(['refused 6', 'kept 1'])
    expect(results[0]?.problem).toContain(`https://x.example/: ${why}`)
    expect(await claim('198.51.100.21')).toEqual(['IE'])
    expect((await opened()).tables()[0]?.fetchedAt).toBe('2026-11-20T12:00:00.000Z')
  })

  test('one that is a third smaller may be true', async () => {
    expect((await update({ aws: fetched(aws(4)) })).said).toEqual(['updated 4', 'kept 1'])
    expect(await claim('198.51.100.21')).toEqual([])
  })

  test('a new one takes the place of the old one, and no other', async () => {
    expect((await update({ aws: fetched(aws(6, 'us-east-1')) })).said).toEqual([
      'updated 6',
      'kept 1',
    ])
    expect(await claim('198.51.100.1')).toEqual(['US'])
    expect(await claim('192.0.2.1')).toEqual(['DE'])
  })

  test('one that is the same is current again', async () => {
    const { said, asked } = await update({ aws: { kind: 'same' } }, NOW + DAY)
    expect({ said, asked }).toEqual({ said: ['unchanged 6', 'kept 1'], asked: ['"1"'] })
    expect((await opened()).tables().map(({ fetchedAt }) => fetchedAt.slice(0, 10))).toEqual([
      '2026-11-21',
      '2026-11-20',
    ])
  })

  test('the compiled file is lost: the originals make it anew', async () => {
    rmSync(compiledPath(dir))
    const { said, asked } = await update({ linode: fetched(FEED) })
    expect({ said, asked }).toEqual({ said: ['kept 6', 'updated 1'], asked: [null] })
    expect(await claim('198.51.100.1')).toEqual(['IE'])
  })

  test.each<[name: string, change: (path: string) => void]>([
    ['missing', (path) => rmSync(path)],
    ['damaged', (path) => writeFileSync(path, '{')],
  ])('an original is %s: nothing changes, and the table is asked for whole', async (_, change) => {
    const before = readFileSync(compiledPath(dir))
    change(join(dir, 'originals/ip-ranges.json'))
    const { said, written, results } = await update({ linode: fetched(FEED) })
    expect({ said, written }).toEqual({ said: ['failed 6', 'updated 1'], written: false })
    expect(results[0]?.problem).toContain('so nothing was changed')
    expect(readFileSync(compiledPath(dir))).toEqual(before)

    const again = await update({ aws: fetched(aws(6)) })
    expect(again).toMatchObject({ asked: [null], said: ['updated 6', 'kept 1'], written: true })
  })

  test('a log that cannot be written: nothing changes', async () => {
    const before = readFileSync(compiledPath(dir))
    const round = updateTables({
      dir,
      sources: [sourceOf('aws')],
      facts: (await opened()).tables(),
      now: NOW,
      get: async () => fetched(aws(6, 'us-east-1')),
      onChange: () => Promise.reject(new Error('full')),
    })
    await expect(round).rejects.toThrow('full')
    expect(readFileSync(compiledPath(dir))).toEqual(before)
    expect(readFileSync(join(dir, 'originals/ip-ranges.json'), 'utf8')).toContain('eu-west-1')
  })
})
