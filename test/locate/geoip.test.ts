import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embeddedGeoipFiles, type Geoip, GeoipError, openGeoip } from '../../src/locate/geoip.ts'
import { type IpAddress, parseIp } from '../../src/model/address.ts'
import { type MmdbFile, writeMmdb } from '../support/mmdb-writer.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cordon-geoip-'))
})
afterAll(() => rm(folder, { recursive: true }))

const ip = (text: string): IpAddress => {
  const parsed = parseIp(text)
  if (!parsed) throw new Error(`not an address: ${text}`)
  return parsed
}

async function save(name: string, content: MmdbFile | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content instanceof Uint8Array ? content : writeMmdb(content))
  return path
}

const countries = (geoip: Geoip, address: string) =>
  geoip.lookup(ip(address)).map(({ country }) => country)

describe('the embedded files', () => {
  let geoip: Geoip
  beforeAll(async () => {
    geoip = await openGeoip()
  })

  test('say what they are and when they were built', () => {
    expect(geoip.files().map(({ source, asOf, ipVersion }) => [source, asOf, ipVersion])).toEqual([
      ['geo-whois-asn-country', '2026-06-17', 6],
      ['dbip-country', '2026-06-01', 6],
    ])
  })

  /** Networks of universities and registries, which stay where they are. */
  test.each([
    ['193.0.6.139', 'NL', 'RIPE NCC'],
    ['137.138.1.1', 'CH', 'CERN'],
    ['163.1.0.1', 'GB', 'University of Oxford'],
    ['133.11.0.1', 'JP', 'University of Tokyo'],
    ['18.9.22.69', 'US', 'MIT'],
    ['147.8.2.1', 'HK', 'University of Hong Kong'],
    ['140.112.1.1', 'TW', 'National Taiwan University'],
    ['2001:67c:2e8::1', 'NL', 'RIPE NCC'],
    ['2001:620::1', 'CH', 'Switch'],
    ['2001:700::1', 'NO', 'Sikt'],
  ])('agree that %s is in %s (%s)', (address, country) => {
    expect(countries(geoip, address)).toEqual([country, country])
  })

  test('disagree about an anycast address', () => {
    expect(countries(geoip, '104.16.1.1')).toEqual(['US', 'CA'])
  })

  test.each(['10.0.0.1', '127.0.0.1', '192.0.2.1', '3000::1', 'fd00::1'])(
    'are silent about %s',
    (address) => {
      expect(countries(geoip, address)).toEqual([null, null])
    },
  )

  test('one speaks of unallocated space, the other is silent', () => {
    expect(countries(geoip, '2d00::1')).toEqual([null, 'CH'])
  })
})

