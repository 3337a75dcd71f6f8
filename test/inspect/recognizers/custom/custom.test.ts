/** A customer's own kinds: terms, patterns, hashed dictionaries; what is wrong with them is said when they are loaded. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileAllow } from '../../../../src/inspect/recognizers/custom/allow.ts'
import { compileCustom } from '../../../../src/inspect/recognizers/custom/custom.ts'
import { hashDictionary } from '../../../../src/inspect/recognizers/custom/dictionary.ts'
import type { OwnKind } from '../../../../src/inspect/recognizers/custom/document.ts'
import { createScanner } from '../../../../src/inspect/scan/create-scanner.ts'
import { NOWHERE, openStream } from '../../../../src/inspect/scan/scanner.ts'

const KEY = Buffer.alloc(32, 5)

function compile(...kinds: OwnKind[]) {
  const compiled = compileCustom(kinds, KEY)
  if ('problems' in compiled)
    throw new Error(compiled.problems.map(({ message }) => message).join())
  return createScanner(compiled.recognizers)
}

function problemsOf(kinds: readonly OwnKind[], taken?: ReadonlySet<string>): string[] {
  const compiled = compileCustom(kinds, KEY, taken)
  return 'problems' in compiled
    ? compiled.problems.map(({ path, message }) => `${path.join('.')}: ${message}`)
    : []
}

type Scanner = ReturnType<typeof compile>

function scan(scanner: Scanner, text: string, name = ''): string[] {
  const bytes = Buffer.from(text)
  const found: string[] = []
  const context = name === '' ? NOWHERE : scanner.under(name)
  scanner.scan(bytes, 0, bytes.length, context, (start, end) => {
    found.push(bytes.toString('utf8', start, end))
  })
  return found
}

function scanBytewise(scanner: Scanner, text: string): string[] {
  const bytes = Buffer.from(text)
  const stream = openStream()
  const found: string[] = []
  let done = 0
  for (let end = 1; end <= bytes.length; end++) {
    stream.ended = end === bytes.length
    done = scanner.scan(
      bytes,
      done,
      end,
      NOWHERE,
      (from, to) => found.push(bytes.toString('utf8', from, to)),
      stream,
    )
  }
  return found
}

describe('terms', () => {
  const terms = ['Project Falcon', 'Falcon', 'Müller & Söhne', 'élan vital', 'C++17', 'Ньютон']
  const scanner = compile({ type: 'code-words', terms })
  const rows: readonly [string, string, readonly string[]][] = [
    ['as written', 'about Project Falcon today', ['Project Falcon']],
    ['in any case', 'PROJECT FALCON, falcon', ['PROJECT FALCON', 'falcon']],
    ['over a line', 'Project\nFalcon', ['Project\nFalcon']],
    [
      'with letters that are not ASCII',
      'MÜLLER & SÖHNE und müller & söhne',
      ['MÜLLER & SÖHNE', 'müller & söhne'],
    ],
    ['beginning with one', 'Élan vital', ['Élan vital']],
    ['in another script', 'НЬЮТОН!', ['НЬЮТОН']],
    ['ending with a sign', 'C++17 and c++17', ['C++17', 'c++17']],
    ['whole words only', 'falconer Falcons afalcon Project Falconé', []],
    ['the shorter one where the longer one does not end', 'Project Falconry, Falcon', ['Falcon']],
    ['at the very end', 'the falcon', ['falcon']],
    ['not the beginning', 'Project Falc', []],
  ]
  test.each(rows)('%s', (_name, text, want) => {
    expect(scan(scanner, text)).toEqual(want)
    expect(scanBytewise(scanner, text)).toEqual(want)
  })

  test('a hundred thousand of them, and text full of their beginnings', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `name ${i.toString(36)} of many`)
    const big = compile({ type: 'names', terms: many })
    expect(scan(big, 'it is NAME 2S of many.')).toEqual(['NAME 2S of many'])
    expect(scan(big, 'name 1 of man '.repeat(100_000))).toEqual([])
  })
})

describe('patterns', () => {
  const rows: readonly [string, Omit<OwnKind, 'type'>, string, readonly string[]][] = [
    ['digits', { pattern: 'EMP-\\d{6}' }, 'EMP-123456, EMP-12345, EMP-1234567', ['EMP-123456']],
    ['a class first', { pattern: '[A-Z]{2}\\d{4}' }, 'is AB1234 or ABC1234', ['AB1234']],
    [
      'alternatives',
      { pattern: '(?:red|blue)-team-\\w+' },
      'red-team-one blue-team-2x',
      ['red-team-one', 'blue-team-2x'],
    ],
    ['groups that repeat', { pattern: 'K(\\d{3}-){2}\\d{4}' }, 'K123-456-7890', ['K123-456-7890']],
    ['the longest', { pattern: 'abb+c?' }, 'abbb abbc', ['abbb', 'abbc']],
    [
      'any case',
      { pattern: 'emp[a-f]x', ignoreCase: true },
      'EMPAX EmpfX empgx',
      ['EMPAX', 'EmpfX'],
    ],
    ['not any case', { pattern: 'emp[a-f]x' }, 'EMPAX empax', ['empax']],
    ['negated', { pattern: 'id=[^;\\s]+' }, 'id=a/b;id=ü c', ['id=a/b', 'id=ü']],
    ['letters that are not ASCII', { pattern: 'Größe \\d+' }, 'Größe 42', ['Größe 42']],
    ['an escaped sign', { pattern: 'a\\.b\\*c' }, 'a.b*c axb*c', ['a.b*c']],
    ['a class with `]` and `-`', { pattern: 'x[]a-]{3}' }, 'x]a- ', ['x]a-']],
    ['`\\b` around it', { pattern: '\\bABC\\d\\b' }, 'ABC1 XABC1 ABC12', ['ABC1']],
  ]
  test.each(rows)('%s', (_name, pattern, text, want) => {
    const scanner = compile({ type: 'staff-id', ...pattern })
    expect(scan(scanner, text)).toEqual(want)
    expect(scanBytewise(scanner, text)).toEqual(want)
  })

  test('near: only where a word says so', () => {
    const scanner = compile({
      type: 'staff-id',
      pattern: 'Q\\d{5}',
      near: ['employee', 'staff id'],
    })
    expect(scan(scanner, 'part Q12345')).toEqual([])
    expect(scan(scanner, 'employee Q12345')).toEqual(['Q12345'])
    expect(scan(scanner, 'Q12345', 'staffId')).toEqual(['Q12345'])
  })

  const refused: readonly [string, string, string][] = [
    ['a backreference', '(ab)c\\1', 'backreferences'],
    ['looking ahead', 'abc(?=d)', 'lookaround'],
    ['looking behind', '(?<!a)bcd', 'lookaround'],
    ['a named group', '(?<x>abc)', 'named groups'],
    ['flags', '(?i)abc', 'use `ignore_case`'],
    ['nested repetition', '(a+)+bcd', 'unbounded repetition within another'],
    ['nested repetition in groups', '((ab*c)+d)*xyz', 'unbounded repetition within another'],
    ['a repetition of a repetition', 'ab{2}{3}c', 'repetition of a repetition'],
    ['lazy repetition', 'abc+?', 'longest match'],
    ['ends', '^abc$', 'whole word'],
    ['nothing to repeat', '*abc', 'nothing before'],
    ['an open group', '(abc', 'without a `)`'],
    ['a closed group', 'abc)', 'without a `(`'],
    ['an open class', '[abc', 'ends too early'],
    ['a range backwards', '[z-a]bc', 'backwards'],
    ['a count backwards', 'a{3,2}bc', 'backwards'],
    ['a large count', 'a{1000}', 'begins no count'],
    ['a letter in a class', '[ä]bc', 'only ASCII'],
    ['what is unknown', 'a\\pL', 'not known'],
    ['hardly anything', 'a?b', 'fewer than 3 bytes'],
    ['an empty alternative', 'abc|', 'empty alternative'],
    ['any beginning', '.*secret', 'nearly anything'],
    ['a table that grows without end', 'x[ab]*a[ab]{20}', 'too large a table'],
    ['too long', 'a'.repeat(501), 'more than 500'],
  ]
  test.each(refused)('refused: %s', (_name, pattern, want) => {
    expect(problemsOf([{ type: 'x', pattern }]).join()).toContain(want)
  })

  test('whatever is written: taken or refused, never worse', () => {
    const pieces = fc.constantFrom(
      'a',
      'b',
      'X',
      '\\d',
      '[a-c]',
      '[^x]',
      '.',
      '(',
      ')',
      '|',
      '*',
      '+',
      '?',
      '{2}',
      '{1,3}',
      '\\',
      '^',
      'ü',
    )
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 12 }),
        fc.string({ maxLength: 60 }),
        (parts, text) => {
          const compiled = compileCustom([{ type: 'x', pattern: parts.join('') }], KEY)
          if ('problems' in compiled) {
            expect(compiled.problems[0]?.message).not.toBe('')
            return
          }
          const scanner = createScanner(compiled.recognizers)
          expect(scanBytewise(scanner, text)).toEqual(scan(scanner, text))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('the same as the regular expressions of the language, where those are unambiguous', () => {
    const simple = fc.constantFrom('a', 'b', '[ab]', '\\d', '(?:ab|ba)', '\\w')
    const counts = fc.constantFrom('', '+', '*', '?', '{2}', '{1,3}')
    const pattern = fc
      .array(fc.tuple(simple, counts), { minLength: 1, maxLength: 4 })
      .map((parts) => `x-x${parts.map(([part, times]) => part + times).join('')}`)
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[ab1]{0,8}$/), (source, tail) => {
        const whole = new RegExp(`^(?:${source})$`).test(`x-x${tail}`)
        const scanner = compile({ type: 'x', pattern: source })
        expect(scan(scanner, `x-x${tail}`)).toEqual(whole ? [`x-x${tail}`] : [])
      }),
      { numRuns: 1000 },
    )
  })

  test('text that nearly matches everywhere takes time in proportion', () => {
    const scanner = compile({ type: 'x', pattern: 'a[a -]+!' })
    expect(scan(scanner, 'a '.repeat(200_000))).toEqual([])
  })
})

describe('dictionaries', () => {
  const values = [
    'Anna Example',
    'ACME-4711',
    'Jürgen Größe-Müller',
    'Berlin Alexanderplatz 7 Zimmer 12',
  ]
  const hashed = hashDictionary(values, KEY)
  if ('fault' in hashed) throw new Error(hashed.fault)
  const dictionary = hashed.value
  const scanner = compile({ type: 'people', dictionary })
  const rows: readonly [string, string, readonly string[]][] = [
    ['as given', 'Dear Anna Example,', ['Anna Example']],
    ['in any case', 'anna EXAMPLE', ['anna EXAMPLE']],
    ['with signs', 'order acme-4711.', ['acme-4711']],
    ['not ASCII', 'JÜRGEN GRÖSSE-MÜLLER and Jürgen Größe-Müller', ['Jürgen Größe-Müller']],
    ['many words', 'at Berlin Alexanderplatz 7 Zimmer 12!', ['Berlin Alexanderplatz 7 Zimmer 12']],
    ['not others', 'Anna Examples, Anna, ACME-47110, Anne Example', []],
    ['at the end', 'Anna Example', ['Anna Example']],
  ]
  test.each(rows)('%s', (_name, text, want) => {
    expect(scan(scanner, text)).toEqual(want)
    expect(scanBytewise(scanner, text)).toEqual(want)
  })

  test('no value is in it', () => {
    const text = JSON.stringify(dictionary).toLowerCase()
    for (const word of ['anna', 'example', 'acme', 'berlin']) expect(text).not.toContain(word)
  })

  test('another key finds nothing', () => {
    const compiled = compileCustom([{ type: 'people', dictionary }], Buffer.alloc(32, 6))
    if ('problems' in compiled) throw new Error('refused')
    expect(scan(createScanner(compiled.recognizers), 'Anna Example')).toEqual([])
  })

  test.each([
    ['too short', ['ab'], 'value 1 has fewer'],
    ['too many words', ['fine', 'a b c d e f g'], 'value 2 has more'],
  ])('refused: %s', (_name, list, want) => {
    expect(hashDictionary(list, KEY)).toEqual({ fault: expect.stringContaining(want) })
  })

  test('damaged ones are refused', () => {
    expect(problemsOf([{ type: 'x', dictionary: { ...dictionary, filter: 'abc' } }])).toEqual([
      'kinds.0.values: the filter is damaged',
    ])
    expect(problemsOf([{ type: 'x', dictionary: { ...dictionary, hashes: [] } }])).toEqual([
      'kinds.0.values: there are no values',
    ])
  })
})

test('every problem of a document is said, with its place', () => {
  const kinds: readonly OwnKind[] = [
    { type: 'Bad Name', terms: ['fine one'] },
    { type: 'short', terms: ['ab'] },
    { type: 'iban', pattern: 'abc' },
    { type: 'short', pattern: 'abc', near: ['fine', 'a.b'] },
    { type: 'two', pattern: 'abc', terms: ['abc'] },
    { type: 'none' },
    { type: 'odd', terms: ['abc'], near: ['abc'] },
    { type: 'fields', fields: ['$.a', '$.b[2]'] },
  ]
  expect(problemsOf(kinds, new Set(['iban']))).toEqual([
    'kinds.0.id: `Bad Name` is not lower-case words with hyphens',
    'kinds.1.terms: `ab` has fewer than 3 characters',
    'kinds.2.id: there is a `iban` already',
    'kinds.3.id: there is a `short` already',
    'kinds.3.near.1: `a.b` is not words of letters and digits',
    'kinds.4: a kind has one of `terms`, `pattern`, `values` and `fields`',
    'kinds.5: a kind has one of `terms`, `pattern`, `values` and `fields`',
    'kinds.6: `near` and `ignore_case` go with a `pattern`',
    'kinds.7.fields.1: `$.b[2]`: write `[*]`, elements of a list are not told apart',
  ])
})

describe('what is left alone', () => {
  const compiled = compileAllow({
    values: ['4111 1111 1111 1111', 'Support@Example.org'],
    fields: ['$.customer.ssn', '$.messages[*].content', '$.usage.*', '$..trace', 'user_id'],
  })
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const rows: readonly [string, string, boolean][] = [
    ['4111-1111-1111-1111', 'body', true],
    ['support@example.org', 'body', true],
    ['4111111111111112', 'body', false],
    ['x', '$.customer.ssn', true],
    ['x', '$.customer.ssn2', false],
    ['x', '$.customer', false],
    ['x', '$.a.customer.ssn', false],
    ['x', '$.messages[].content', true],
    ['x', '$.messages[].content[].text', true],
    ['x', '$.messages.content', false],
    ['x', '$.usage.any', true],
    ['x', '$.usage', false],
    ['x', '$.a.b[].trace', true],
    ['x', '$.trace', true],
    ['x', '$.a.tracer', false],
    ['x', 'user_id', true],
  ]
  test.each(rows)('%s at %s: %s', (value, path, want) => {
    expect(compiled.allow.allows(value, path)).toBe(want)
  })

  test.each([
    ['$', 'is everything'],
    ['$.a[3]', 'not told apart'],
    ['$.a b', 'cannot read'],
    ['a b', 'neither a path'],
    ['$.a[?(@.b)]', 'cannot read'],
  ])('refused: %s', (field, want) => {
    expect(compileAllow({ fields: [field] })).toEqual({
      problems: [{ path: ['allow', 'fields', 0], message: expect.stringContaining(want) }],
    })
  })
})
