/** Catalogue files: what is read, what replaces what, and where mistakes are reported. */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '../../src/config/catalogue.ts'
import type { ZoneTable } from '../../src/policy/zones.ts'
import { temporaryFolder } from '../support/folder.ts'
import { say, write } from './support.ts'

const ZONES: ZoneTable = new Map([['BENELUX', new Set(['BE', 'NL', 'LU'])]])

const ENTRY = `
  - id: example
    vendor: Example
    host: api.example.com
    region: [BENELUX, CH]
    source: https://example.com/docs
    as_of: 2026-11-20
`

async function load(...files: string[]) {
  await using folder = await temporaryFolder()
  const names = files.map((_, i) => `${i + 1}.yaml`)
  write(folder.path, Object.fromEntries(files.map((text, i) => [`${i + 1}.yaml`, text])))
  const loaded = loadCatalogue(
    names.map((name) => join(folder.path, name)),
    ZONES,
    folder.path,
  )
  return 'entries' in loaded ? loaded.entries : loaded.problems.map(say)
}

const file = (entries: string) => `version: 1\nentries:${entries}`

/** The first file with other lines in place of one. */
function withLine(key: string, line: string): string {
  const lines = ENTRY.split('\n').map((old) =>
    old.trim().replace('- ', '').startsWith(`${key}:`) ? line : old,
  )
  return file(lines.join('\n'))
}

test('an entry is read, its zones are countries', async () => {
  expect(await load(file(ENTRY))).toMatchObject([
    {
      id: 'example',
      vendor: 'Example',
      operator: null,
      hosts: [{ text: 'api.example.com' }],
      regions: ['BE', 'CH', 'LU', 'NL'],
      requests: [],
      instead: [],
      source: 'https://example.com/docs',
      asOf: '2026-11-20',
      note: null,
    },
  ])
})

test('conditions are read', async () => {
  const requests = `    requests:
      - { method: POST, path: /v1/*, query: { a: x }, header: { x-b: [y, z] }, body: { "c[].d": w }, region: anywhere }
`
  expect(await load(file(ENTRY + requests))).toMatchObject([
    {
      requests: [
        {
          method: 'POST',
          path: '/v1/*',
          query: { name: 'a', values: ['x'] },
          header: { name: 'x-b', values: ['y', 'z'] },
          field: { name: 'c[].d', values: ['w'] },
          regions: ['*'],
        },
      ],
    },
  ])
})

test('a later file adds entries, and replaces those with the same id', async () => {
  const own = `
  - id: example
    vendor: Example
    host: api.example.com
    region: anywhere
    models: true
    source: our contract says so
    as_of: 2026-11-21
  - id: own
    vendor: Our house
    operator: DE
    host: "*.house.example"
    region: [DE]
    instead: [example]
    source: our own machines
    as_of: 2026-11-21
`
  expect(await load(file(ENTRY), file(own))).toMatchObject([
    { id: 'example', regions: ['*'], source: 'our contract says so', servesModels: true },
    { id: 'own', servesModels: false, regions: ['DE'], operator: 'DE', instead: [] },
  ])
})

test('an alternative is a host of one name, with its places and what to ask for', async () => {
  const more = `    requests: [{ body: { geo: ch }, region: [CH] }, { path: /x, region: anywhere }]
    instead: [example]
`
  expect(await load(file(ENTRY + more))).toMatchObject([
    {
      instead: [
        { host: 'api.example.com', asking: null, regions: ['BE', 'CH', 'LU', 'NL'] },
        { host: 'api.example.com', asking: 'geo = ch', regions: ['CH'] },
      ],
    },
  ])
})

