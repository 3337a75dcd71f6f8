/** The benchmark of placement on small folders: what it takes for true, and how it counts. */

import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readDirectory } from '../../bench/placement/directory.ts'
import { measure } from '../../bench/placement/measure.ts'
import { sayReport } from '../../bench/placement/report.ts'
import { addAnswer, emptyScore, type Score } from '../../bench/placement/score.ts'
import { createRandom, drawTruths } from '../../bench/placement/truth.ts'
import type { Regions } from '../../src/model/region.ts'
import { write } from '../config/support.ts'
import { inputs, ip, open, REGIONS } from '../locate/tables/support.ts'
import { temporaryFolder } from '../support/folder.ts'

const EEA = new Set(['DE', 'FR', 'IE'])

describe('an answer', () => {
  test.each<[truth: string | null, answer: Regions, counted: Partial<Score>]>([
    ['DE', ['DE'], { n: 1, right: 1 }],
    ['DE', ['DE', 'US'], { n: 1, wide: 1 }],
    ['DE', ['*'], { n: 1, wide: 1 }],
    ['DE', [], { n: 1, unknown: 1 }],
    ['DE', ['FR'], { n: 1, wrong: 1 }],
    ['DE', ['US'], { n: 1, wrong: 1, calledOut: 1 }],
    ['US', ['DE'], { n: 1, wrong: 1, calledIn: 1 }],
    ['US', ['DE', 'FR'], { n: 1, wrong: 1, calledIn: 1 }],
    ['US', ['DE', 'US'], { n: 1, wide: 1 }],
    [null, ['US'], { edge: 1, edgeSingle: 1 }],
    [null, ['US', 'DE'], { edge: 1 }],
    [null, [], { edge: 1 }],
  ])('%j, said to be %j', (country, answer, counted) => {
    const score = emptyScore()
    addAnswer(score, { provider: 'aws', address: ip('192.0.2.1'), country }, answer, EEA)
    expect(score).toEqual({ ...emptyScore(), ...counted })
  })
})

describe('the truth', () => {
  const draw = (seed: number) =>
    drawTruths(
      inputs({
        aws: [
          '198.51.100.0/24 eu-central-1',
          '198.51.100.0/25 eu-central-1-ist-1',
          '192.0.2.0/24 edge',
          '203.0.113.0/24 eu-nowhere-1',
        ],
        azure: ['203.0.113.0/25 -', '203.0.113.128/25 -', '203.0.113.128/25 germanywestcentral'],
        linode: ['192.0.2.0/25 =DE', '192.0.2.128/25 ='],
      }),
      REGIONS,
      createRandom(seed),
    )

  test('one address a prefix, where no longer one speaks; what nobody knows is left out', () => {
    const { list, excluded } = draw(1)
    expect(excluded).toBe(3)
    expect(list.map(({ provider, country }) => `${provider} ${country}`)).toEqual([
      'aws null',
      'aws DE',
      'aws TR',
      'azure DE',
      'linode DE',
    ])
    for (let seed = 0; seed < 20; seed++) {
      const german = draw(seed).list[1]
      expect(german?.address.bytes[3]).toBeGreaterThanOrEqual(128)
    }
  })

  test('nobody is believed who saw many places where a provider names a region', () => {
    const rows = {
      aws: ['198.51.100.0/24 eu-central-1'],
      'anycast-v4': ['198.51.100.0/28 edge', '192.0.2.0/24 edge'],
    }
    const { list, excluded } = drawTruths(inputs(rows), REGIONS, createRandom(1), open(rows))
    expect(excluded).toBe(1)
    expect(list.map(({ provider, country }) => `${provider} ${country}`)).toEqual([
      'aws DE',
      'bgp.tools null',
    ])
  })

  test('the same seed, the same addresses', () => {
    const texts = (seed: number) => draw(seed).list.map(({ address }) => address.text)
    expect(texts(7)).toEqual(texts(7))
    expect(texts(7)).not.toEqual(texts(8))
  })
})

describe('a folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const google = (scope: string, third = 2) =>
    JSON.stringify({ prefixes: [{ ipv4Prefix: `192.0.${third}.0/24`, scope }] })

  test('tables by name, by content, below; others are said', async () => {
    write(folder.path, {
      'cloud.json': google('europe-west2'),
      'deep/er/ips-v4.txt': '198.51.100.0/24\n',
      'whatever.json': JSON.stringify({
        regions: [{ region: 'a-b-1', cidrs: [{ cidr: '203.0.113.0/24' }] }],
      }),
      'gcp.json': google('europe-west2'),
      'readme.md': 'x',
      'aws.json': '{}',
    })
    const { tables, skipped } = await readDirectory(folder.path)
    expect(tables.map(({ source }) => source.id)).toEqual(['gcp', 'cloudflare-v4', 'oci'])
    expect(skipped).toEqual([
      'aws.json: there are no `prefixes` and `ipv6_prefixes`',
      'gcp.json: gcp is there twice',
      'readme.md: not named like any table',
    ])
  })

  test('the old table against the new truth', async () => {
    write(folder.path, {
      'old/cloud.json': google('europe-west2'),
      'new/cloud.json': google('europe-west3'),
    })
    const [dir, old] = [join(folder.path, 'new'), join(folder.path, 'old')]
    const report = await measure({ dir, old, seed: 1 })
    expect(report?.scores.table['gcp IPv4']).toMatchObject({ n: 1, wrong: 1, calledOut: 1 })
    // Documentation space: no country file knows it.
    expect(report?.scores.none['gcp IPv4']).toMatchObject({ n: 1, unknown: 1 })
    expect(report && sayReport(report)).toMatch(/\ngcp IPv4 +1 +0\.000 +100\.000 /)
    const same = await measure({ dir, old: null, seed: 1 })
    expect(same?.scores.table.all).toMatchObject({ n: 1, right: 1 })
  })

  test('nothing to measure with', async () => {
    expect(await measure({ dir: folder.path, old: null, seed: 1 })).toBeNull()
  })
})
