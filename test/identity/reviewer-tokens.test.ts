/** Tokens of reviewers: only what was issued counts, nothing at rest gives one away, and when in doubt nobody may decide. */

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ReviewerTokens, ReviewerTokensError } from '../../src/identity/reviewer-tokens.ts'
import { temporaryFolder } from '../support/folder.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let clock: { time: number; now(): number }
let tokens: ReviewerTokens
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
  clock = { time: 1_000_000, now: () => clock.time }
  tokens = new ReviewerTokens(dir, clock)
})
afterEach(() => folder[Symbol.asyncDispose]())

const file = () => join(dir, 'reviewers.json')
/** Past the half second in which the file is not looked at again. */
const find = (token: string) => {
  clock.time += 500
  return tokens.find(token)
}

test('a token is its reviewer’s, and is nowhere at rest', () => {
  const alice = tokens.issue('alice')
  const bob = tokens.issue('bob')
  expect(alice).toMatch(/^crv_[A-Za-z0-9_-]{49}$/)
  expect(find(alice)).toEqual({ kind: 'reviewer', name: 'alice' })
  expect(find(bob)).toEqual({ kind: 'reviewer', name: 'bob' })
  expect(readFileSync(file(), 'utf8')).not.toContain(alice.slice(4, 20))
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['reviewers.json'])
  expect(tokens.list().map(({ reviewer }) => reviewer)).toEqual(['alice', 'bob'])
  expect(tokens.list()[0]?.issued_at).toBe(new Date(1_000_000).toISOString())
})

test('no two are the same', () => {
  const all = Array.from({ length: 20 }, () => tokens.issue('alice'))
  expect(new Set(all).size).toBe(20)
  expect(all.every((one) => find(one).kind === 'reviewer')).toBe(true)
})

test('revoking takes all of one, at once, and nobody else’s', () => {
  const [first, second, bob] = [tokens.issue('alice'), tokens.issue('alice'), tokens.issue('bob')]
  expect(find(first)).toMatchObject({ kind: 'reviewer' })
  expect(tokens.revoke('alice')).toBe(2)
  expect(tokens.revoke('alice')).toBe(0)
  expect([first, second, bob].map((one) => find(one).kind)).toEqual([
    'unknown',
    'unknown',
    'reviewer',
  ])
})

describe('the first', () => {
  test('is made once in the life of a folder, not again when all are revoked', () => {
    const token = tokens.issueFirst() ?? ''
    expect(find(token)).toEqual({ kind: 'reviewer', name: 'admin' })
    expect(tokens.issueFirst()).toBeNull()
    tokens.revoke('admin')
    expect(tokens.issueFirst()).toBeNull()
    expect(find(token)).toEqual({ kind: 'unknown' })
  })

  test('is not made where somebody else has one', () => {
    tokens.issue('alice')
    expect(tokens.issueFirst()).toBeNull()
  })

  test('is not made in place of a file that cannot be read', () => {
    writeFileSync(file(), '')
    expect(tokens.issueFirst()).toBeNull()
    expect(readFileSync(file(), 'utf8')).toBe('')
  })
})

describe('what is not a token', () => {
  test.each([
    ['', 'unknown'],
    ['crv', 'unknown'],
    ['eyJhbGciOiJFZERTQSJ9.e30.AAAA', 'unknown'],
    ['crv_', 'mistyped'],
    [`crv_${'A'.repeat(49)}`, 'mistyped'],
  ])('%s: %s', (text, kind) => {
    expect(find(text)).toEqual({ kind })
  })

  test('one letter more, less or another', () => {
    const token = tokens.issue('alice')
    const other = token[10] === 'A' ? 'B' : 'A'
    const wrong = [
      `${token}A`,
      token.slice(0, -1),
      `${token.slice(0, 10)}${other}${token.slice(11)}`,
      token.toUpperCase(),
      ` ${token}`,
      `${token}\n`,
    ]
    for (const one of wrong) expect(find(one).kind, one).not.toBe('reviewer')
  })

  test('one of another installation', async () => {
    await using elsewhere = await temporaryFolder()
    const foreign = new ReviewerTokens(elsewhere.path, clock).issue('admin')
    tokens.issue('admin')
    expect(find(foreign)).toEqual({ kind: 'unknown' })
  })
})

describe('a file that cannot be understood: nobody may decide, and it is not written over', () => {
  const sha256 = 'a'.repeat(64)
  const issued_at = '2026-11-29T00:00:00.000Z'
  const entry = (change: object) =>
    JSON.stringify({
      version: 1,
      tokens: [{ reviewer: 'alice', sha256, issued_at, ...change }],
    })
  test.each([
    ['empty', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['another version', '{"version":2,"tokens":[]}'],
    ['a key too many', '{"version":1,"tokens":[],"x":1}'],
    ['no list', '{"version":1,"tokens":{}}'],
    ['no name', entry({ reviewer: '' })],
    ['a name with a control character', entry({ reviewer: 'a\u001b' })],
    ['a short digest', entry({ sha256: 'aa' })],
    ['an upper-case digest', entry({ sha256: 'A'.repeat(64) })],
    ['no time', entry({ issued_at: 'yesterday' })],
    ['a key that is not known', entry({ role: 'admin' })],
    ['too large', `${' '.repeat(600_000)}{"version":1,"tokens":[]}`],
  ])('%s', (_name, text) => {
    const token = tokens.issue('alice')
    writeFileSync(file(), text)
    expect(find(token)).toMatchObject({ kind: 'unusable', detail: expect.any(String) })
    expect(() => tokens.list()).toThrow(ReviewerTokensError)
    expect(() => tokens.issue('bob')).toThrow(ReviewerTokensError)
    expect(() => tokens.revoke('bob')).toThrow(ReviewerTokensError)
    expect(readFileSync(file(), 'utf8')).toBe(text)
    expect(readdirSync(dir)).toEqual(['reviewers.json'])
    rmSync(file())
    expect(find(token)).toEqual({ kind: 'unknown' })
  })

  test('what is wrong does not repeat what it has read', () => {
    writeFileSync(file(), 'crv_secret')
    expect(() => tokens.list()).toThrow(/cannot be read: it is not JSON$/)
  })

  test('a folder in its place', () => {
    const token = tokens.issue('alice')
    rmSync(file())
    mkdirSync(file())
    expect(find(token)).toMatchObject({ kind: 'unusable' })
  })
})

test('there are only so many', () => {
  for (let i = 0; i < 20; i++) tokens.issue('alice')
  expect(() => tokens.issue('alice')).toThrow('too many tokens')
  expect(tokens.list()).toHaveLength(20)
})
