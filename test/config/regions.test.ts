/** `geoip/regions.yaml`: the facts that are easily got wrong, and what becomes of a file with a mistake in it. */

import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadCloudRegions } from '../../src/config/regions.ts'
import { temporaryFolder } from '../support/folder.ts'
import { PROJECT } from '../support/proxy.ts'
import { load, say, write } from './support.ts'

const regions = loadCloudRegions(join(PROJECT, 'geoip/regions.yaml'), PROJECT)

describe('the shipped facts', () => {
  test.each([
    ['aws', 'eu-central-1', 'DE'],
    ['aws', 'eu-west-2', 'GB'],
    ['aws', 'eu-central-2', 'CH'],
    ['aws', 'eusc-de-east-1', 'DE'],
    ['aws', 'ap-east-1', 'HK'],
    ['aws', 'ap-east-2', 'TW'],
    ['aws', 'us-gov-west-1', 'US'],
    // Zones in another country than the region they belong to.
    ['aws', 'eu-central-1-ist-1', 'TR'],
    ['aws', 'eu-central-1-waw-1', 'PL'],
    ['aws', 'eu-north-1-hel-1', 'FI'],
    ['aws', 'us-east-1-bue-1', 'AR'],
    ['aws', 'us-east-1-qro-1', 'MX'],
    ['aws', 'ap-southeast-1-bkk-1', 'TH'],
    ['aws', 'us-west-2-hnl-1', 'US'],
    ['aws', 'eu-west-2-wl2-man-wlz-1', 'GB'],
    ['gcp', 'europe-west1', 'BE'],
    ['gcp', 'europe-west2', 'GB'],
    ['gcp', 'europe-west6', 'CH'],
    ['gcp', 'asia-east2', 'HK'],
    ['azure', 'westeurope', 'NL'],
    ['azure', 'northeurope', 'IE'],
    ['azure', 'eastasia', 'HK'],
    ['azure', 'norwayeast', 'NO'],
    // As service tags call them.
    ['azure', 'norwaye', 'NO'],
    ['azure', 'germanywc', 'DE'],
    ['azure', 'centralfrance', 'FR'],
    ['azure', 'switzerlandn', 'CH'],
    ['oci', 'eu-jovanovac-1', 'RS'],
    ['oci', 'uk-london-1', 'GB'],
    ['oci', 'eu-zurich-1', 'CH'],
    ['ibm', 'eu-gb', 'GB'],
    ['alibaba', 'cn-hongkong', 'HK'],
    ['alibaba', 'eu-west-1', 'GB'],
    ['tencent', 'ap-hongkong', 'HK'],
    ['digitalocean', 'lon1', 'GB'],
    ['linode', 'eu-central-1', 'DE'],
    ['hetzner', 'ash', 'US'],
    ['ovh', 'uk', 'GB'],
    ['scaleway', 'pl-waw', 'PL'],
  ])('%s %s is in %s', (provider, name, country) => {
    expect(regions.find(provider, name)?.country).toBe(country)
    expect(regions.find(provider, name.toUpperCase())?.country).toBe(country)
  })

  test.each([
    ['a region nobody announced', 'gcp', 'europe-west15'],
    ['another one', 'azure', 'northeurope2'],
    ['a zone that will come', 'aws', 'eu-central-1-xyz-1'],
    ['a region with something behind it', 'aws', 'eu-central-1a'],
    ['the prefix of one', 'aws', 'eu-central'],
    ['all of them', 'aws', 'GLOBAL'],
    ['a region of somebody else', 'gcp', 'eu-central-1'],
    ['nothing', 'aws', ''],
    ['a key of every object', 'aws', '__proto__'],
    ['a provider nobody knows', 'constructor', 'eu-central-1'],
  ])('%s has no country', (_, provider, name) => {
    expect(regions.find(provider, name)).toBeNull()
  })

  test('an alias leads to the name the provider documents', () => {
    expect(regions.find('azure', 'GermanyWC')).toEqual({
      provider: 'azure',
      name: 'germanywestcentral',
      country: 'DE',
    })
  })

  test('`of` lists one provider, aliases left out', () => {
    const names = regions.of('azure').map(({ name }) => name)
    expect(names).toContain('germanywestcentral')
    expect(names).not.toContain('germanywc')
    expect(regions.of('nobody')).toEqual([])
  })
})

describe('groups of states', () => {
  const countriesOf = async (zone: string) => {
    await using folder = await temporaryFolder()
    write(folder.path, { 'cordon.yaml': `version: 1\nhome: ${zone}\n` })
    return [...load(folder.path).policy.home.countries]
  }

  test.each([
    ['SCHENGEN', 29, ['NO', 'CH', 'BG', 'RO'], ['IE', 'CY', 'GB']],
    ['GDPR-ADEQUACY', 14, ['BR', 'GB', 'JP', 'CH'], ['US', 'CA', 'DE']],
    ['FIVE-EYES', 5, ['NZ', 'US'], ['IE']],
    ['GCC', 6, ['SA', 'QA'], ['YE', 'IQ']],
  ])('%s has %i countries', async (zone, count, inside, outside) => {
    const countries = await countriesOf(zone)
    expect(countries).toHaveLength(count)
    for (const code of inside) expect(countries).toContain(code)
    for (const code of outside) expect(countries).not.toContain(code)
  })
})

describe('a file with a mistake gives nothing', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const HEAD = 'version: 1\nas_of: 2026-11-20\nproviders:\n'
  const aws = (rest: string) => `${HEAD}  aws: { as_of: 2026-11-20, source: s, ${rest} }\n`

  test.each([
    ['no country', aws('regions: { eu-x: EU }'), ':4:57: not a country code; write for example DE'],
    ['a country in lower case', aws('regions: { eu-x: de }'), 'not a country code'],
    ['a name in upper case', aws('regions: { EU-X: DE }'), 'the name of a region has'],
    ['a region twice', aws('regions: { a: DE, a: FR }'), '`a` is set twice'],
    ['an alias of nothing', aws('regions: { a: DE }, aliases: { b: c }'), '`c` is not a region'],
    [
      'an alias that is a region',
      aws('regions: { a: DE, b: FR }, aliases: { a: b }'),
      '`a` is a region already',
    ],
    ['no date', `${HEAD}  aws: { source: s, regions: { a: DE } }\n`, '`as_of` is missing'],
    ['an unknown key', aws('regions: { a: DE }, x: 1'), 'unknown key `x`'],
    ['another version', 'version: 2\nas_of: 2026-11-20\nproviders: {}\n', 'expected 1'],
  ])('%s', (_, text, expected) => {
    write(folder.path, { 'regions.yaml': text })
    const path = join(folder.path, 'regions.yaml')
    let said: readonly string[] = []
    try {
      loadCloudRegions(path, folder.path)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      said = error.problems.map(say)
    }
    expect(said.join('\n')).toContain(expected)
  })
})
