/** `cordon test`: what a policy has to decide, run by the same evaluator that enforces it. No network. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { cordon as run } from './cordon.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
})
afterEach(() => folder[Symbol.asyncDispose]())

const cordon = (...args: string[]) => run(dir, args)

const scenario = (name: string, request: string, expected: string) =>
  `  - { name: "${name}", request: { ${request} }, expect: { ${expected} } }\n`
const scenarios = (...rows: string[]) => `version: 1\nscenarios:\n${rows.join('')}`

test('the shipped policy decides as its scenarios say', async () => {
  const { code, out, err } = await cordon('test')
  expect(out.split('\n').filter((line) => !line.startsWith('ok    '))).toEqual([''])
  expect(err).toMatch(/^cordon: (\d+) of \1 scenarios passed\n$/)
  expect(code).toBe(0)
})

test('one that fails says what was decided instead, and why: 1', async () => {
  write(dir, {
    'rules/a.yaml':
      'version: 1\nhome: DE\nrules: [{ id: no-files, because: a test, when: { path: /files* }, then: block }]\n',
    'rules/a.scenarios.yaml': scenarios(
      scenario('right', 'url: "https://a.test/", regions: [DE]', 'action: allow, rules: []'),
      scenario(
        'wrong',
        'url: "https://a.test/%66iles", regions: [US]',
        'action: allow, placement: inside, rules: []',
      ),
    ),
  })
  expect(await cordon('test')).toEqual({
    code: 1,
    out: [
      'ok    right',
      'FAIL  wrong',
      '      rules/a.scenarios.yaml: action is block, not allow; placement is outside, not inside; rules is no-files, not none (rule `no-files` says block (a test); US is outside the allowed zone (DE))',
      '',
    ].join('\n'),
    err: 'cordon: 1 of 2 scenarios passed\n',
  })
  const json = await cordon('test', '--json')
  expect(json).toMatchObject({ code: 1, err: '' })
  expect(JSON.parse(json.out)).toEqual([
    { file: 'rules/a.scenarios.yaml', name: 'right', passed: true, problem: null },
    {
      file: 'rules/a.scenarios.yaml',
      name: 'wrong',
      passed: false,
      problem: expect.stringContaining('action is block, not allow'),
    },
  ])
})

test('what is said to databases', async () => {
  write(dir, {
    'cordon.yaml': `version: 1
home: EEA
rules:
  - rules/*.yaml
`,
    'rules/r.yaml': `version: 1
rules:
  - { id: no-drop, because: b, when: { protocol: postgresql, statement: [copy, drop] }, then: block }
  - { id: ask, because: b, when: { command: config set }, then: hold }
`,
    'rules/r.scenarios.yaml': scenarios(
      scenario(
        'a connection',
        'url: "postgresql://a@db.test/shop", regions: [DE]',
        'action: allow, rules: []',
      ),
      scenario(
        'a statement',
        'url: "postgres://db.test/shop", statement: drop table, regions: [DE]',
        'action: block, rules: [no-drop]',
      ),
      scenario(
        'one of several',
        'url: "postgresql://db.test", statement: [select, COPY], regions: [DE]',
        'action: block',
      ),
      scenario(
        'another',
        'url: "postgresql://db.test:5433/", statement: select, regions: [DE]',
        'action: allow',
      ),
      scenario(
        'a command',
        'url: "redis://db.test", statement: config set, regions: [DE]',
        'action: hold, rules: [ask]',
      ),
      scenario(
        'its name alone',
        'url: "rediss://db.test/0", statement: config, regions: [DE]',
        'action: allow',
      ),
      scenario(
        'of the other kind',
        'url: "redis://db.test", statement: drop, regions: [DE]',
        'action: allow',
      ),
      scenario(
        'elsewhere',
        'url: "redis://db.test", regions: [US]',
        'action: block, placement: outside',
      ),
      scenario(
        'no database',
        'url: "https://db.test/", statement: drop, regions: [DE]',
        'action: block',
      ),
    ),
  })
  const { code, out } = await cordon('test', '--json', '--config', 'cordon.yaml')
  const problems = (JSON.parse(out) as { name: string; problem: string | null }[]).filter(
    ({ problem }) => problem !== null,
  )
  expect(problems).toEqual([
    expect.objectContaining({
      name: 'no database',
      problem: 'the URL of the request is not that of a database',
    }),
  ])
  expect(code).toBe(1)
})

test('everything a scenario may say', async () => {
  write(dir, {
    'cordon.yaml': `version: 1
zones: { near: [DE, FR] }
home: near
agents: [{ id: ci, zones: [US], groups: [machines] }]
destinations:
  - { host: "*.corp.test", region: DE }
  - { cidr: 10.0.0.0/8, region: FR }
  - { host: us.test, allowed: US }
  - { host: both.test, region: [DE] }
intercept: { never: [pinned.test] }
rules:
  - rules/*.yaml
  - { id: uploads, because: b, when: { method: POST, host: "*.pinned.test" }, then: block }
`,
    'rules/r.yaml': `version: 1
rules:
  - { id: staff, because: b, when: { group: staff, zone: near, method: [POST] }, then: hold }
  - { id: pinned, because: b, when: { host: pinned.test, path: /secret }, then: block }
`,
    'rules/r.scenarios.yaml': scenarios(
      scenario(
        'declared by name',
        'url: "https://a.corp.test/"',
        'action: allow, placement: inside',
      ),
      scenario(
        'declared by address',
        'url: "http://x.test:8080/", addresses: [10.1.2.3]',
        'action: allow, placement: inside',
      ),
      scenario(
        'two that contradict',
        'url: "http://both.test/", addresses: [10.1.2.3]',
        'action: hold, placement: unknown',
      ),
      scenario('not declared', 'url: "http://x.test/", addresses: [192.168.1.1]', 'action: block'),
      scenario('nothing known', 'url: "http://x.test/"', 'action: hold, placement: unknown'),
      scenario(
        'allowed for that destination',
        'url: "https://us.test/", regions: [US]',
        'action: allow',
      ),
      scenario(
        'an agent with zones',
        'url: "https://x.test/", regions: [US], agent: ci',
        'action: allow',
      ),
      scenario(
        'the same abroad',
        'url: "https://x.test/", regions: [DE], agent: ci',
        'action: block',
      ),
      scenario(
        'a group',
        'url: "https://x.test/", regions: [DE], groups: [staff], method: POST',
        'action: hold, rules: [staff]',
      ),
      scenario(
        'the group, reading',
        'url: "https://x.test/", regions: [DE], groups: [staff]',
        'action: allow, rules: []',
      ),
      // What is tunnelled unseen could be any path.
      scenario(
        'a tunnel',
        'url: "https://pinned.test/harmless", regions: [DE]',
        'action: block, rules: [pinned]',
      ),
      scenario(
        'an international name',
        'url: "https://münchen.test/straße", regions: [DE]',
        'action: allow',
      ),
    ),
  })
  const { code, out, err } = await cordon('test')
  expect(out).not.toContain('FAIL')
  expect({ code, err }).toEqual({ code: 0, err: 'cordon: 12 of 12 scenarios passed\n' })
})

test('a rule file that the configuration does not use is tested by itself', async () => {
  write(dir, {
    'cordon.yaml': 'version: 1\nhome: US\n',
    'rules/a.yaml': 'version: 1\nhome: DE\n',
    'rules/a.scenarios.yaml': scenarios(
      scenario('x', 'url: "https://a.test/", regions: [DE]', 'action: allow'),
    ),
    'rules/b.scenarios.yaml': scenarios(
      scenario('y', 'url: "https://a.test/", regions: [US]', 'action: allow'),
    ),
    'other.yaml': scenarios(
      scenario('z', 'url: "https://a.test/", regions: [US]', 'action: allow'),
    ),
  })
  expect(await cordon('test')).toMatchObject({ code: 0, out: 'ok    x\nok    y\n' })
  expect(await cordon('test', 'other.yaml')).toMatchObject({ code: 0, out: 'ok    z\n' })
  expect(await cordon('test', '--config', 'cordon.yaml')).toMatchObject({ code: 1 })
})

test('rules that only take data out are no rules that decide', async () => {
  write(dir, {
    'rules/a.yaml': `version: 1
home: DE
rules:
  - { id: mails, because: b, when: { port: 443 }, redact: { out: email } }
  - { id: both, because: b, when: { port: 443 }, then: allow, redact: { out: iban } }
`,
    'rules/a.scenarios.yaml': scenarios(
      scenario(
        'x',
        'url: "https://a.test/", regions: [US]',
        'action: allow, rules: [both], redacts: [both, mails]',
      ),
      scenario(
        'y',
        'url: "http://a.test/", regions: [DE]',
        'action: allow, rules: [], redacts: []',
      ),
      scenario('z', 'url: "https://a.test/", regions: [DE]', 'action: allow, redacts: [mails]'),
    ),
  })
  const { code, out } = await cordon('test')
  expect(code).toBe(1)
  expect(out).toContain('ok    x\nok    y\nFAIL  z\n')
  expect(out).toContain('redacts is both mails, not mails')
})

test('with a configuration that is named, the scenarios beside it', async () => {
  write(dir, {
    'a/cordon.yaml': 'version: 1\nhome: US\nrules: [rules/a.yaml]\n',
    'a/rules/a.yaml': 'version: 1\n',
    'a/rules/a.scenarios.yaml': scenarios(
      scenario('beside', 'url: "https://a.test/", regions: [US]', 'action: allow'),
    ),
    'b/cordon.yaml': 'version: 1\n',
  })
  expect(await cordon('test', '--config', 'a/cordon.yaml')).toMatchObject({
    code: 0,
    out: 'ok    beside\n',
  })
  expect(await cordon('test', '--config', 'b/cordon.yaml')).toEqual({
    code: 3,
    out: '',
    err: 'cordon: error: there is no `rules/*.scenarios.yaml` beside `b/cordon.yaml`\ncordon: hint: name scenario files: cordon test rules/mine.scenarios.yaml\n',
  })
})

test.each([
  [
    'a scenario with a mistake',
    {
      'rules/a.scenarios.yaml': scenarios(scenario('x', 'url: u, regions: [EU]', 'action: allow')),
    },
    'rules/a.scenarios.yaml:3:47: not a country code; write for example DE',
  ],
  [
    'a URL that is none',
    { 'rules/a.scenarios.yaml': scenarios(scenario('x', 'url: "ftp://a.test/"', 'action: allow')) },
    '`ftp://a.test/`: not an http:// or https:// URL, nor one of a database\ncordon: hint: write https://host/path',
  ],
  [
    'a policy with a mistake',
    { 'cordon.yaml': 'version: 1\nhome: Q1\n', 'rules/a.scenarios.yaml': scenarios() },
    'cordon.yaml:2:7: `Q1` is neither a zone nor a country code\ncordon: hint: use ISO 3166-1 codes such as DE, or a zone such as EEA',
  ],
])('%s: 3', async (_, files, message) => {
  write(dir, files)
  expect(await cordon('test')).toEqual({ code: 3, out: '', err: `cordon: error: ${message}\n` })
})
