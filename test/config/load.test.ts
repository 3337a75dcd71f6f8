/** From files to settings: which files count, how they are merged, what overrides what, where a mistake is reported. */

import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkFiles } from '../../src/config/check.ts'
import { parseDuration, sayDuration } from '../../src/config/duration.ts'
import { loadScenarios } from '../../src/config/scenarios.ts'
import { parseSize, saySize } from '../../src/config/size.ts'
import { temporaryFolder } from '../support/folder.ts'
import { PROJECT } from '../support/proxy.ts'
import { type Files, load, optionsFor, problems, say, write } from './support.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
})
afterEach(() => folder[Symbol.asyncDispose]())

const V = 'version: 1\n'
const ISO = 'use ISO 3166-1 codes such as DE, or a zone such as EEA'
const rule = (id: string, port = 1) =>
  `{ id: ${id}, because: b, when: { port: ${port} }, then: block }`

describe('which file counts', () => {
  test('none: the built-in rules', () => {
    const { policy, configPath, files, operation } = load(dir)
    expect(configPath).toBeNull()
    const own = ['geoip/zones.yaml', 'rules/default.yaml', 'geoip/regions.yaml', 'geoip/edges.yaml']
    expect(files).toEqual([...own, 'geoip/catalogue.yaml'].map((name) => join(PROJECT, name)))
    expect(policy.home.name).toBe('EEA')
    expect(policy.enforced).toBe(true)
    expect(operation).toEqual({
      proxy: '127.0.0.1:3128',
      proxyProtocolFrom: [],
      transparent: null,
      dnsListen: null,
      console: '127.0.0.1:3130',
      consoleNames: [],
      notify: null,
      dataDir: join(dir, 'data'),
      caDir: join(dir, 'certs'),
      dnsServers: null,
      clientSubnet: null,
      hostsFile: true,
      extraRoots: [],
      origins: [],
      upstreamProxy: null,
      geoipFiles: null,
      tablesDir: join(PROJECT, 'geoip'),
      tableSources: {},
      identityRequired: false,
      clientCa: [],
      workers: null,
      breaker: false,
      timeouts: {},
      limits: {},
    })
  })

  test('`cordon.yaml` here, in place of the built-in rules', () => {
    write(dir, { 'cordon.yaml': `${V}home: US\n` })
    const { policy, configPath } = load(dir)
    expect(configPath).toBe(join(dir, 'cordon.yaml'))
    expect(policy.home.name).toBe('US')
  })

  test('another one when it is asked for', () => {
    write(dir, { 'cordon.yaml': `${V}home: US\n`, 'conf/other.yaml': `${V}home: DE\n` })
    expect(load(dir, { config: 'conf/other.yaml' }).policy.home.name).toBe('DE')
    expect(load(dir, { config: join(dir, 'conf/other.yaml') }).policy.home.name).toBe('DE')
  })

  test.each<[name: string, config: string, expected: string]>([
    ['that is not there', 'missing.yaml', 'missing.yaml: there is no such file'],
    ['that is a directory', 'conf', 'conf: this is not a file'],
    ['that is a circle of links', 'circle.yaml', 'circle.yaml: cannot be read (ELOOP)'],
    ['below a file', 'file/x.yaml', 'file/x.yaml: cannot be read (ENOTDIR)'],
    ['that never ends', '/dev/zero', '/dev/zero: this is not a file'],
  ])('one %s', (_, config, expected) => {
    mkdirSync(join(dir, 'conf'))
    symlinkSync('circle.yaml', join(dir, 'circle.yaml'))
    write(dir, { file: '' })
    expect(problems(dir, { config })).toEqual([expected])
  })
})

