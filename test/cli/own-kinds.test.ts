/** Kinds of an operator's own on the command line: what is wrong with them is said with its place, what they find is shown. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { cordon as run } from './cordon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  mkdirSync(join(folder.path, 'lists'))
})
afterAll(() => folder[Symbol.asyncDispose]())

const cordon = (...args: string[]) => run(folder.path, args)
const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text)

/** @param kinds lines under `kinds:` */
function configure(kinds: string, rest = ''): void {
  write('cordon.yaml', `version: 1\nredaction:\n  kinds:\n    - ${kinds}\n${rest}`)
}

describe('check', () => {
  // biome-ignore format: a table
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['a name that there is', '{ id: iban, terms: [abc] }', '', 'cordon.yaml:4:13: there is a `iban` already'],
    ['a name that is none', '{ id: My Kind, terms: [abc] }', '', 'the name of a kind is lower-case words with hyphens, like project-name'],
    ['nothing to find', '{ id: mine }', '', 'cordon.yaml:4:7: a kind has one of `terms`, `pattern`, `values` and `fields`'],
    ['a slow pattern', "{ id: mine, pattern: '(a+)+b' }", '', 'cordon.yaml:4:28: `(a+)+b`: an unbounded repetition within another'],
    ['a path that is none', '{ id: mine, fields: [$.a, $.b c] }', '', 'cordon.yaml:4:33: `$.b c`: cannot read ` c`'],
    ['no such file', '{ id: mine, values: nowhere.txt }', '', 'cordon.yaml:4:27: `nowhere.txt`: there is no such file'],
    ['a key that is none', '{ id: mine, term: [abc] }', '', 'hint: did you mean `terms`?'],
    ['left alone', '{ id: mine, terms: [abc] }', '  allow: { values: ["-"] }', 'cordon.yaml:5:21: is empty'],
    ['a rule with a kind that is none', '{ id: mine, terms: [abc] }', 'rules: [{ id: r, because: x, when: { port: 443 }, redact: { out: mime } }]', 'hint: did you mean `mine`?'],
  ]
  test.each(rows)('%s', async (_, kinds, rest, want) => {
    configure(kinds, rest)
    const { code, out } = await cordon('check')
    expect(code).toBe(3)
    expect(out).toContain(want)
  })

  test('values that cannot be kept, each by its line, and not by what it is', async () => {
    configure(
      '{ id: mine, values: lists/a.txt }',
      'rules: [{ id: r, because: x, when: { port: 443 }, redact: { out: mine } }]',
    )
    write('lists/a.txt', 'fine one\nq7\n\n# not this\na b c d e f g h\n')
    const { code, out } = await cordon('check')
    expect(code).toBe(3)
    expect(out).toContain('lists/a.txt:2:1: the value has fewer than 4 characters')
    expect(out).toContain('lists/a.txt:5:1: the value has more than 6 words')
    expect(out).not.toMatch(/q7|a b c|no kind of data/)
  })

  test('a file that is too large, or has nothing in it', async () => {
    configure('{ id: mine, values: lists/a.txt }')
    write('lists/a.txt', 'x'.repeat(4 * 1024 * 1024 + 1))
    expect((await cordon('check')).out).toContain('the file is larger than 4194304 bytes')
    write('lists/a.txt', '# none\n\n')
    expect((await cordon('check')).out).toContain('there are no values in it')
  })
})

describe('redact', () => {
  beforeAll(() => {
    write('call.json', '{"a":"nightjar","b":"Ada Muster","c":{"d":"x"},"e":"a@example.com"}')
  })
  const own = () => {
    configure(
      '{ id: project, class: secret, terms: [Nightjar] }\n    - { id: customer, values: lists/a.txt }\n    - { id: field, fields: [$.c] }',
      '  allow: { values: [a@example.com] }',
    )
    write('lists/a.txt', 'ada muster\n')
  }

  test('with the configuration that is here', async () => {
    own()
    const { code, out } = await cordon('redact', 'call.json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      ...{ a: '[PROJECT]', b: '[CUSTOMER]', c: { d: '[FIELD]' }, e: 'a@example.com' },
    })
    const { out: list } = await cordon('redact', 'call.json', '--list')
    expect(list).toMatch(/^customer +personal +1 +\$\.b +form of customer: keyed hash$/m)
    expect(list).toMatch(/^field +personal +1 +\$\.c\.d +whatever stands there$/m)
    expect(list).not.toMatch(/muster|nightjar/i)
  })

  test('only those that are named', async () => {
    own()
    const { out } = await cordon('redact', 'call.json', '--type', 'customer')
    expect(JSON.parse(out)).toMatchObject({ a: 'nightjar', b: '[CUSTOMER]', c: { d: 'x' } })
  })

  test('another configuration', async () => {
    own()
    write('other.yaml', 'version: 1\n')
    const { out } = await cordon('redact', 'call.json', '--config', 'other.yaml')
    expect(JSON.parse(out)).toMatchObject({ a: 'nightjar', e: '[EMAIL]' })
  })
})

test('explain says what would be found', async () => {
  configure(
    '{ id: project, class: secret, terms: [Nightjar] }',
    [
      'destinations: [{ cidr: 127.0.0.9/32, region: [DE], because: test }]',
      'rules: [{ id: r, because: x, when: { port: 443 }, redact: { out: project } }]',
    ].join('\n'),
  )
  write('call.json', '{"a":"nightjar"}')
  const { out } = await cordon(
    ...['explain', 'https://127.0.0.9/x?q=nightjar', '--method', 'POST', '--body', 'call.json'],
    ...['--header', 'Content-Type: application/json'],
  )
  expect(out).toContain('redact     out: project with label')
  expect(out).toContain('found      1 project at query.q')
  expect(out).toContain('found      1 project at $.a')
  // Of a body that is not given, nothing; of the head all the same.
  const { out: bare } = await cordon(
    ...['explain', 'https://127.0.0.9/x?q=nightjar', '--method', 'POST'],
  )
  expect(bare.split('\n').filter((line) => line.includes('found'))).toEqual([
    '  found      1 project at query.q',
  ])
})

test('explain names a class where all of it is meant', async () => {
  configure(
    '{ id: project, class: payment, terms: [Nightjar] }',
    [
      'destinations: [{ cidr: 127.0.0.9/32, region: [DE], because: test }]',
      'rules: [{ id: r, because: x, when: { port: 443 }, redact: { out: [payment, lei, email], in: iban } }]',
    ].join('\n'),
  )
  const { out } = await cordon('explain', 'https://127.0.0.9/x')
  expect(out).toContain('  redact     out: payment, email, lei with label\n')
  expect(out).toContain('  redact     in: iban with label\n')
})
