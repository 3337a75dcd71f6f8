/** The shipped catalogue, row by row, and how a request refines what it says. */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '../../src/config/catalogue.ts'
import { type CatalogueView, createCatalogue } from '../../src/locate/catalogue.ts'
import { createHostPatterns } from '../../src/locate/host-patterns.ts'
import type { CatalogueEntry, CatalogueRequest } from '../../src/model/catalogue.ts'
import { parseHostTemplate } from '../../src/model/host-template.ts'
import { ANYWHERE, type Regions, UNKNOWN } from '../../src/model/region.ts'
import type { ZoneTable } from '../../src/policy/zones.ts'
import { PROJECT } from '../support/proxy.ts'
import { CLOUD_REGIONS } from './cases/cloud-regions.ts'
import { ENDPOINTS } from './cases/endpoints.ts'

const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(
  ' ',
)
const EEA = [...EU, 'IS', 'LI', 'NO'].sort()
const ZONES: ZoneTable = new Map([
  ['EU', new Set(EU)],
  ['EEA', new Set(EEA)],
])
const NAMED: Readonly<Record<string, Regions>> = {
  EU,
  'EEA CH': [...EEA, 'CH'].sort(),
  'EEA CH GB': [...EEA, 'CH', 'GB'].sort(),
  'EU US': [...EU, 'US'].sort(),
  '*': ANYWHERE,
  '?': UNKNOWN,
}

const loaded = loadCatalogue([join(PROJECT, 'geoip/catalogue.yaml')], ZONES, PROJECT)
const entries = 'entries' in loaded ? loaded.entries : []
const readHost = createHostPatterns(CLOUD_REGIONS)
const shipped = createCatalogue(entries, readHost)

function head(changes: Partial<CatalogueView> = {}): CatalogueView {
  return { method: 'POST', path: '/', query: '', header: () => [], field: () => [], ...changes }
}

describe('the shipped catalogue', () => {
  test('loads, and has what it promises', () => {
    expect('problems' in loaded ? loaded.problems : []).toEqual([])
    expect(entries.length).toBeGreaterThanOrEqual(80)
    for (const { id, source, asOf } of entries) {
      expect([id, new URL(source).protocol]).toEqual([id, 'https:'])
      expect([id, asOf]).toEqual([id, expect.stringMatching(/^20\d\d-\d\d-\d\d$/)])
    }
  })

  test('every entry has a case', () => {
    const found = new Set(ENDPOINTS.map(([host]) => shipped.find(host)?.entry.id))
    expect(entries.map(({ id }) => id).filter((id) => !found.has(id))).toEqual([])
  })

  test.each(ENDPOINTS)('%s is %s', (host, want) => {
    const match = shipped.find(host)
    const claim = match && shipped.refine(match, head()).claim
    expect(claim).toEqual(want === '-' ? null : (NAMED[want] ?? want.split(' ')))
  })

  test('a name with something after it, or stuck to its end, is in no entry', () => {
    for (const [host] of ENDPOINTS) {
      const labels = host.split('.')
      const stuck = [...labels.slice(0, -2), `evil${labels.at(-2)}`, labels.at(-1)].join('.')
      for (const name of [`${host}.evil.example`, stuck]) expect(shipped.find(name)).toBeNull()
    }
  })

  test('what serves models, and what does not', () => {
    const serves = (host: string) => shipped.find(host)?.entry.servesModels ?? null
    for (const host of [
      'api.openai.com',
      'api.anthropic.com',
      'generativelanguage.googleapis.com',
    ]) {
      expect(serves(host)).toBe(true)
    }
    expect(serves('bedrock-runtime.eu-west-1.amazonaws.com')).toBe(true)
    for (const host of ['storage.googleapis.com', 'sentry.io', 'x.r2.cloudflarestorage.com']) {
      expect(serves(host)).toBe(false)
    }
  })

  test('what a refusal can suggest names a host, its places and what to ask for', () => {
    const suggest = (host: string) => {
      const match = shipped.find(host)
      return match ? shipped.refine(match, null).instead : []
    }
    expect(suggest('api.openai.com')).toEqual([
      { host: 'eu.api.openai.com', asking: null, regions: NAMED['EEA CH'] },
      { host: 'us.api.openai.com', asking: null, regions: ['US'] },
    ])
    expect(suggest('api.anthropic.com')).toEqual([
      { host: 'api.anthropic.com', asking: '/v1/messages, inference_geo = us', regions: ['US'] },
    ])
    expect(suggest('api.deepgram.com')).toEqual([
      { host: 'api.eu.deepgram.com', asking: 'mip_opt_out=true', regions: EU },
    ])
  })

  test('the claim says whose statement it is, from when, and its exceptions', () => {
    const match = shipped.find('eu.api.openai.com')
    expect(match && shipped.refine(match, null)).toMatchObject({
      id: 'openai-eu',
      vendor: 'OpenAI',
      operator: 'US',
      source: 'https://developers.openai.com/api/docs/guides/data-residency',
      asOf: '2026-11-20',
      detail:
        'OpenAI states this for this host: storage and processing, TLS ends there; system data is excluded',
    })
  })
})

