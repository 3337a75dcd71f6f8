/** Each provider's table: what its rows say, and that one bad row refuses the whole table. */

import { describe, expect, test } from 'vitest'
import { TABLE_SOURCES } from '../../../src/locate/tables/sources.ts'
import { MAX_TABLE_BYTES, type TableRow } from '../../../src/locate/tables/table.ts'
import { read } from './support.ts'

/** Rows as a person would read them: `prefix region`, `prefix edge`, `prefix -`, `prefix =DE`. */
function said(result: ReturnType<typeof read>): readonly string[] | string {
  if ('fault' in result) return result.fault
  return result.value.rows.map(sayRow)
}

function sayRow({ prefix, region, countries, edge }: TableRow): string {
  const what = countries ? `=${countries.join(',')}` : edge ? 'edge' : (region ?? '-')
  return `${prefix.base.text}/${prefix.bits} ${what}`
}

const json = (value: unknown) => JSON.stringify(value)

const aws = (prefixes: readonly unknown[], ipv6: readonly unknown[] = []) =>
  json({ createDate: '2026-08-22-15-17-05', prefixes, ipv6_prefixes: ipv6 })
const awsRow = (prefix: string, region: string, group = region, service = 'AMAZON') => ({
  ip_prefix: prefix,
  region,
  service,
  network_border_group: group,
})

describe('AWS', () => {
  test('the border group counts before the region', () => {
    const text = aws([
      awsRow('198.51.100.0/24', 'eu-central-1', 'eu-central-1-ist-1'),
      awsRow('203.0.113.0/24', 'eu-central-1'),
    ])
    expect(said(read('aws', text))).toEqual([
      '198.51.100.0/24 eu-central-1-ist-1',
      '203.0.113.0/24 eu-central-1',
    ])
  })

  test('GLOBAL is the edge; a regional prefix of an edge service is where AWS says', () => {
    const text = aws(
      [
        awsRow('198.51.100.0/24', 'GLOBAL', 'GLOBAL', 'CLOUDFRONT'),
        awsRow('203.0.113.0/24', 'eu-west-1', 'GLOBAL'),
        awsRow('192.0.2.0/24', 'eu-west-1', 'eu-west-1', 'GLOBALACCELERATOR'),
      ],
      [
        {
          ipv6_prefix: '2001:db8::/40',
          region: 'GLOBAL',
          service: 'AMAZON',
          network_border_group: 'GLOBAL',
        },
      ],
    )
    expect(said(read('aws', text))).toEqual([
      '198.51.100.0/24 edge',
      '203.0.113.0/24 edge',
      '192.0.2.0/24 eu-west-1',
      '2001:db8::/40 edge',
    ])
  })

  test('its date', () => {
    expect(read('aws', aws([awsRow('192.0.2.0/24', 'x')]))).toMatchObject({
      value: { asOf: '2026-08-22' },
    })
  })

  const one = awsRow('192.0.2.0/24', 'eu-west-1')
  test.each([
    ['no JSON', 'prefixes', 'it is not JSON'],
    ['cut in the middle', aws([one]).slice(0, -30), 'it is not JSON'],
    ['another shape', json([]), 'there are no `prefixes`'],
    ['one family missing', json({ prefixes: [one] }), 'there are no `prefixes`'],
    ['no rows', aws([]), 'there is no prefix in it'],
    ['host bits', aws([one, awsRow('192.0.2.1/24', 'x')]), 'prefixes[1]: `192.0.2.1/24` is not a'],
    [
      'the wrong family',
      aws([awsRow('2001:db8::/40', 'x')]),
      'prefixes[0]: `2001:db8::/40` is not',
    ],
    ['half of the Internet', aws([awsRow('128.0.0.0/1', 'eu-west-1')]), 'is too wide'],
    ['the other half too', aws([], [{ ...one, ipv6_prefix: '2000::/3' }]), 'is too wide'],
    ['a number', aws([{ ...one, ip_prefix: 7 }]), 'prefixes[0]: the prefix is not text'],
    ['no region', aws([{ ...one, region: undefined }]), 'prefixes[0]: the region is not text'],
    ['no group', aws([{ ...one, network_border_group: null }]), 'the region is not text'],
    ['a region with a line break', aws([awsRow('192.0.2.0/24', 'a\nb')]), '`a?b` is no region'],
    ['a row that is null', aws([null]), 'prefixes[0]: the prefix is not text'],
    ['a row that is a list', aws([['192.0.2.0/24', 'eu-west-1']]), 'prefixes[0]: the prefix'],
    ['a row of the prototype', aws([{ __proto__: one }]), 'prefixes[0]: the prefix is not text'],
  ])('refused: %s', (_, text, fault) => {
    expect(said(read('aws', text))).toContain(fault)
  })
})