describe('files given by path', () => {
  test('a combined file answers for both families, longest prefix first', async () => {
    const path = await save('both.mmdb', {
      ipVersion: 6,
      networks: {
        '127.0.0.0/8': 'DE',
        '127.0.0.2/32': 'US',
        '128.0.0.0/1': 'FR',
        '2001:db8::/32': 'IE',
        '2001:db8:1::/48': 'XK',
      },
      built: new Date('2026-10-31T23:59:00Z'),
    })
    const geoip = await openGeoip([path])
    expect(geoip.lookup(ip('127.0.0.2'))).toEqual([
      { source: 'both', asOf: '2026-10-31', country: 'US' },
    ])
    expect(countries(geoip, '127.0.0.1')).toEqual(['DE'])
    expect(countries(geoip, '127.0.0.3')).toEqual(['DE'])
    expect(countries(geoip, '255.0.0.1')).toEqual(['FR'])
    expect(countries(geoip, '126.0.0.1')).toEqual([null])
    expect(countries(geoip, '2001:db8::1')).toEqual(['IE'])
    expect(countries(geoip, '2001:db8:1::1')).toEqual(['XK'])
    expect(countries(geoip, '2001:db9::1')).toEqual([null])
  })

  test('a file for IPv4 only is silent on IPv6, where the reader would answer from the wrong tree', async () => {
    const path = await save('four.mmdb', { ipVersion: 4, networks: { '32.0.0.0/3': 'CN' } })
    const geoip = await openGeoip([path])
    expect(geoip.files()).toMatchObject([{ ipVersion: 4 }])
    expect(countries(geoip, '32.1.2.3')).toEqual(['CN'])
    expect(countries(geoip, '2001:db8::1')).toEqual([null])
  })

  test('a file for IPv6 only is silent on IPv4', async () => {
    const path = await save('six.mmdb', { ipVersion: 6, networks: { '2000::/3': 'SE' } })
    const geoip = await openGeoip([path])
    expect(countries(geoip, '2a00::1')).toEqual(['SE'])
    expect(countries(geoip, '8.8.8.8')).toEqual([null])
  })

  test('records nested as MaxMind nests them are read', async () => {
    const path = await save('GeoLite2-Country.mmdb', {
      ipVersion: 6,
      shape: 'nested',
      databaseType: 'GeoLite2-Country',
      networks: { '127.0.0.1/32': 'AT' },
    })
    const geoip = await openGeoip([path])
    expect(geoip.files()).toMatchObject([{ source: 'GeoLite2-Country', type: 'GeoLite2-Country' }])
    expect(countries(geoip, '127.0.0.1')).toEqual(['AT'])
  })

  test.each([
    ['only the country of registration', { registered_country: { iso_code: 'US' } }],
    ['only the country represented', { represented_country: { iso_code: 'US' } }],
    ['an anycast network', { country: { iso_code: 'US' }, traits: { is_anycast: true } }],
    ['a code that is no country', { country_code: 'EU' }],
    ['the code for not known', { country_code: 'ZZ' }],
    ['a code in lower case', { country_code: 'de' }],
    ['an empty code', { country_code: '' }],
    ['a number', { country_code: 49 }],
    ['a list', { country_code: ['DE'] }],
    ['a country without a code', { country: { geoname_id: 2921044 } }],
    ['an empty record', {}],
  ])('%s is silence', async (_, record) => {
    const path = await save('odd.mmdb', {
      ipVersion: 4,
      networks: { '9.0.0.0/8': record, '10.0.0.0/8': 'DE' },
    })
    const geoip = await openGeoip([path])
    expect(countries(geoip, '9.1.2.3')).toEqual([null])
    expect(countries(geoip, '10.1.2.3')).toEqual(['DE'])
  })

  test('what a file calls itself is shown short and printable', async () => {
    const databaseType = `\u001b[2J${'x'.repeat(100)}`
    const path = await save('loud.mmdb', {
      ipVersion: 4,
      databaseType,
      networks: { '9.0.0.0/8': 'DE' },
    })
    expect((await openGeoip([path])).files()).toMatchObject([{ type: `?[2J${'x'.repeat(60)}` }])
  })

  test('no file at all is nothing known', async () => {
    const geoip = await openGeoip([])
    expect(geoip.lookup(ip('8.8.8.8'))).toEqual([])
  })

  test('a file that does not say when it was built has no date', async () => {
    const path = await save(
      'undated.mmdb',
      rename(
        writeMmdb({ ipVersion: 4, networks: { '9.0.0.0/8': 'DE' } }),
        'build_epoch',
        'build_other',
      ),
    )
    expect((await openGeoip([path])).files()).toMatchObject([{ asOf: null }])
  })
})

