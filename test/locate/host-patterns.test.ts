/** What host names say by themselves: documented ones, look-alikes and mixed ones. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHostPatterns, type HostClaim } from '../../src/locate/host-patterns.ts'
import { ANYWHERE, UNKNOWN } from '../../src/model/region.ts'
import { CLOUD_REGIONS } from './cases/cloud-regions.ts'
import { LOOK_ALIKE, MIXED, POSITIVE } from './cases/hosts.ts'

const read = createHostPatterns(CLOUD_REGIONS)

/** As the tables of cases write it. */
function say(claim: HostClaim | null): string {
  if (!claim) return '-'
  switch (claim.about) {
    case 'anywhere':
      expect(claim.claim).toEqual(ANYWHERE)
      return '*'
    case 'region':
      return claim.claim.join(' ') || '?'
    default:
      expect(claim.claim).toEqual(UNKNOWN)
      return claim.about
  }
}

test('there are enough cases, and none is there twice', () => {
  const hosts = [...POSITIVE, ...LOOK_ALIKE, ...MIXED].map(([host]) => host)
  expect(hosts.length).toBeGreaterThanOrEqual(300)
  expect(hosts.filter((host, i) => hosts.indexOf(host) !== i)).toEqual([])
})

describe('names as vendors document them', () => {
  test.each(POSITIVE)('%s says %s', (host, want) => {
    expect(say(read(host))).toBe(want)
  })
})

describe('a look-alike says nothing that could let it pass', () => {
  test.each(LOOK_ALIKE)('%s says %s', (host, want) => {
    expect(say(read(host))).toBe(want)
  })

  test('none of them names a country', () => {
    const granted = LOOK_ALIKE.filter(([host]) => /[A-Z]/.test(read(host)?.claim.join('') ?? ''))
    expect(granted).toEqual([])
  })
})

describe('only the place that the provider writes counts', () => {
  test.each(MIXED)('%s says %s', (host, want) => {
    expect(say(read(host))).toBe(want)
  })
})

test('every documented name with something after it says nothing', () => {
  for (const [host] of POSITIVE) expect(read(`${host}.evil.example`)).toBeNull()
})

test('every documented name with something stuck to its suffix says no country', () => {
  for (const [host] of POSITIVE) {
    const labels = host.split('.')
    const stuck = [...labels.slice(0, -2), `evil${labels.at(-2)}`, labels.at(-1)].join('.')
    expect([stuck, read(stuck)?.claim.filter((code) => code !== '*') ?? []]).toEqual([stuck, []])
  }
})

test('whatever a customer puts in front of a name never makes it say another country', () => {
  const labels = [
    'eu-west-1',
    'europe-west1',
    'westeurope',
    's3',
    's3-eu-west-1',
    'amazonaws',
    'com',
    'x',
  ]
  fc.assert(
    fc.property(
      fc.constantFrom(...[...POSITIVE, ...MIXED].filter(([, want]) => want !== '?')),
      fc.array(fc.constantFrom(...labels), { minLength: 1, maxLength: 6 }),
      ([host, want], front) => {
        const said = say(read([...front, host].join('.')))
        expect([said, /^[A-Z]{2}$/.test(said) ? said : want]).toEqual([said, want])
      },
    ),
    { numRuns: 5_000 },
  )
})

test('any text at all is read without failing, and without a country unless it ends in a suffix', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      expect(read(text)).toBeNull()
      expect(read(`${text}.example`)).toBeNull()
    }),
  )
})

test('no name that names a country does so when its region is not known', () => {
  const blind = createHostPatterns({ asOf: '2026-11-20', find: () => null, of: () => [] })
  for (const [host] of [...POSITIVE, ...MIXED]) {
    expect(blind(host)?.claim.filter((code) => code !== '*') ?? []).toEqual([])
  }
})

test('the claim says which pattern, which region and why', () => {
  expect(read('s3.eu-central-2.amazonaws.com')).toEqual({
    provider: 'aws',
    pattern: '*.{region}.amazonaws.com',
    region: 'eu-central-2',
    claim: ['CH'],
    about: 'region',
    detail: '`eu-central-2` in the name is a region of aws in CH',
  })
  expect(read('s3.zz-nowhere-1.amazonaws.com')).toMatchObject({
    region: 'zz-nowhere-1',
    detail: '`zz-nowhere-1` in the name is no region known of aws there',
  })
})