describe('JSON of any table', () => {
  test.each([
    [
      'a key twice',
      '{"prefixes":[],"ipv6_prefixes":[],"prefixes":[]}',
      'the key "prefixes" is there',
    ],
    ['a key twice in a row', `{"prefixes":[{"region":"a", "region" :"b"}]}`, 'the key "region"'],
    ['a key with escapes', '{"prefi\\u0078es":[]}', 'a key is written with escapes'],
    ['100,000 lists in each other', '['.repeat(100_000), 'it is nested too deeply'],
    [
      'lists in each other, closed',
      `${'['.repeat(13)}${']'.repeat(13)}`,
      'it is nested too deeply',
    ],
    ['a string without end', '{"prefixes', 'it is not JSON'],
    ['nothing', '', 'it is not JSON'],
    ['two values', '{} {}', 'it is not JSON'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'it is not UTF-8'],
    ['too many bytes', new Uint8Array(MAX_TABLE_BYTES + 1), 'it is over'],
  ])('refused: %s', (_, text, fault) => {
    expect(said(read('aws', text))).toContain(fault)
  })

  test('what looks like structure inside of strings is text', () => {
    const text = json({
      createDate: '[[[[[[[[[[[[[{"a":1,"a\\"":',
      prefixes: [],
      ipv6_prefixes: [],
    })
    expect(said(read('aws', text))).toBe('there is no prefix in it')
  })
})

describe('Google', () => {
  const list = (...prefixes: unknown[]) =>
    json({ creationTime: '2026-05-05T19:04:08.194918', prefixes })

  test('a scope is a region or global', () => {
    const text = list(
      { ipv4Prefix: '192.0.2.0/24', service: 'Google Cloud', scope: 'europe-west2' },
      { ipv6Prefix: '2001:db8::/44', service: 'Google Cloud', scope: 'global' },
    )
    expect(said(read('gcp', text))).toEqual(['192.0.2.0/24 europe-west2', '2001:db8::/44 edge'])
    expect(read('gcp', text)).toMatchObject({ value: { asOf: '2026-05-05' } })
  })

  test('the list without scopes says only that it is Google', () => {
    expect(said(read('google', list({ ipv4Prefix: '192.0.2.0/24' })))).toEqual([
      '192.0.2.0/24 edge',
    ])
  })

  test.each([
    [
      'gcp',
      'no scope',
      list({ ipv4Prefix: '192.0.2.0/24' }),
      'prefixes[0]: the region is not text',
    ],
    [
      'gcp',
      'two prefixes in one row',
      list({ ipv4Prefix: '192.0.2.0/24', ipv6Prefix: '2001:db8::/44', scope: 'x' }),
      'prefixes[0]: there are two prefixes',
    ],
    ['gcp', 'no prefix in a row', list({ scope: 'x' }), 'prefixes[0]: the prefix is not text'],
    ['google', 'no list', json({}), 'there are no `prefixes`'],
    [
      'google',
      'a bad prefix',
      list({ ipv4Prefix: '192.0.2.0/33' }),
      '`192.0.2.0/33` is not a prefix',
    ],
  ])('refused by %s: %s', (id, _, text, fault) => {
    expect(said(read(id, text))).toContain(fault)
  })
})