describe('what a configuration says', () => {
  test('paths are relative to the file, wherever the command runs', () => {
    write(dir, {
      'conf/cordon.yaml': `${V}data: d\nca: /absolute/ca\ntls: { extra_roots: [root.pem] }\ngeoip: { files: [../a.mmdb] }\n`,
    })
    expect(load(dir, { config: 'conf/cordon.yaml' }).operation).toMatchObject({
      dataDir: join(dir, 'conf/d'),
      caDir: '/absolute/ca',
      extraRoots: [join(dir, 'conf/root.pem')],
      geoipFiles: [join(dir, 'a.mmdb')],
    })
  })

  test('everything else', () => {
    write(dir, {
      'cordon.yaml': `${V}
mode: observe
listen: { proxy: "[::1]:0", console: null }
console: { names: [Cordon.Corp.example.] }
dns: { servers: [192.0.2.53], hosts: false }
identity: { required: true }
timeouts: { head: 250ms, answer: 1h, half_closed: 3s }
limits: { head: 16KiB, http2_resets: 7 }
intercept: { never: ["*.pinned.test", a.test], http1_only: [old.test] }
`,
    })
    const { policy, operation } = load(dir)
    expect(policy.enforced).toBe(false)
    expect(policy.tunnelOnly.map(({ text }) => text)).toEqual(['*.pinned.test', 'a.test'])
    expect(policy.http1Only.map(({ text }) => text)).toEqual(['old.test'])
    expect(operation).toMatchObject({
      proxy: '[::1]:0',
      console: null,
      consoleNames: ['cordon.corp.example'],
      dnsServers: ['192.0.2.53'],
      hostsFile: false,
      identityRequired: true,
      timeouts: { head: 250, answer: 3_600_000, halfClosed: 3_000 },
      limits: { head: 16_384, http2Resets: 7 },
    })
  })
})

describe('`proxy_protocol`', () => {
  const listening = (from: string) => ({
    'cordon.yaml': `${V}listen: { proxy_protocol: { from: ${from} } }\n`,
  })

  test('names prefixes, or single addresses', () => {
    write(dir, listening('[10.0.0.0/8, "2001:db8::7"]'))
    const { proxyProtocolFrom } = load(dir).operation
    expect(proxyProtocolFrom.map(({ base, bits }) => `${base.text}/${bits}`)).toEqual([
      '10.0.0.0/8',
      '2001:db8::7/128',
    ])
  })

  test.each(['[]', '[10.0.0.1/8]', '[lb.example]', '10.0.0.0/8'])('not %s', (from) => {
    write(dir, listening(from))
    expect(() => load(dir)).toThrow()
  })
})

describe('a snapshot', () => {
  const FILES = {
    'cordon.yaml': `${V}home: [DE]\nrules: [rules/*.yaml]\nlimits: { head: 8KiB }\n`,
    'rules/a.yaml': `${V}rules: [${rule('a')}]\n`,
  }

  test('gives the same settings when the files have changed, gone, or become more', () => {
    write(dir, FILES)
    const first = load(dir)
    const { snapshot } = first
    const sent: typeof snapshot = JSON.parse(JSON.stringify(snapshot))
    write(dir, { 'cordon.yaml': 'nonsense', 'rules/b.yaml': `${V}rules: [${rule('b')}]\n` })
    rmSync(join(dir, 'rules/a.yaml'))
    const second = load(dir, { snapshot: sent })
    expect(second.policy.digest).toBe(first.policy.digest)
    expect(second.operation).toEqual(first.operation)
    expect(() => load(dir)).toThrow()
  })

  test('of the built-in policy stays that, although there is a file by now', () => {
    const first = load(dir)
    write(dir, FILES)
    const second = load(dir, { snapshot: first.snapshot })
    expect([second.configPath, second.policy.digest]).toEqual([null, first.policy.digest])
  })
})

describe('what the command line says comes first', () => {
  test('--home', () => {
    write(dir, { 'cordon.yaml': `${V}zones: { near: [DE, FR] }\nhome: US\n` })
    expect(load(dir, { home: ['near', 'CH'] }).policy.home.name).toBe('near, CH')
    expect(load(dir, { home: ['near', 'CH'] }).policy.home.countries).toEqual(
      new Set(['DE', 'FR', 'CH']),
    )
  })

  test('--home that is no zone is a mistake there, not in the file', () => {
    write(dir, { 'cordon.yaml': `${V}home: US\n` })
    expect(problems(dir, { home: ['us'] })).toEqual([
      '--home: `us` is neither a zone nor a country code (did you mean `US`?)',
    ])
    expect(problems(dir, { home: [] })).toEqual(['--home: no zone is named'])
  })

  test.each([
    [false, 'enforce', true],
    [true, 'enforce', false],
    [false, 'observe', false],
    [true, 'observe', false],
  ])('--observe %s, mode %s: enforced %s', (observe, mode, enforced) => {
    write(dir, { 'cordon.yaml': `${V}mode: ${mode}\n` })
    expect(load(dir, { observe }).policy.enforced).toBe(enforced)
  })

  test('--data, relative to where the command runs', () => {
    write(dir, { 'conf/cordon.yaml': `${V}data: d\n` })
    const { operation } = load(dir, { config: 'conf/cordon.yaml', dataDir: 'elsewhere' })
    expect(operation.dataDir).toBe(join(dir, 'elsewhere'))
  })
})

