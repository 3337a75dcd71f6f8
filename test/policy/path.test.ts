/** Paths and the ways around a rule on them. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { onPath, type Truth, toRequestFacts } from '../../src/policy/condition.ts'
import { compilePathPattern, readPath } from '../../src/policy/path.ts'

/** As in a request head: one character for each byte. */
const toWire = (text: string) => Buffer.from(text).toString('latin1')

function truth(pattern: string, path: string | null): Truth {
  const compiled = compilePathPattern(pattern)
  if ('fault' in compiled) throw new Error(compiled.fault)
  return onPath([compiled.value]).test(toRequestFacts({ method: null, path }))
}

describe('a pattern and a path as everybody reads it', () => {
  test.each<[pattern: string, path: string, truth: Truth]>([
    ['/v1/files', '/v1/files', 'yes'],
    ['/v1/files', '/v1/files/', 'maybe'],
    ['/v1/files/', '/v1/files', 'no'],
    ['/v1/files', '/v1/file', 'no'],
    ['/v1/files', '/v1/files2', 'no'],
    ['/v1/files', '/', 'no'],
    ['/v1/files*', '/v1/files', 'yes'],
    ['/v1/files*', '/v1/files/7', 'yes'],
    ['/v1/*', '/v1/', 'yes'],
    ['/v1/*', '/v1', 'no'],
    ['/v1/*/content', '/v1/files/7/content', 'yes'],
    ['/v1/*/content', '/v1/content', 'no'],
    ['*/files', '/v1/files', 'yes'],
    ['*/files', '/files', 'yes'],
    ['*', '/', 'yes'],
    ['*', '*', 'yes'],
    ['/', '*', 'no'],
    ['/', '/', 'yes'],
    ['/a*b*c', '/abc', 'yes'],
    ['/a*b*c', '/a1b2c3c', 'yes'],
    ['/a*b*c', '/acb', 'no'],
    // A piece may not be used twice.
    ['/ab*ba', '/aba', 'no'],
    ['/a*ab', '/ab', 'no'],
    ['/a**b', '/a-b', 'yes'],
    ['*a*', '/b', 'no'],
    // Nothing but the star is special.
    ['/v1.files', '/v1xfiles', 'no'],
    ['/v1/(a|b)', '/v1/a', 'no'],
    ['/[ab]+', '/[ab]+', 'yes'],
    ['/$x^', '/$x^', 'yes'],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(truth(pattern, path)).toBe(expected)
  })

  test('out of sight: maybe', () => {
    expect(truth('/v1/files', null)).toBe('maybe')
    expect(truth('*', null)).toBe('maybe')
  })
})

describe('ways around a rule on /v1/files: none is a no', () => {
  test.each([
    '/v1/%66iles',
    '/%761/files',
    '/v1%2ffiles',
    '/v1%2Ffiles',
    '/%76%31%2f%66%69%6c%65%73',
    '//v1/files',
    '/v1//files',
    '/v1///files',
    '/./v1/files',
    '/v1/./files',
    '/v1/x/../files',
    '/x/../v1/files',
    '/../v1/files',
    '/../../../v1/files',
    '/v1/%2e/files',
    '/v1/x/%2e%2e/files',
    '/v1/x/%2E%2e/files',
    '/v1/x/.%2e/files',
    '/v1/x%2f..%2ffiles',
    '/v1/x/..%2ffiles',
    '/v1/files/',
    '/v1/files/.',
    '/v1/files%2f',
    '/v1\\files',
    '/v1/x\\..\\files',
    '/v1%5cfiles',
    '/v1/x%5c..%5Cfiles',
    '/V1/Files',
    '/v1/FILES',
    '/v1/%46ILES',
    // Decoded once by a proxy, once more by the origin.
    '/v1/%2566iles',
    '/v1/x/%252e%252e/files',
    '/v1%252ffiles',
    '/v1/x%255c..%255cfiles',
    // Path parameters.
    '/v1;a=b/files',
    '/v1/files;jsessionid=1',
    '/v1/x/..;/files',
    '/v1/x/..;a=b/files',
    '/v1/x/..%3b/files',
    '/v1/;/files',
    // Where an empty segment is one that `..` removes.
    '/v1//../files',
    '/v1/x//../../files',
    // Mixed, with bytes that are no UTF-8 elsewhere.
    '/%ff/../v1/%66iles',
    '/x//..%2f./%76%31\\.%2F;q/%66ILES',
  ])('%s', (path) => {
    expect(truth('/v1/files', path)).toBe('maybe')
    expect(truth('/v1/f*', path)).not.toBe('no')
  })

  test.each(['/v1/caf%C3%A9', '/v1/caf%c3%a9', toWire('/v1/café'), '/v1/x/../caf%C3%A9'])(
    'on /v1/café: %s',
    (path) => {
      expect(truth('/v1/café*', path)).not.toBe('no')
      expect(truth('/v1/café*', `${path}/%ff`)).not.toBe('no')
    },
  )

  test.each([
    ['/v1/a%20b', '/v1/a%20b', 'yes'],
    ['/v1/a%20b', '/v1/%61%20b', 'maybe'],
    ['/v1/a b', '/v1/a%20b', 'maybe'],
    ['/v1/caf%C3%A9', '/v1/caf%C3%A9', 'yes'],
    ['/v1/caf%C3%A9', '/v1/caf%c3%a9', 'maybe'],
    ['/v1/café', '/v1/caf%C3%A9', 'maybe'],
  ])('a pattern may be written with escapes: %s and %s: %s', (pattern, path, expected) => {
    expect(truth(pattern, path)).toBe(expected)
  })
})