describe('a file that cannot be used is refused', () => {
  const good = writeMmdb({ ipVersion: 6, networks: { '9.0.0.0/8': 'DE', '2001:db8::/32': 'FR' } })
  const metadataAt = good.lastIndexOf('MaxMind.com') - 3

  test.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), 'it is empty'],
    ['gzip', gzipSync(good), 'it is compressed with gzip'],
    ['text', Buffer.from('404: Not Found\n'), 'not a MaxMind DB file'],
    ['zeros', new Uint8Array(100_000), 'not a MaxMind DB file'],
    ['first half', good.subarray(0, good.length / 2), 'its end is missing'],
    ['without its metadata', good.subarray(0, metadataAt + 14), 'its metadata is damaged'],
    ['metadata cut', good.subarray(0, metadataAt + 40), 'its metadata'],
    ['without its tree', good.subarray(200), 'its metadata does not fit'],
    ['metadata only', good.subarray(metadataAt), 'its metadata'],
    ['trailing data', Buffer.concat([good, Buffer.alloc(200_000)]), 'its end is missing'],
    ['unknown record size', rename(good, 'record_size', 'record_sise'), 'its metadata is damaged'],
    ['unknown IP version', rename(good, 'ip_version', 'ip_versiom'), 'its metadata does not fit'],
    ['other major version', rename(good, 'major', 'mayor'), 'its metadata does not fit'],
  ])('%s', async (name, bytes, problem) => {
    const path = await save(`${name}.mmdb`, bytes)
    const error = await failure(path)
    expect(error.message).toContain(`cannot use \`${path}\` for GeoIP: `)
    expect(error.message).toContain(problem)
    expect(error.path).toBe(path)
    expect(error.hint).not.toBe('')
  })

  test('records that point nowhere', async () => {
    const broken = Buffer.from(good)
    broken.fill(0xee, 0, metadataAt - 60)
    expect((await failure(await save('broken.mmdb', broken))).message).toContain('damaged')
  })

  test('a file about something else', async () => {
    const path = await save('GeoLite2-ASN.mmdb', {
      ipVersion: 6,
      databaseType: 'GeoLite2-ASN',
      networks: { '9.0.0.0/8': { autonomous_system_number: 64496 } },
    })
    expect((await failure(path)).message).toContain(
      'its records name no country (it calls itself `GeoLite2-ASN`)',
    )
  })

  test('a file without any record', async () => {
    const path = await save('nothing.mmdb', { ipVersion: 6, networks: {} })
    expect((await failure(path)).message).toContain('its records name no country')
  })

  test('a path that leads nowhere, or to a folder', async () => {
    expect((await failure(join(folder, 'missing.mmdb'))).message).toContain('there is no such file')
    await mkdir(join(folder, 'folder.mmdb'))
    expect((await failure(join(folder, 'folder.mmdb'))).message).toContain('not a regular file')
  })

  test('one bad file among good ones', async () => {
    const [first = ''] = embeddedGeoipFiles()
    await expect(openGeoip([first, join(folder, 'missing.mmdb')])).rejects.toThrow(GeoipError)
  })
})

test('a lookup that meets damage after opening is silence', async () => {
  const bytes = writeMmdb({ ipVersion: 4, networks: { '9.0.0.0/8': 'DE', '200.0.0.0/8': 'FR' } })
  const second = bytes.lastIndexOf('country_code', bytes.lastIndexOf('MaxMind.com')) - 2
  bytes[second] = 0x00 // an extended type that does not exist
  bytes[second + 1] = 0xff
  const geoip = await openGeoip([await save('half.mmdb', bytes)])
  expect(countries(geoip, '9.1.1.1')).toEqual(['DE'])
  expect(countries(geoip, '200.1.1.1')).toEqual([null])
})

describe('reload', () => {
  test('takes up the new file, and keeps the old one when the new one is bad', async () => {
    const at = (country: string, built: string): MmdbFile => ({
      ipVersion: 4,
      networks: { '9.0.0.0/8': country },
      built: new Date(built),
    })
    const path = await save('live.mmdb', at('DE', '2026-01-01'))
    const geoip = await openGeoip([path])

    await save('live.mmdb', at('FR', '2026-02-01'))
    expect(countries(geoip, '9.1.1.1')).toEqual(['DE'])
    await geoip.reload()
    expect(geoip.lookup(ip('9.1.1.1'))).toMatchObject([{ country: 'FR', asOf: '2026-02-01' }])

    await save('live.mmdb', Buffer.from('not a database'))
    await expect(geoip.reload()).rejects.toThrow(GeoipError)
    expect(geoip.lookup(ip('9.1.1.1'))).toMatchObject([{ country: 'FR', asOf: '2026-02-01' }])
    expect(geoip.files()).toMatchObject([{ asOf: '2026-02-01' }])
  })
})

async function failure(path: string): Promise<GeoipError> {
  const outcome = await openGeoip([path]).catch((error: unknown) => error)
  if (outcome instanceof GeoipError) return outcome
  throw new Error(`expected a GeoipError, got ${String(outcome)}`)
}

/** Replaces the last occurrence of a word by another of the same length, so that a reader misses the field. */
function rename(bytes: Buffer, word: string, other: string): Buffer {
  const copy = Buffer.from(bytes)
  copy.write(other, copy.lastIndexOf(word), 'latin1')
  return copy
}