describe('several files', () => {
  test('are one policy: zones, agents, destinations and rules of all of them', () => {
    write(dir, {
      'cordon.yaml': `${V}zones: { a: [DE] }\nagents: [{ id: x }]\nrules: [rules/*.yaml, ${rule('inline')}, more.yaml]\n`,
      'rules/1.yaml': `${V}zones: { b: [a, FR] }\nhome: b\nrules: [${rule('one')}]\n`,
      'rules/2.yaml': `${V}placement: { unknown: block }\ndestinations: [{ host: a.test, region: a }]\n`,
      'rules/2.scenarios.yaml': 'not a policy',
      'more.yaml': `${V}agents: [{ id: y }]\nplacement: { outside: hold }\nrules: [${rule('more')}]\n`,
    })
    const { policy, files } = load(dir)
    expect(policy.home.countries).toEqual(new Set(['DE', 'FR']))
    expect(policy.agents.map(({ id }) => id)).toEqual(['x', 'y'])
    expect(policy.declarations).toHaveLength(1)
    expect(policy.rules.map(({ id }) => id)).toEqual(['inline', 'more', 'one'])
    expect(policy.defaults).toMatchObject({ outside: 'hold', unknown: 'block' })
    expect(files.slice(1, -3)).toEqual(
      ['cordon.yaml', 'rules/1.yaml', 'rules/2.yaml', 'more.yaml'].map((name) => join(dir, name)),
    )
  })

  test('rule files may be put in place of those it names; what stands in it stays', () => {
    write(dir, {
      'cordon.yaml': `${V}home: DE\nrules: [r.yaml, ${rule('inline')}]\n`,
      'r.yaml': `${V}rules: [${rule('one')}]\n`,
      'other/s.yaml': `${V}rules: [${rule('two')}]\n`,
      't.yaml': `${V}rules: [${rule('three')}]\nhome: FR\n`,
    })
    const ids = (rules: readonly string[]) => load(dir, { rules }).policy.rules.map(({ id }) => id)
    expect(ids(['other/s.yaml'])).toEqual(['inline', 'two'])
    expect(load(dir, { rules: ['other/s.yaml'] }).policy.home.name).toBe('DE')
    expect(problems(dir, { rules: ['t.yaml'] })).toEqual([
      't.yaml:3:7: `home` is already set in cordon.yaml',
    ])
    rmSync(join(dir, 'cordon.yaml'))
    expect(ids(['other/s.yaml', 't.yaml'])).toEqual(['three', 'two'])
  })

  test.each<[name: string, Files, expected: string[]]>([
    [
      'home twice',
      { 'cordon.yaml': `${V}home: DE\nrules: [r.yaml]\n`, 'r.yaml': `${V}home: DE\n` },
      ['r.yaml:2:7: `home` is already set in cordon.yaml'],
    ],
    [
      'home in two rule files',
      {
        'cordon.yaml': `${V}rules: ["*.rules"]\n`,
        'a.rules': `${V}home: DE\n`,
        'b.rules': `${V}\nhome:\n  - DE\n`,
      },
      ['b.rules:3:1: `home` is already set in a.rules'],
    ],
    [
      'a placement twice, whatever it says',
      {
        'cordon.yaml': `${V}placement: { outside: block }\nrules: [r.yaml]\n`,
        'r.yaml': `${V}placement:\n  inside: allow\n  outside: block\n`,
      },
      ['r.yaml:4:12: `placement.outside` is already set in cordon.yaml'],
    ],
    [
      'a zone twice',
      {
        'cordon.yaml': `${V}zones: { near: [DE] }\nrules: [r.yaml]\n`,
        'r.yaml': `${V}zones: { near: [US] }\n`,
      },
      ['r.yaml:2:16: `zones.near` is already set in cordon.yaml'],
    ],
    [
      'a rule twice',
      {
        'cordon.yaml': `${V}rules: [${rule('a')}, r.yaml]\n`,
        'r.yaml': `${V}rules:\n  - ${rule('b')}\n  - ${rule('a')}\n`,
      },
      ['r.yaml:4:11: rule `a` is defined twice'],
    ],
    [
      'an agent twice',
      {
        'cordon.yaml': `${V}agents: [{ id: a }]\nrules: [r.yaml]\n`,
        'r.yaml': `${V}agents:\n  - id: a\n`,
      },
      ['r.yaml:3:9: agent `a` is defined twice'],
    ],
    [
      'a destination twice',
      {
        'cordon.yaml': `${V}destinations: [{ host: a.test, region: DE }]\nrules: [r.yaml]\n`,
        'r.yaml': `${V}destinations:\n  - host: A.test\n    region: US\n`,
      },
      ['r.yaml:3:5: destination `a.test` is defined twice'],
    ],
    [
      'the same file twice',
      { 'cordon.yaml': `${V}rules: [r.yaml, "r*.yaml"]\n`, 'r.yaml': `${V}home: DE\n` },
      ['r.yaml:2:7: `home` is already set in r.yaml'],
    ],
    [
      'a pattern that matches nothing',
      { 'cordon.yaml': `${V}rules:\n  - none/*.yaml\n  - missing.yaml\n` },
      [
        'cordon.yaml:3:5: `none/*.yaml` matches no file',
        'cordon.yaml:4:5: `missing.yaml` matches no file',
      ],
    ],
    [
      'a pattern that matches only scenarios',
      { 'cordon.yaml': `${V}rules: ["rules/*.yaml"]\n`, 'rules/a.scenarios.yaml': '' },
      ['cordon.yaml:2:9: `rules/*.yaml` matches no file'],
    ],
    [
      'a pattern that walks through everything',
      { 'cordon.yaml': `${V}rules: ["**/*.yaml"]\n` },
      ['cordon.yaml:2:9: `**/*.yaml`: name each folder instead of `**`'],
    ],
    [
      'a folder in place of a file',
      { 'cordon.yaml': `${V}rules: [rules]\n`, 'rules/a.yaml': V },
      ['rules: this is not a file'],
    ],
    [
      'keys of a configuration in a rule file',
      { 'cordon.yaml': `${V}rules: [r.yaml]\n`, 'r.yaml': `${V}mode: observe\nrules: [x.yaml]\n` },
      [
        'r.yaml:3:9: invalid input: expected object, received string',
        'r.yaml:2:1: unknown key `mode`',
      ],
    ],
    [
      'mistakes of form in all files',
      {
        'cordon.yaml': `${V}rules: [a.yaml, b.yaml, none.yaml]\n`,
        'a.yaml': `${V}home: [\n`,
        'b.yaml': `${V}hoem: DE\n`,
      },
      [
        'a.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
        'b.yaml:2:1: unknown key `hoem` (did you mean `home`?)',
        'cordon.yaml:2:25: `none.yaml` matches no file',
      ],
    ],
    [
      'mistakes of meaning in all files',
      {
        'cordon.yaml': `${V}zones:\n  a: [DE, Q1]\nrules: [a.yaml]\nintercept: { never: [a.test, "*"  , "x y"] }\n`,
        'a.yaml': `${V}home: Q2\nagents: [{ id: a, zones: [a, Q3] }]\ndestinations:\n  - host: "*x"\n    region: Q4\n`,
      },
      [
        `cordon.yaml:3:11: \`Q1\` is neither a zone nor a country code (${ISO})`,
        `a.yaml:2:7: \`Q2\` is neither a zone nor a country code (${ISO})`,
        `a.yaml:3:30: \`Q3\` is neither a zone nor a country code (${ISO})`,
        'a.yaml:5:11: `*x` has a `*` that is not a leading `*.` (write `api.example.com`, `*.example.com` or `*`)',
        `a.yaml:6:13: \`Q4\` is neither a zone nor a country code (${ISO})`,
        'cordon.yaml:5:37: `x y`: the host name has characters that no host name may have (write `api.example.com`, `*.example.com` or `*`)',
      ],
    ],
  ])('%s', (_, files, expected) => {
    write(dir, files)
    expect(problems(dir)).toEqual(expected)
  })

  test('rules between names of files keep their place in the file', () => {
    write(dir, {
      'cordon.yaml': `${V}rules:
  - a.yaml
  - { id: one, because: b, when: { zone: Q1 }, then: block }
  - b.yaml
  - a.yaml
  - id: two
    because: b
    when:
      host: [ok.test, "*"]
      path: v1
    then: block
  - { id: one, because: b, when: { port: 1 }, then: block }
`,
      'a.yaml': V,
      'b.yaml': `${V}rules:\n  - { id: three, because: b, when: { zone: Q2 }, then: block }\n`,
    })
    expect(problems(dir)).toEqual([
      `cordon.yaml:4:42: \`Q1\` is neither a zone nor a country code (${ISO})`,
      'cordon.yaml:11:13: `v1` begins neither with / nor with * (write `/v1/files` or `/v1/*`)',
      'cordon.yaml:13:11: rule `one` is defined twice',
      `b.yaml:3:44: \`Q2\` is neither a zone nor a country code (${ISO})`,
    ])
  })

  test('more files than anybody writes', () => {
    const many = Array.from({ length: 257 }, (_, i) => [`rules/${i}.yaml`, V])
    write(dir, { 'cordon.yaml': `${V}rules: [rules/*.yaml]\n`, ...Object.fromEntries(many) })
    expect(problems(dir)).toEqual(['cordon.yaml:2:9: `rules/*.yaml` matches more than 256 files'])
  })
})

