/** Every mistake of form in a configuration, as a row: the file, and what a person is told with file, line and column. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_PROBLEMS } from '../../src/config/form.ts'
import { MAX_YAML_BYTES } from '../../src/config/yaml.ts'
import { temporaryFolder } from '../support/folder.ts'
import { problems, write } from './support.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  dir = folder.path
})
afterAll(() => folder[Symbol.asyncDispose]())

/** A file is `version: 1` and these lines, so line 2 is the first of them. */
const V = 'version: 1\n'
const RULE = 'id: a, because: b, when: { port: 1 }, then: block'

function told(text: string | Uint8Array): readonly string[] {
  write(dir, { 'cordon.yaml': text })
  return problems(dir)
}

describe('YAML', () => {
  test.each([
    ['nothing', '', '1:1: invalid input: expected object, received null'],
    ['a list', '- a\n', '1:1: invalid input: expected object, received array'],
    ['text', 'hello\n', '1:1: invalid input: expected object, received string'],
    ['a quote that does not end', `${V}home: "DE\n`, '3:1: Missing closing "quote'],
    [
      'a bracket that does not close',
      `${V}home: [DE\n`,
      '3:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a tab', `${V}zones:\n\ta: [DE]\n`, '3:1: Tabs are not allowed as indentation'],
    ['a key twice', `${V}home: DE\nhome: US\n`, '3:1: `home` is set twice'],
    ['a key twice within', `${V}zones:\n  a: [DE]\n  a: [US]\n`, '4:3: `a` is set twice'],
    [
      'a key twice in braces',
      `${V}placement: { inside: allow, inside: block }\n`,
      '2:29: `inside` is set twice',
    ],
    ['a key twice, once in quotes', `${V}home: DE\n"home": US\n`, '3:1: `home` is set twice'],
    ['a key that is a list', `${V}? [a]\n: 1\n`, '2:3: this cannot be a key'],
    [
      'a key that every object has',
      `${V}__proto__: { mode: observe }\n`,
      '2:1: this cannot be a key',
    ],
    ['the same among zones', `${V}zones: { __proto__: [US] }\n`, '2:10: this cannot be a key'],
    [
      'two documents',
      `${V}---\n${V}`,
      '2:1: Source contains multiple documents; please use YAML.parseAllDocuments()',
    ],
    ['a tag', `${V}home: !!js/function x\n`, '2:7: Unresolved tag: tag:yaml.org,2002:js/function'],
    [
      'YAML 1.1, where NO is false',
      `%YAML 1.1\n---\n${V}home: NO\n`,
      '1:1: only YAML 1.2 is read here',
    ],
    ['a merge key', `${V}placement: { <<: { inside: allow } }\n`, '2:14: unknown key `<<`'],
    ['an anchor that is not there', `${V}home: *x\n`, '2:7: there is no anchor `x`'],
  ])('%s', (_, text, expected) => {
    expect(told(text)).toEqual([`cordon.yaml:${expected}`])
  })

  test.each([
    ['deep', `${V}home: ${'['.repeat(3_000)}`],
    ['deep and closed', `${V}home: ${'['.repeat(3_000)}${']'.repeat(3_000)}`],
    [
      'deep in lines',
      `${V}${Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')}`,
    ],
  ])('%s', (_, text) => {
    expect(told(text)).toEqual([expect.stringContaining('the file is nested too deeply')])
  })

  test('an alias may be used, a bomb of them not', () => {
    expect(told(`${V}zones: { a: &x [DE, FR], b: *x }\nhome: [a, b]\n`)).toEqual([])
    const level = (name: string, of: string) => `${name}: &${name} [${`*${of}, `.repeat(9)}]\n`
    const bomb = `a: &a [x, x, x, x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}`
    expect(told(bomb)).toEqual([
      'cordon.yaml: Excessive alias count indicates a resource exhaustion attack',
    ])
    expect(told(`${V}x: &x DE\nhome: [${'*x, '.repeat(101)}]\n`)).toEqual([
      'cordon.yaml:3:408: more than 100 aliases',
    ])
  })

  test('an anchor inside itself', () => {
    expect(told(`${V}home: &x [*x]\n`)).toEqual([
      'cordon.yaml:2:11: invalid input: expected string, received array',
    ])
  })

  test('names of countries that other readers take for false', () => {
    expect(told(`${V}home: [NO, no-where]\n`)).toEqual([
      'cordon.yaml:2:12: `no-where` is neither a zone nor a country code (use ISO 3166-1 codes such as DE, or a zone such as EEA)',
    ])
  })

  test('a file that is no UTF-8', () => {
    expect(told(Buffer.from(`${V}home: D\xcb\n`, 'latin1'))).toEqual([
      'cordon.yaml: the file is not UTF-8',
    ])
  })

  test('a file that is too large', () => {
    expect(told(`${V}# ${'x'.repeat(MAX_YAML_BYTES)}\n`)).toEqual([
      `cordon.yaml: the file is larger than ${MAX_YAML_BYTES} bytes`,
    ])
  })

  test('many keys take no time to compare: only a hang fails', () => {
    const zones = Array.from({ length: 20_000 }, (_, i) => `  z${i}: [DE]\n`).join('')
    expect(told(`${V}zones:\n${zones}`)).toEqual([
      'cordon.yaml:2:1: there are more than 1000 zones',
    ])
  })

  test('many mistakes: the first hundred', () => {
    const wrong = Array.from({ length: 5_000 }, (_, i) => `  - { id: "A${i}" }\n`).join('')
    expect(told(`${V}rules:\n${wrong}`)).toHaveLength(MAX_PROBLEMS)
    const zones = Array.from({ length: 500 }, (_, i) => `  z${i}: [Q${i}]\n`).join('')
    expect(told(`${V}zones:\n${zones}`)).toHaveLength(MAX_PROBLEMS)
  })
})