describe('Azure', () => {
  const tag = (name: string, region: string, ...addressPrefixes: unknown[]) => ({
    name,
    id: name,
    properties: { region, addressPrefixes },
  })
  const tags = (...values: unknown[]) => json({ changeNumber: 1, cloud: 'Public', values })

  test('regional tags, the tag of all, edge tags; other tags repeat them', () => {
    const text = tags(
      tag('Storage.WestEurope', 'westeurope', '192.0.2.0/26'),
      tag('AzureCloud', '', '192.0.2.0/24', '203.0.113.0/24'),
      tag('AzureCloud.germanywc', 'germanywc', '192.0.2.0/24'),
      tag('AzureFrontDoor.Frontend', '', '198.51.100.0/25'),
      tag('AzureTrafficManager', '', '198.51.100.128/25'),
      tag('AzureFrontDoorElse', '', '198.51.100.0/24'),
    )
    expect(said(read('azure', text))).toEqual([
      '192.0.2.0/24 -',
      '203.0.113.0/24 -',
      '192.0.2.0/24 germanywc',
      '198.51.100.0/25 edge',
      '198.51.100.128/25 edge',
    ])
  })

  test.each([
    ['another cloud', json({ cloud: 'China', values: [] }), 'it is not for the public cloud'],
    ['no values', json({ cloud: 'Public' }), 'there are no `values`'],
    ['a tag without a name', tags({}), 'values[0]: the tag has no name'],
    [
      'a tag that contradicts itself',
      tags(tag('AzureCloud.eastus', 'westeurope', '192.0.2.0/24')),
      'values[0]: `AzureCloud.eastus` says that it is another region',
    ],
    ['a tag without prefixes', tags({ name: 'AzureCloud' }), '`AzureCloud` has no prefixes'],
    [
      'a bad prefix',
      tags(tag('AzureCloud', '', '192.0.2.0/24', 'x')),
      'values[0]: addressPrefixes[1]: `x` is not a prefix',
    ],
    ['only tags that do not matter', tags(tag('Sql', '', '192.0.2.0/24')), 'there is no prefix'],
  ])('refused: %s', (_, text, fault) => {
    expect(said(read('azure', text))).toContain(fault)
  })
})

describe('Oracle', () => {
  test('prefixes by region', () => {
    const text = json({
      last_updated_timestamp: '2025-07-21T07:13:25.457838',
      regions: [
        { region: 'eu-frankfurt-1', cidrs: [{ cidr: '192.0.2.0/24', tags: ['OCI'] }] },
        { region: 'eu-jovanovac-1', cidrs: [{ cidr: '198.51.100.0/24', tags: [] }] },
      ],
    })
    expect(said(read('oci', text))).toEqual([
      '192.0.2.0/24 eu-frankfurt-1',
      '198.51.100.0/24 eu-jovanovac-1',
    ])
    expect(read('oci', text)).toMatchObject({ value: { asOf: '2025-07-21' } })
  })

  test.each([
    ['no regions', json({}), 'there are no `regions`'],
    ['a region without prefixes', json({ regions: [{ region: 'x' }] }), 'regions[0]: there are no'],
    [
      'a bad prefix',
      json({ regions: [{ region: 'x', cidrs: [{ cidr: '' }] }] }),
      'regions[0]: cidrs[0]: `` is not a prefix',
    ],
  ])('refused: %s', (_, text, fault) => {
    expect(said(read('oci', text))).toContain(fault)
  })
})