describe('the digest of a policy', () => {
  const digest = (text: string, changes = {}) => {
    write(dir, { 'cordon.yaml': text })
    return load(dir, changes).policy.digest
  }

  test('is 64 hex digits and the same for the same policy', () => {
    expect(digest(`${V}home: DE\n`)).toMatch(/^[0-9a-f]{64}$/)
    expect(digest(`${V}home: DE\n`)).toBe(digest(`# the same\n${V}\n"home":   DE # here\n`))
    expect(digest(`${V}home: DE\n`)).toBe(digest(`${V}home: DE\ndata: elsewhere\n`))
  })

  test.each([
    ['home', `${V}home: FR\n`, {}],
    ['--home', `${V}home: DE\n`, { home: ['FR'] }],
    ['--observe', `${V}home: DE\n`, { observe: true }],
    ['mode', `${V}home: DE\nmode: observe\n`, {}],
    ['a placement', `${V}home: DE\nplacement: { unknown: block }\n`, {}],
    ['a rule', `${V}home: DE\nrules: [${rule('a')}]\n`, {}],
    ['what is not looked into', `${V}home: DE\nintercept: { never: [a.test] }\n`, {}],
  ])('changes with %s', (_, text, changes) => {
    expect(digest(text, changes)).not.toBe(digest(`${V}home: DE\n`))
  })
})