describe('mistakes are reported where they are', () => {
  test.each<[name: string, text: string, want: readonly string[]]>([
    [
      'the same id twice',
      file(ENTRY + ENTRY.replace('api.', 'b.')),
      ['1.yaml:10:9: `example` is set twice'],
    ],
    [
      'the same host twice',
      file(ENTRY + ENTRY.replace('id: example', 'id: other')),
      [
        '1.yaml:12:11: `api.example.com` is in `example` too (an entry with the same id replaces the other)',
      ],
    ],
    [
      'the same host twice in one entry',
      withLine('host', '    host: [a.example.com, a.example.com]'),
      [
        '1.yaml:5:27: `a.example.com` stands here twice (an entry with the same id replaces the other)',
      ],
    ],
    [
      'an unknown code',
      withLine('region', '    region: [BENELUX, XX]'),
      [
        '1.yaml:6:23: `XX` is neither a zone nor a country code (use ISO 3166-1 codes such as DE, or a zone such as EEA)',
      ],
    ],
    [
      'a code in lower case',
      withLine('region', '    region: [de]'),
      ['1.yaml:6:14: `de` is neither a zone nor a country code (did you mean `DE`?)'],
    ],
    [
      'a place that is no list',
      withLine('region', '    region: DE'),
      [expect.stringContaining('1.yaml:6:13: ')],
    ],
    [
      'a host that fixes too little',
      withLine('host', '    host: "*.com"'),
      ['1.yaml:5:11: `*.com` does not end in two fixed labels'],
    ],
    [
      'a region from a name that has none',
      withLine('region', '    region: from-host-label'),
      ['1.yaml:6:13: `from-host-label` needs `{region}` in every host'],
    ],
    [
      'a source that is not https',
      withLine('source', '    source: ""'),
      [expect.stringContaining('1.yaml:7:13: ')],
    ],
    [
      'no date',
      withLine('as_of', '    as_of: yesterday'),
      [expect.stringContaining('1.yaml:8:12: ')],
    ],
    ['no source', withLine('source', ''), ['1.yaml:3:5: `source` is missing']],
    [
      'an unknown key',
      file(`${ENTRY}    regoin: [DE]\n`),
      ['1.yaml:9:5: unknown key `regoin` (did you mean `region`?)'],
    ],
    [
      'an operator that is no country',
      file(`${ENTRY}    operator: EU\n`),
      ['1.yaml:9:15: not a country code; write for example DE'],
    ],
    [
      'an alternative that does not exist',
      file(`${ENTRY}    instead: [nobody]\n`),
      ['1.yaml:9:15: there is no entry `nobody`'],
    ],
    [
      'a condition without one',
      file(`${ENTRY}    requests: [{ region: [DE] }]\n`),
      ['1.yaml:9:16: a request needs a `path`, `method`, `query`, `header` or `body`'],
    ],
    [
      'two fields in one condition',
      file(`${ENTRY}    requests: [{ body: { a: x, b: y }, region: [DE] }]\n`),
      ['1.yaml:9:24: name exactly one; write another `requests` entry for another'],
    ],
    [
      'a star inside a path',
      file(`${ENTRY}    requests: [{ path: /a/*/b, region: [DE] }]\n`),
      ['1.yaml:9:24: a path has a `*` only as `/*` at its end'],
    ],
    [
      'a path with an escape',
      file(`${ENTRY}    requests: [{ path: /a%62, region: [DE] }]\n`),
      [expect.stringContaining('1.yaml:9:24: ')],
    ],
    [
      'a header in capitals',
      file(`${ENTRY}    requests: [{ header: { X-Geo: a }, region: [DE] }]\n`),
      [expect.stringContaining('a header in lower case')],
    ],
    ['no entries', 'version: 1\nentries: []\n', [expect.stringContaining('1.yaml:2:10: ')]],
    ['another version', `version: 2\nentries:${ENTRY}`, [expect.stringContaining('1.yaml:1:10: ')]],
    ['no YAML', 'version: 1\nentries: [', [expect.stringContaining('1.yaml:')]],
    [
      'a key twice',
      file(`${ENTRY}    note: a\n    note: b\n`),
      ['1.yaml:10:5: `note` is set twice'],
    ],
  ])('%s', async (_, text, want) => {
    expect(await load(text)).toEqual(want)
  })

  test('a file that is not there', async () => {
    const loaded = loadCatalogue(['/nowhere/catalogue.yaml'], ZONES, '/')
    expect('problems' in loaded && loaded.problems.map(say)).toEqual([
      'nowhere/catalogue.yaml: there is no such file',
    ])
  })

  test('no more than a hundred of them', async () => {
    const many = Array.from({ length: 150 }, (_, i) =>
      ENTRY.replace('id: example', `id: e${i}`).replace('api.', `a${i}.`).replace('BENELUX', 'XX'),
    )
    expect(await load(file(many.join('')))).toHaveLength(100)
  })
})