describe('requests to shipped entries', () => {
  test.each<[name: string, host: string, request: Partial<CatalogueView> | null, want: string]>([
    ['Anthropic, nothing asked', 'api.anthropic.com', { path: '/v1/messages' }, '*'],
    ['Anthropic, us', 'api.anthropic.com', { path: '/v1/messages', field: () => ['us'] }, 'US'],
    [
      'Anthropic, global',
      'api.anthropic.com',
      { path: '/v1/messages', field: () => ['global'] },
      '*',
    ],
    [
      'Anthropic, a value not on record',
      'api.anthropic.com',
      { path: '/v1/messages', field: () => ['eu'] },
      '*',
    ],
    [
      'Anthropic, us and global',
      'api.anthropic.com',
      { path: '/v1/messages', field: () => ['us', 'global'] },
      '*',
    ],
    [
      'Anthropic, global and us',
      'api.anthropic.com',
      { path: '/v1/messages', field: () => ['global', 'us'] },
      '*',
    ],
    [
      'Anthropic, us twice',
      'api.anthropic.com',
      { path: '/v1/messages', field: () => ['us', 'us'] },
      'US',
    ],
    [
      'Anthropic, US in capitals',
      'api.anthropic.com',
      { path: '/v1/messages', field: () => ['US'] },
      '*',
    ],
    [
      'Anthropic, body not seen',
      'api.anthropic.com',
      { path: '/v1/messages', field: () => null },
      '*',
    ],
    [
      'Anthropic, us at another path',
      'api.anthropic.com',
      { path: '/v1/files', field: () => ['us'] },
      '*',
    ],
    ['Anthropic, nothing seen at all', 'api.anthropic.com', null, '*'],
    ['Deepgram EU', 'api.eu.deepgram.com', { path: '/v1/listen' }, '*'],
    [
      'Deepgram EU, opted out',
      'api.eu.deepgram.com',
      { query: 'model=nova&mip_opt_out=true' },
      'EU',
    ],
    [
      'Deepgram EU, both ways',
      'api.eu.deepgram.com',
      { query: 'mip_opt_out=true&mip_opt_out=false' },
      '*',
    ],
    [
      'Deepgram EU, opted out, encoded',
      'api.eu.deepgram.com',
      { query: 'mip%5Fopt_out=true' },
      '*',
    ],
    [
      'Deepgram EU, opted out, and once encoded',
      'api.eu.deepgram.com',
      { query: 'mip_opt_out=true&mip%5fopt_out=false' },
      '*',
    ],
    [
      'Deepgram EU, opted out, other case',
      'api.eu.deepgram.com',
      { query: 'mip_opt_out=true&MIP_opt_out=false' },
      '*',
    ],
    [
      'Deepgram EU, opted out after `;`',
      'api.eu.deepgram.com',
      { query: 'x=1;mip_opt_out=true' },
      '*',
    ],
    ['Deepgram global, opted out', 'api.deepgram.com', { query: 'mip_opt_out=true' }, '*'],
    [
      'Azure Speech by its path',
      'westeurope.api.cognitive.microsoft.com',
      { path: '/speechtotext/v3.2/transcriptions' },
      'NL',
    ],
    [
      'Azure Speech by its path, encoded',
      'westeurope.api.cognitive.microsoft.com',
      { path: '/speech%74otext/v3.2/transcriptions' },
      '*',
    ],
    [
      'Azure Speech, and back out of it',
      'westeurope.api.cognitive.microsoft.com',
      { path: '/speechtotext/../openai/x' },
      '*',
    ],
    [
      'Azure Speech, and back out of it, encoded',
      'westeurope.api.cognitive.microsoft.com',
      { path: '/speechtotext/%2e%2e/openai/x' },
      '*',
    ],
    [
      'Azure models on the same host',
      'westeurope.api.cognitive.microsoft.com',
      { path: '/openai/deployments/x' },
      '*',
    ],
    [
      'Snowflake in Frankfurt',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '/api/v2/statements' },
      'DE',
    ],
    [
      'Snowflake Cortex in Frankfurt',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '/api/v2/cortex/inference:complete' },
      '*',
    ],
    [
      'Snowflake Cortex, encoded',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '/api/v2/c%6frtex/inference:complete' },
      '*',
    ],
    [
      'Snowflake Cortex, other case',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '/API/v2/Cortex/inference:complete' },
      '*',
    ],
    [
      'Snowflake Cortex behind dots',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '/x/../api/v2/cortex/y' },
      '*',
    ],
    [
      'Snowflake Cortex behind slashes',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '//api/v2/cortex/y' },
      '*',
    ],
    [
      'Snowflake Cortex behind a backslash',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '/api\\v2/cortex/y' },
      '*',
    ],
    [
      'Snowflake Cortex, nothing below it',
      'xy1.eu-central-1.snowflakecomputing.com',
      { path: '/api/v2/cortex' },
      '*',
    ],
    ['Snowflake, nothing seen at all', 'xy1.eu-central-1.snowflakecomputing.com', null, '*'],
    [
      'Claude on AWS in Frankfurt',
      'aws-external-anthropic.eu-central-1.api.aws',
      { path: '/v1/messages' },
      '*',
    ],
    [
      'Claude on AWS in Frankfurt, us',
      'aws-external-anthropic.eu-central-1.api.aws',
      { path: '/v1/messages', field: () => ['us'] },
      'US',
    ],
  ])('%s', (_, host, request, want) => {
    const match = shipped.find(host)
    const claim = match && shipped.refine(match, request && head(request))
    expect(claim?.claim).toEqual(NAMED[want] ?? [want])
  })

  test.each<[host: string, path: string, want: boolean]>([
    ['api.anthropic.com', '/v1/messages', true],
    ['api.anthropic.com', '/v1/files', true],
    ['eu.api.openai.com', '/v1/responses', false],
    ['aws-external-anthropic.eu-central-1.api.aws', '/v1/messages', true],
    ['aws-external-anthropic.eu-central-1.api.aws', '/v1/models', false],
    ['aws-external-anthropic.eu-central-1.api.aws', '/v1/%6dessages', true],
    ['api.eu.deepgram.com', '/v1/listen', false],
  ])('whether the body of a request to %s%s matters: %s', (host, path, want) => {
    const match = shipped.find(host)
    expect(match && shipped.needsBody(match, head({ path }))).toBe(want)
  })
})