describe('checking single files', () => {
  const check = (...paths: string[]) => checkFiles(paths, optionsFor(dir)).map(say)

  test('one of the configuration in use knows what the others define', () => {
    write(dir, {
      'cordon.yaml': `${V}zones: { near: [DE] }\nrules: [rules/*.yaml]\n`,
      'rules/a.yaml': `${V}rules: [{ id: a, because: b, when: { zone: near }, then: block }]\n`,
    })
    expect(check('rules/a.yaml')).toEqual([])
    expect(check('rules/a.yaml', './cordon.yaml', join(dir, 'rules/a.yaml'))).toEqual([])
    write(dir, { 'cordon.yaml': `${V}zones: { nears: [DE] }\nrules: [rules/*.yaml]\n` })
    const wrong = `rules/a.yaml:2:44: \`near\` is neither a zone nor a country code (${ISO})`
    expect(check('rules/a.yaml')).toEqual([wrong])
    expect(check('rules/a.yaml', 'cordon.yaml')).toEqual([wrong])
  })

  test('one that nothing uses stands by itself', () => {
    write(dir, {
      'cordon.yaml': `${V}zones: { near: [DE] }\n`,
      'a.yaml': `${V}home: near\n`,
      'b.yaml': `${V}home: DE\n`,
    })
    expect(check('a.yaml', 'b.yaml', 'c.yaml')).toEqual([
      `a.yaml:2:7: \`near\` is neither a zone nor a country code (${ISO})`,
      'c.yaml: there is no such file',
    ])
  })

  test('scenarios as scenarios', () => {
    write(dir, { 'a.scenarios.yaml': `${V}scenarios: [{ name: x }]\n`, 'b.scenarios.yaml': V })
    expect(check('a.scenarios.yaml', 'b.scenarios.yaml')).toEqual([
      'a.scenarios.yaml:2:13: `request` is missing',
      'a.scenarios.yaml:2:13: `expect` is missing',
      'b.scenarios.yaml:1:1: `scenarios` is missing',
    ])
  })
})