describe('unknown keys', () => {
  test.each([
    ['hoem: DE', '2:1: unknown key `hoem` (did you mean `home`?)'],
    ['Home: DE', '2:1: unknown key `Home` (did you mean `home`?)'],
    ['listen: { prxy: "127.0.0.1:1" }', '2:11: unknown key `prxy` (did you mean `proxy`?)'],
    ['timeouts: { conect: 1s }', '2:13: unknown key `conect` (did you mean `connect`?)'],
    ['placement: { insde: allow }', '2:14: unknown key `insde` (did you mean `inside`?)'],
    ['agents: [{ id: a, zone: DE }]', '2:19: unknown key `zone` (did you mean `zones`?)'],
    ['agents: [{ id: a, match: { grop: x } }]', '2:28: unknown key `grop` (did you mean `group`?)'],
    ['destinations: [{ hots: a.test }]', '2:18: unknown key `hots` (did you mean `host`?)'],
    [`rules: [{ ${RULE}, els: 1 }]`, '2:62: unknown key `els`'],
    [
      'rules: [{ id: a, because: b, then: block, when: { hots: a.test } }]',
      '2:51: unknown key `hots` (did you mean `host`?)',
    ],
    ['quux: 1', '2:1: unknown key `quux`'],
    [
      'destinations: [{ host: a.test, region: DE, because: our house, contract 7 }]',
      '2:64: unknown key `contract 7` (put text with a comma in it into quotes)',
    ],
    ['constructor: 1', '2:1: unknown key `constructor`'],
    [`${'k'.repeat(200)}: 1`, `2:1: unknown key \`${'k'.repeat(64)}…\``],
  ])('%s', (line, expected) => {
    expect(told(`${V}${line}\n`)).toEqual([`cordon.yaml:${expected}`])
  })

  test('every one of them, each in its place', () => {
    expect(told(`${V}hoem: DE\nmode: enforce\nagnets:\n  - { id: a }\n`)).toEqual([
      'cordon.yaml:2:1: unknown key `hoem` (did you mean `home`?)',
      'cordon.yaml:4:1: unknown key `agnets` (did you mean `agents`?)',
    ])
  })
})

describe('keys of the format that are not carried out yet are refused, never ignored', () => {
  test.each([['agents: [{ id: a, match: { issuer: x } }]', 'issuer']])('%s', (line, key) => {
    const [problem, ...others] = told(`${V}${line}\n`)
    expect(others).toEqual([])
    expect(problem).toContain(`\`${key}\` is not available in this version (take it out)`)
  })
})