describe('conditions of an entry', () => {
  const condition: CatalogueRequest = {
    path: null,
    method: null,
    query: null,
    header: null,
    field: null,
    regions: ['DE'],
  }
  const claimOf = (
    regions: CatalogueEntry['regions'],
    requests: readonly Partial<CatalogueRequest>[],
    request: CatalogueView | null,
    host = 'api.example.com',
  ) => {
    const parsed = parseHostTemplate('*.example.com')
    const entry: CatalogueEntry = {
      id: 'example',
      vendor: 'Example',
      operator: null,
      followsRequest: false,
      servesModels: false,
      hosts: 'value' in parsed ? [parsed.value] : [],
      regions,
      requests: requests.map((one) => ({ ...condition, ...one })),
      instead: [],
      source: 'the test',
      asOf: '2026-11-20',
      note: null,
    }
    const catalogue = createCatalogue([entry], readHost)
    const match = catalogue.find(host)
    return match && catalogue.refine(match, request).claim
  }
  const geo = (value: string, regions: Regions): Partial<CatalogueRequest> => ({
    field: { name: 'geo', values: [value] },
    regions,
  })

  test.each<[name: string, values: readonly string[] | null, want: Regions]>([
    ['absent', [], ['US']],
    ['the one', ['de'], ['DE']],
    ['the other', ['fr'], ['FR']],
    ['neither', ['it'], ['US']],
    ['both', ['de', 'fr'], ['DE', 'FR', 'US']],
    ['one, and one not on record', ['de', 'it'], ['DE', 'US']],
    ['spelled otherwise', ['DE'], ['DE', 'US']],
    ['in wide letters', ['\uff44\uff45'], ['DE', 'US']],
    ['with white space', ['de '], ['DE', 'US']],
    ['not seen', null, ['DE', 'FR', 'US']],
  ])('a value that is %s', (_, values, want) => {
    const requests = [geo('de', ['DE']), geo('fr', ['FR'])]
    expect(claimOf(['US'], requests, head({ field: () => values }))).toEqual(want)
    expect(claimOf(['US'], requests.toReversed(), head({ field: () => values }))).toEqual(want)
  })

  test('of two that hold, both count', () => {
    const requests = [geo('de', ['DE']), { path: '/v1/*', regions: ['FR'] }]
    const request = head({ path: '/v1/x', field: () => ['de'] })
    expect(claimOf(['US'], requests, request)).toEqual(['DE', 'FR'])
  })

  test('one that has to hold with another does not hold alone', () => {
    const both = [{ ...geo('de', ['DE']), method: 'PUT' }]
    expect(claimOf(['US'], both, head({ field: () => ['de'] }))).toEqual(['US'])
    expect(claimOf(['US'], both, head({ method: 'PUT', field: () => ['de'] }))).toEqual(['DE'])
    expect(claimOf(['US'], both, head({ method: 'put', field: () => ['de'] }))).toEqual([
      'DE',
      'US',
    ])
  })

  test('headers, with several values', () => {
    const requests = [{ header: { name: 'x-geo', values: ['de'] } }]
    const send = (...values: string[]) => head({ header: () => values })
    expect(claimOf(['US'], requests, send('de'))).toEqual(['DE'])
    expect(claimOf(['US'], requests, send('de', 'us'))).toEqual(['DE', 'US'])
    expect(claimOf(['US'], requests, send('us, de'))).toEqual(['DE', 'US'])
    expect(claimOf(['US'], requests, send('de, de'))).toEqual(['DE'])
    expect(claimOf(['US'], requests, send())).toEqual(['US'])
  })

  test.each<[query: string, want: Regions]>([
    ['', ['DE']],
    ['geo=de', ['DE']],
    ['geo=global', ['FR']],
    ['a=1&geo=global&b=2', ['FR']],
    ['geo=de&geo=global', ['DE', 'FR']],
    ['geo=glob%61l', ['DE', 'FR']],
    ['g%65o=global', ['DE', 'FR']],
    ['Geo=global', ['DE', 'FR']],
    ['geo=Global', ['DE', 'FR']],
    ['a=1;geo=global', ['DE', 'FR']],
    ['geo[]=global', ['DE', 'FR']],
    ['geography=global', ['DE']],
    ['a=geo=global', ['DE']],
  ])('a query of `%s` cannot hide that it asks for more', (query, want) => {
    const requests = [{ query: { name: 'geo', values: ['global'] }, regions: ['FR'] }]
    expect(claimOf(['DE'], requests, head({ query }))).toEqual(want)
  })

  test('what is unknown stays unknown in a union', () => {
    expect(claimOf(UNKNOWN, [geo('de', ['DE'])], head({ field: () => null }))).toEqual(UNKNOWN)
    expect(claimOf('from-host-label', [], head())).toEqual(UNKNOWN)
  })
})
