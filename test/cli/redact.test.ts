/** `cordon redact`: what would be found, where and why, offline; values only where they are asked for. */

import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { cordon as run } from './cordon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  writeFileSync(join(folder.path, 'call.json'), JSON.stringify(CALL))
})
afterAll(() => folder[Symbol.asyncDispose]())

const CALL = {
  user: { email: 'anna@example.org', password: 'Tr0ub4dor&3' },
  card: 4111111111111111,
  note: 'to DE89 3704 0044 0532 0130 00, "now"',
}

const cordon = (...args: string[]) => run(folder.path, ['redact', ...args])

describe('what is left', () => {
  test('labels, unless said otherwise; JSON stays JSON', async () => {
    const { code, out } = await cordon('call.json')
    expect(code).toBe(0)
    const left = JSON.parse(out) as typeof CALL
    expect(left.user).toEqual({ email: '[EMAIL]', password: '[PASSWORD]' })
    expect(left.note).toBe('to [IBAN], "now"')
    expect(typeof left.card).toBe('number')
    expect(left.card).not.toBe(CALL.card)
  })

  test('a mask that keeps the last', async () => {
    const { out } = await cordon('--file', 'call.json', '--with', 'mask', '--keep', '4')
    expect(JSON.parse(out)).toMatchObject({
      card: 9000000000001111,
      note: 'to **** **** **** **** **30 00, "now"',
    })
  })

  test('tokens for people, labels for secrets', async () => {
    const { out, err } = await cordon('call.json', '--with', 'token')
    const { user } = JSON.parse(out) as typeof CALL
    expect(user.email).toMatch(/^PII_EMAIL_[0-9A-Z]{6}$/)
    expect(user.password).toBe('[PASSWORD]')
    expect(err).toContain('good for this run only')
  })

  test('only what is asked for, by kind and by class', async () => {
    const { out } = await cordon('call.json', '--type', 'secret', 'iban')
    expect(JSON.parse(out)).toEqual({
      ...CALL,
      user: { ...CALL.user, password: '[PASSWORD]' },
      note: 'to [IBAN], "now"',
    })
  })

  test('what comes on stdin, as what it is said to be', async () => {
    const stdin = 'mail=anna%40example.org&x=1'
    const { out } = await run(
      folder.path,
      ['redact', '--content-type', 'application/x-www-form-urlencoded'],
      { input: stdin },
    )
    expect(out).toBe('mail=%5BEMAIL%5D&x=1')
  })

  test('clean text passes byte for byte, and no key is made', async () => {
    writeFileSync(join(folder.path, 'clean.txt'), 'nothing\r\nhere\n')
    const { out } = await cordon('clean.txt')
    expect(out).toBe('nothing\r\nhere\n')
    expect(existsSync(join(folder.path, 'data'))).toBe(false)
    expect(readdirSync(folder.path).sort()).toEqual(['call.json', 'clean.txt'])
  })
})

describe('what is found', () => {
  test('as JSON, without the values', async () => {
    const { code, out } = await cordon('call.json', '--json')
    expect(code).toBe(0)
    const { findings } = JSON.parse(out) as { findings: { type: string; path: string }[] }
    expect(findings.map(({ type, path }) => `${type} ${path}`)).toEqual([
      'email $.user.email',
      'password $.user.password',
      'payment-card $.card',
      'iban $.note',
    ])
    expect(findings[3]).toMatchObject({
      class: 'payment',
      count: 1,
      why: expect.stringContaining('97'),
    })
    for (const value of ['anna@', 'Tr0ub', '4111', 'DE89']) expect(out).not.toContain(value)
  })

  test('with the values where they are asked for', async () => {
    const { out } = await cordon('call.json', '--json', '--show')
    expect(JSON.parse(out)).toMatchObject({
      findings: [{ values: ['anna@example.org'] }, { values: ['Tr0ub4dor&3'] }, {}, {}],
    })
  })

  test('as a table', async () => {
    const { out } = await cordon('call.json', '--list')
    expect(out).toMatch(/^kind +class +count +where +why\n/)
    expect(out).toMatch(
      /password +secret +1 +\$\.user\.password +form of password: key, .*under `password`/,
    )
    expect(out).not.toContain('Tr0ub')
  })
})

describe('refused', () => {
  const rows: readonly [string, readonly string[], string][] = [
    ['a kind that is not there', ['call.json', '--type', 'ibann'], 'no such kind or class'],
    ['an operator that is not there', ['call.json', '--with', 'hide'], 'not an operator'],
    ['a number that is none', ['call.json', '--with', 'mask', '--keep', '-1'], '--keep'],
    ['a file that is not there', ['nowhere.json'], 'nowhere.json'],
  ]
  test.each(rows)('%s', async (_name, args, want) => {
    const { code, err } = await cordon(...args)
    expect(code).toBe(3)
    expect(err).toContain(want)
  })

  test('what cannot be looked into is said', async () => {
    writeFileSync(
      join(folder.path, 'picture'),
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 0xff]),
    )
    const { code, err } = await cordon('picture')
    expect(code).toBe(2)
    expect(err).toContain('not looked into: binary')
  })
})