describe('values', () => {
  const ADDRESS = 'an address and port is written like 127.0.0.1:3128 or [::1]:3128'
  const SERVER =
    'a name server is written like 192.0.2.53, [2001:db8::53]:5353, tls://192.0.2.53#NAME or https://192.0.2.53/dns-query#NAME'
  const SUBNET = 'a client subnet is written like 203.0.113.0/24, at most 24 bits, or 56 of IPv6'
  const TIME = 'a time is written like 30s, 10m or 8h'
  const ID = 'an id has lower-case letters, digits and hyphens, at most 64'
  const LINE = 'a sentence on one line, without line breaks and tabs'
  const NAME =
    'the name of a zone has letters, digits, - and _, at most 64, beginning with a letter'

  test.each([
    ['mode: off', '2:7: invalid option: expected one of "enforce"|"observe"'],
    ['home: 7', '2:7: invalid input: expected string, received number'],
    ['home: []', '2:7: too small: expected array to have >=1 items'],
    ['home: [DE, 7]', '2:12: invalid input: expected string, received number'],
    ['home: { a: b }', '2:7: invalid input: expected string, received object'],
    ['home:', '2:6: invalid input: expected string, received null'],
    ['zones: { a: DE }', '2:13: invalid input: expected array, received string'],
    ['zones: { a: [] }', '2:13: too small: expected array to have >=1 items'],
    ['zones: { "a b": [DE] }', `2:10: ${NAME}`],
    ['zones: { 1a: [DE] }', `2:10: ${NAME}`],
    ['placement: { inside: yes }', '2:22: invalid option: expected one of "allow"|"block"|"hold"'],
    ['data: ""', '2:7: too small: expected string to have >=1 characters'],
    [`data: ${'x'.repeat(257)}`, '2:7: too big: expected string to have <=256 characters'],
    ...[
      '3128',
      'localhost:3128',
      '127.0.0.1',
      '127.0.0.1:65536',
      '127.0.0.1:99999',
      '127.0.0.1:080',
      '127.1:80',
      '999.0.0.1:80',
      '::1:80',
      '[127.0.0.1]:80',
      '[::1]',
      '[::1%lo]:80',
      ':80',
    ].map((text) => [`listen: { proxy: "${text}" }`, `2:18: ${ADDRESS}`]),
    ...['192.0.2.7', 'a:80', '*.a.test', 'a b'].map((text) => [
      `console: { names: ["${text}"] }`,
      '2:20: a host name is written like cordon.example.com',
    ]),
    ['listen: { console: 3130 }', '2:20: invalid input: expected string, received number'],
    ...[
      'resolver.test',
      '192.0.2.53:0',
      '192.0.2.53:dns',
      'tls://resolver.test',
      'https://192.0.2.53',
      '',
    ].map((text) => [`dns: { servers: ["${text}"] }`, `2:18: ${SERVER}`]),
    [
      'dns: { servers: ["192.0.2.53", "tls://192.0.2.53"] }',
      '2:17: encrypted and plain name servers do not mix: when the former fail, all would be in the clear',
    ],
    ...[
      '203.0.113.7/24',
      '203.0.113.0/25',
      '203.0.113.7',
      '0.0.0.0/0',
      '2001:db8::/57',
      'DE',
      '',
    ].map((text) => [`dns: { client_subnet: "${text}" }`, `2:23: ${SUBNET}`]),
    ['dns: { hosts: no }', '2:15: invalid input: expected boolean, received string'],
    ...['10', '10 s', '0s', '-1s', '1.5s', '1h30m', '01s', '1w', '9999999999s', 'forever'].map(
      (text) => [`timeouts: { idle: ${text === '10' ? '"10"' : text} }`, `2:19: ${TIME}`],
    ),
    ['timeouts: { head: 30 }', `2:19: ${TIME}`],
    ['limits: { head: 8192 }', '2:17: an amount of bytes is written like 64KiB or 16MiB'],
    ['identity: { required: 1 }', '2:23: invalid input: expected boolean, received number'],
    ['geoip: { files: [] }', '2:17: too small: expected array to have >=1 items'],
    ['agents: [{ id: a, match: {} }]', '2:26: `match` has no condition'],
    [
      'agents: [{ id: a, match: { certificate: "sha256:ab" } }]',
      '2:41: a fingerprint is `sha256:` and 64 hex digits',
    ],
    [
      'agents: [{ id: a, match: { uid: 9-1 } }]',
      '2:33: `9-1` is no range of users (write 2000-2999)',
    ],
    [
      'agents: [{ id: a, match: { uid: 65534 } }]',
      '2:33: 65534 stands for users that have no number here: it is nobody',
    ],
    [
      'agents: [{ id: a, match: { uid: builder } }]',
      '2:33: users are numbers, or ranges of them such as 2000-2999',
    ],
    ['agents: [{ id: a, match: { uid: -1 } }]', '2:33: too small: expected number to be >=0'],
    ['rules: [{ id: A, because: b, when: { port: 1 }, then: block }]', `2:15: ${ID}`],
    ['rules: [{ id: -a, because: b, when: { port: 1 }, then: block }]', `2:15: ${ID}`],
    ['rules: [{ id: a, because: "b\\nc", when: { port: 1 }, then: block }]', `2:27: ${LINE}`],
    [
      'rules: [{ id: a, because: b, when: { port: 0 }, then: block }]',
      '2:44: too small: expected number to be >=1',
    ],
    [
      'rules: [{ id: a, because: b, when: { port: [1, 70000] }, then: block }]',
      '2:48: too big: expected number to be <=65535',
    ],
    [
      'rules: [{ id: a, because: b, when: { port: "80" }, then: block }]',
      '2:44: invalid input: expected number, received string',
    ],
    [
      'rules: [{ id: a, because: b, when: { scheme: ftp }, then: block }]',
      '2:46: invalid option: expected one of "http"|"https"',
    ],
    [
      'rules: [{ id: a, because: b, when: { placement: elsewhere }, then: block }]',
      '2:49: invalid option: expected one of "inside"|"outside"|"straddling"|"unknown"',
    ],
    [
      'rules: [{ id: a, because: b, when: { port: 1 }, then: deny }]',
      '2:55: invalid option: expected one of "allow"|"block"|"hold"',
    ],
    ['rules: [7]', '2:9: invalid input: expected object, received number'],
    ['rules: rules.yaml', '2:8: invalid input: expected array, received string'],
  ])('%s', (line, expected) => {
    expect(told(`${V}${line}\n`)).toEqual([`cordon.yaml:${expected}`])
  })

  test('what is missing is named', () => {
    expect(told('home: DE\n')).toEqual(['cordon.yaml:1:1: `version` is missing'])
    expect(told('version: 2\n')).toEqual(['cordon.yaml:1:10: invalid input: expected 1'])
    expect(told(`${V}agents: [{ zones: DE }]\n`)).toEqual(['cordon.yaml:2:10: `id` is missing'])
    expect(told(`${V}rules:\n  - id: a\n`)).toEqual([
      'cordon.yaml:3:5: `because` is missing',
      'cordon.yaml:3:5: `when` is missing',
    ])
  })

  test('every mistake in a rule is named, not only one', () => {
    expect(
      told(`${V}rules:\n  - id: A\n    because: ""\n    when: { port: 0 }\n    then: deny\n`),
    ).toEqual([
      `cordon.yaml:3:9: ${ID}`,
      'cordon.yaml:4:14: too small: expected string to have >=1 characters',
      'cordon.yaml:5:19: too small: expected number to be >=1',
      'cordon.yaml:6:11: invalid option: expected one of "allow"|"block"|"hold"',
    ])
  })

  test.each([
    'listen: { proxy: "0.0.0.0:0", console: null }',
    'listen: { proxy: "[::1]:65535", console: "[::]:0", transparent: null }',
    'listen: { transparent: "0.0.0.0:3129" }',
    'listen: { transparent: "[::]:0" }',
    'dns: { servers: [192.0.2.53, "192.0.2.53:5353", "[::1]:53"], hosts: false }',
    'dns: { servers: ["tls://192.0.2.53:8853#dns.example", "https://[2001:db8::53]/dns-query"] }',
    'dns: { client_subnet: 203.0.113.0/24 }',
    'dns: { client_subnet: "2001:db8::/56" }',
    'dns: { client_subnet: null }',
    'dns: { servers: [] }',
    'dns: { servers: null }',
    'timeouts: { head: 250ms, idle: 1s, connect: 2m, answer: 8h, body: 7d }',
    'mode: observe',
    'workers: 1',
    'home: [EEA, CH]',
    'rules: []',
    `rules: [{ ${RULE} }]`,
    'destinations: [{ cidr: 10.0.0.0/8 }]',
    'agents: [{ id: a, match: { subject: [b, c], group: d, source: [127.0.0.1, "::1"] }, groups: [e], zones: DE }]',
  ])('%s is right', (line) => {
    expect(told(`${V}${line}\n`)).toEqual([])
  })
})