describe('ways out of what a rule on /v1/* allows: none is a yes', () => {
  test.each([
    '/v1/../admin',
    '/v1/%2e%2e/admin',
    '/v1/..%2fadmin',
    '/v1/..\\admin',
    '/v1/..%5cadmin',
    '/v1/%252e%252e/admin',
    '/v1/..;/admin',
    '/v1/..%3b/admin',
    '/v1/x/../../admin',
    '/v1//../../admin',
    '/v1/x/%2E./.%2e/admin',
  ])('%s', (path) => {
    expect(truth('/v1/*', path)).toBe('maybe')
  })

  test.each(['/V1/x', '/%761/x', '//v1/x', '/./v1/x'])(
    'nor is %s, which is not as written',
    (path) => {
      expect(truth('/v1/*', path)).toBe('maybe')
    },
  )

  test.each(['/v1/x', '/v1/Files', '/v1/a;b', '/v1/a%20b', '/v1/a//b', '/v1/a/../b'])(
    'but %s stays within',
    (path) => {
      expect(truth('/v1/*', path)).toBe('yes')
    },
  )
})

describe('a pattern is refused', () => {
  test.each([
    ['v1/files', 'begins neither with / nor with *'],
    ['', 'begins neither with / nor with *'],
    ['/v1/files?x=1', 'a path ends before'],
    ['/v1/files#x', 'a path ends before'],
    ['/v1//files', 'dot segment'],
    ['/v1/../files', 'dot segment'],
    ['/v1/./files', 'dot segment'],
    ['/v1/..', 'dot segment'],
    ['/v1/%2e%2e/files', 'dot segment'],
    ['/v1%2f%2ffiles', 'dot segment'],
    ['/v1\\files', 'dot segment'],
    ['/v1/files;x', 'dot segment'],
  ])('%s', (text, because) => {
    const compiled = compilePathPattern(text)
    expect('fault' in compiled && compiled.fault).toContain(because)
  })
})

describe('for every path', () => {
  const path = fc
    .array(
      fc.constantFrom(
        '/',
        '.',
        '..',
        '%2e',
        '%2F',
        '%5c',
        '\\',
        ';',
        'a',
        'B',
        '%',
        '%4',
        '%ff',
        'é',
        '*',
      ),
      { maxLength: 30 },
    )
    .map((parts) => toWire(`/${parts.join('')}`))

  test('there is a reading, and readings are plain', () => {
    fc.assert(
      fc.property(path, (text) => {
        const { read } = readPath(text)
        expect(read.length).toBeGreaterThan(0)
        expect(new Set(read).size).toBe(read.length)
        for (const one of read) expect(one).not.toMatch(/\/\.\.?(\/|$)|\/\/|\\|[A-Z]/)
      }),
    )
  })

  test('nothing throws, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        readPath(text)
        readPath(`/${text}`)
        compilePathPattern(text)
      }),
    )
  })

  test('what surely matches also matches as sent, and what surely does not matches in no reading', () => {
    fc.assert(
      fc.property(path, fc.constantFrom('/a*', '*b', '/', '*/a/*'), (text, pattern) => {
        const compiled = compilePathPattern(pattern)
        if ('fault' in compiled) throw new Error(compiled.fault)
        const { sent, read } = readPath(text)
        const found = truth(pattern, text)
        if (found === 'yes') expect(compiled.value.matchesSent(sent)).toBe(true)
        if (found === 'no') expect(read.some((one) => compiled.value.matchesRead(one))).toBe(false)
      }),
    )
  })

  test('a pattern matches what a regular expression with the same meaning matches', () => {
    const piece = fc.constantFrom('*', '/', 'a', 'b', 'ab', '.')
    fc.assert(
      fc.property(fc.array(piece), fc.array(piece), (glob, text) => {
        const pattern = `/x${glob.join('')}`
        const compiled = compilePathPattern(pattern)
        fc.pre('value' in compiled)
        const expression = pattern
          .split('*')
          .map((part) => part.replace(/[.]/g, '\\$&'))
          .join('.*')
        const path = `/x${text.join('')}`
        expect('value' in compiled && compiled.value.matchesSent(path)).toBe(
          new RegExp(`^${expression}$`, 's').test(path),
        )
      }),
    )
  })
})

test('a long path and a pattern with many stars are walked a few times, not searched: only a hang fails', () => {
  const path = `/${'a'.repeat(60_000)}`
  expect(truth(`/${'*a'.repeat(100)}*b`, path)).toBe('no')
  expect(truth(`/${'*aaaaaaaaab'.repeat(20)}`, path)).toBe('no')
  expect(truth('/x*', `/${'%2e%2e/'.repeat(8_000)}`)).toBe('no')
  expect(truth('/x*', `/${';/..'.repeat(15_000)}`)).toBe('no')
  expect(truth('/x*', `/${'%25'.repeat(20_000)}`)).toBe('no')
})