describe('lists without a place', () => {
  test('Cloudflare', () => {
    expect(said(read('cloudflare-v4', '192.0.2.0/24\n198.51.100.0/24'))).toEqual([
      '192.0.2.0/24 edge',
      '198.51.100.0/24 edge',
    ])
    expect(said(read('cloudflare-v6', '2001:db8::/32\r\n'))).toEqual(['2001:db8::/32 edge'])
    expect(said(read('anycast-v4', '192.0.2.0/24\n'))).toEqual(['192.0.2.0/24 edge'])
    expect(said(read('anycast-v6', '2001:db8::/48\n'))).toEqual(['2001:db8::/48 edge'])
  })

  test('Fastly', () => {
    const text = json({ addresses: ['192.0.2.0/24'], ipv6_addresses: ['2001:db8::/32'] })
    expect(said(read('fastly', text))).toEqual(['192.0.2.0/24 edge', '2001:db8::/32 edge'])
  })

  test('GitHub: where it answers, not where its runners call from', () => {
    const text = json({
      web: ['192.0.2.0/24'],
      api: [],
      git: ['2001:db8::/32'],
      packages: [],
      pages: [],
      actions: ['198.51.100.0/24', 'not even a prefix'],
    })
    expect(said(read('github', text))).toEqual(['192.0.2.0/24 edge', '2001:db8::/32 edge'])
  })

  test.each([
    ['cloudflare-v4', 'an error page', '<html>', 'line[0]: `<html>` is not a prefix'],
    [
      'cloudflare-v4',
      'an empty line',
      '192.0.2.0/24\n\n192.0.2.0/24',
      'line[1]: `` is not a prefix',
    ],
    ['cloudflare-v4', 'nothing', '', 'there is no prefix in it'],
    ['fastly', 'one family missing', json({ addresses: [] }), 'there is no `ipv6_addresses`'],
    ['github', 'a key missing', json({ web: [] }), 'there is no `api`'],
    ['github', 'text for a list', json({ web: '192.0.2.0/24' }), 'there is no `web`'],
  ])('refused by %s: %s', (id, _, text, fault) => {
    expect(said(read(id, text))).toContain(fault)
  })
})

describe('geofeeds (RFC 8805)', () => {
  test('countries, comments, rows that ask not to be located', () => {
    const text = [
      '# Last modified: 2025-07-24 10:00:06',
      '# prefix,alpha2,region,city,postal',
      '192.0.2.0/24,DE,DE-HE,Frankfurt,60311',
      '198.51.100.0/25,,,,',
      '198.51.100.128/25,ZZ,,,\r',
      '',
      ' 2001:db8::/32 , GB ,GB-ENG,"London, Docklands",',
      '203.0.113.7,HK,,,',
    ].join('\n')
    expect(said(read('linode', text))).toEqual([
      '192.0.2.0/24 =DE',
      '198.51.100.0/25 =',
      '198.51.100.128/25 =',
      '2001:db8::/32 =GB',
      '203.0.113.7/32 =HK',
    ])
    expect(read('linode', text)).toMatchObject({ value: { asOf: '2025-07-24' } })
  })

  test.each([
    ['CN-HK', 'CN,HK'],
    ['CN-MO', 'CN,MO'],
    ['CN-TW', 'CN,TW'],
    ['CN-BJ', 'CN'],
  ])('China with %s: %s', (subdivision, countries) => {
    expect(said(read('vultr', `192.0.2.0/24,CN,${subdivision},,`))).toEqual([
      `192.0.2.0/24 =${countries}`,
    ])
  })

  test.each([
    ['no country field', '192.0.2.0/24', 'line 1: there is no country field'],
    ['a union', '192.0.2.0/24,EU,,,', 'line 1: `EU` is not a country code'],
    ['lower case', '192.0.2.0/24,de,,,', '`de` is not a country code'],
    ['a region of another country', '192.0.2.0/24,DE,US-TX,,', '`US-TX` is not in DE'],
    ['no prefix', '# x\nhello,DE', 'line 2: `hello` is not a prefix'],
    ['a web page', '<!doctype html>\n', '`<!doctype html>` is not a prefix'],
    ['only comments', '# nothing\n', 'there is no prefix in it'],
    ['everything', '0.0.0.0/0,DE,,,', 'is too wide'],
  ])('refused: %s', (_, text, fault) => {
    expect(said(read('digitalocean', text))).toContain(fault)
  })
})

describe('the list of tables', () => {
  test('ids and files are distinct, every URL is https, our own names are known', () => {
    expect(new Set(TABLE_SOURCES.map(({ id }) => id)).size).toBe(TABLE_SOURCES.length)
    expect(new Set(TABLE_SOURCES.map(({ file }) => file)).size).toBe(TABLE_SOURCES.length)
    for (const { url, file, known } of TABLE_SOURCES) {
      expect(url).toMatch(/^https:\/\//)
      expect(file).toMatch(known)
      expect(TABLE_SOURCES.filter((other) => other.known.test(file))).toHaveLength(1)
    }
  })
})