describe('scenarios', () => {
  const read = (request: string, expected = 'action: allow') => {
    const text = `${V}scenarios:\n  - name: x\n    request: { ${request} }\n    expect: { ${expected} }\n`
    write(dir, { 'a.scenarios.yaml': text })
    try {
      return loadScenarios('a.scenarios.yaml', dir).length
    } catch (error) {
      return (error as { problems: Parameters<typeof say>[0][] }).problems.map(say)
    }
  }

  test.each([
    ['url: "https://a.test/"', 'action: allow'],
    [
      'url: "https://a.test/", regions: [DE, XK], addresses: [192.0.2.1, "::1"], agent: ci, groups: [a]',
      'action: hold, placement: unknown, rules: []',
    ],
    ['url: "https://a.test/", regions: ["*"]', 'action: block'],
  ])('%s is right', (request, expected) => {
    expect(read(request, expected)).toBe(1)
  })

  test.each([
    ['method: GET', 'action: allow', '4:14: `url` is missing'],
    ['url: u, regions: [de]', 'action: allow', '4:34: not a country code; write for example DE'],
    ['url: u, regions: [EEA]', 'action: allow', '4:34: not a country code; write for example DE'],
    ['url: u, addresses: [a.test]', 'action: allow', '4:36: not an IP address'],
    ['url: u, agent: a b', 'action: allow', '4:31: not the name of an agent or group'],
    ['url: u', 'action: pass', '5:23: invalid option: expected one of "allow"|"block"|"hold"'],
    ['url: u', 'action: allow, rule: x', '5:30: unknown key `rule` (did you mean `rules`?)'],
    ['url: u', '', '5:13: `action` is missing'],
  ])('%s, %s', (request, expected, problem) => {
    expect(read(request, expected)).toEqual([`a.scenarios.yaml:${problem}`])
  })
})

describe('lengths of time', () => {
  test.each([
    ['1ms', 1],
    ['250ms', 250],
    ['30s', 30_000],
    ['10m', 600_000],
    ['8h', 28_800_000],
    ['30d', 2_592_000_000],
    ['999999999d', 86_399_999_913_600_000],
  ])('%s: %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    [1, '1ms'],
    [1_500, '1500ms'],
    [25_000, '25s'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [5_400_000, '90m'],
    [86_400_000, '1d'],
  ])('%i ms: %s', (ms, text) => {
    expect(sayDuration(ms)).toBe(text)
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    '',
    '0s',
    '1',
    's',
    '1 s',
    ' 1s',
    '1s\n',
    '+1s',
    '-1s',
    '1e3s',
    '٣s',
    '1S',
    '1234567890s',
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull()
  })
})

describe('an amount of bytes', () => {
  test.each([
    ['1B', 1],
    ['64KiB', 65_536],
    ['16MiB', 16_777_216],
    ['2GiB', 2_147_483_648],
  ])('%s: %i', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [1_600_000, '1.5 MiB'],
    [5e12, '4656.6 GiB'],
  ])('%i: %s', (bytes, text) => {
    expect(saySize(bytes)).toBe(text)
  })

  test.each(['', '0B', '64', '64KB', '64k', ' 64KiB', '64 KiB', '-1B', '1.5MiB', '1234567890B'])(
    '%j is none',
    (text) => {
      expect(parseSize(text)).toBeNull()
    },
  )
})
