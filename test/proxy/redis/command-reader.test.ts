/** Commands as they pass: the same however they are cut, and whatever Redis would read in another way is a fault. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommandReader } from '../../../src/proxy/redis/command-reader.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 200)

const encode = (...args: readonly (string | Buffer)[]) =>
  Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...args.flatMap((arg) => {
      const bytes = Buffer.from(arg)
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
    }),
  ])

/** All that is read of the pieces, as `name`s with the offset where they end; what is not enough comes again. */
function readAll(pieces: readonly Buffer[]) {
  const reader = new CommandReader()
  const seen: string[] = []
  let bytes = Buffer.alloc(0)
  let before = 0
  for (const piece of pieces) {
    bytes = Buffer.concat([bytes, piece])
    for (let at = 0; ; at = reader.at) {
      const step = reader.step(bytes, at)
      if (step === 'fault') return { seen: [...seen, reader.fault], left: bytes.length - at }
      if (step === 'more') break
      if (step === 'name') seen.push([reader.name, reader.subcommand].filter(Boolean).join(' '))
      else seen.push(`until ${before + reader.at}`)
    }
    before += reader.at
    bytes = bytes.subarray(reader.at)
  }
  return { seen, left: bytes.length }
}

const words = fc.stringMatching(/^[A-Za-z][A-Za-z.]{0,10}$/)
const values = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom('', '\r\n', '$1\r\n', '*1\r\n$4\r\nPING\r\n', 'set', 'x'.repeat(100))
    .map((text) => Buffer.from(text)),
)
const commands = fc.tuple(
  fc.oneof(words, fc.constantFrom('CONFIG', 'acl', 'GET', 'Client', 'ft.search')),
  fc.array(values, { maxLength: 5 }),
)

test('commands are found wherever they are cut, and end where they end', () => {
  fc.assert(
    fc.property(
      fc.array(commands, { maxLength: 5 }),
      fc.array(fc.nat(2_000), { maxLength: 30 }),
      (all, cuts) => {
        const encoded = all.map(([name, args]) => encode(name, ...args))
        const whole = Buffer.concat(encoded)
        const at = [...new Set([0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length])]
        at.sort((a, b) => a - b)
        const pieces = at.slice(1).map((end, i) => whole.subarray(at[i], end))
        const read = readAll(pieces)
        let end = 0
        const ends = encoded.map(({ length }) => {
          end += length
          return `until ${end}`
        })
        expect(read.left).toBe(0)
        expect(read.seen.filter((_, i) => i % 2 === 1)).toEqual(ends)
        const names = read.seen.filter((_, i) => i % 2 === 0).map((name) => name.split(' ')[0])
        expect(names).toEqual(all.map(([name]) => name.toLowerCase()))
        expect(readAll([whole]).seen).toEqual(read.seen)
      },
    ),
    { numRuns: RUNS },
  )
})

test.each([
  [['GET', 'key'], 'get'],
  [['CONFIG', 'SET', 'dir', '/'], 'config set'],
  [['config'], 'config'],
  [['Acl', 'SetUser', 'x'], 'acl setuser'],
  // What cannot be the name of one is none: servers compare whole words.
  [['CONFIG', 'SET\0'], 'config'],
  [['CONFIG', ''], 'config'],
  [['CONFIG', 'x'.repeat(100)], 'config'],
  [['EVAL', 'return 1', '0'], 'eval'],
  [['FT.SEARCH', 'idx', '*'], 'ft.search'],
])('%j is %s', (args, name) => {
  expect(readAll([encode(...args)]).seen[0]).toBe(name)
})

describe('a fault', () => {
  const NONE = 'something other than an array of bulk strings'
  const LENGTH = 'a length that is none'
  const MORE = 'a length that is more than may be'
  const END = 'a line or an argument without its end'
  test.each([
    ['an inline command', 'PING\r\n', NONE],
    ['an empty line', '\r\n', NONE],
    ['another kind of RESP', '+OK\r\n', NONE],
    ['an argument that is a number', '*1\r\n:1\r\n', NONE],
    ['an array in an array', '*1\r\n*1\r\n', NONE],
    ['no arguments', '*0\r\n', 'a command without a name'],
    ['a null array', '*-1\r\n', LENGTH],
    ['a null argument', '*2\r\n$3\r\nGET\r\n$-1\r\n', LENGTH],
    ['a plus', '*+1\r\n', LENGTH],
    ['a blank', '* 1\r\n', LENGTH],
    ['a leading zero', '*01\r\n', LENGTH],
    ['no digits', '*\r\n', LENGTH],
    ['a hexadecimal length', '*1\r\n$0x4\r\n', END],
    ['letters behind it', '*1a\r\n', END],
    ['a bare CR', '*1\r$4', END],
    ['a bare LF', '*1\n$4\r\nPING\r\n', END],
    ['too many arguments', '*1048577\r\n', MORE],
    ['far too many', '*99999999999999999999\r\n', MORE],
    ['a bulk of 1 GB', '*2\r\n$3\r\nSET\r\n$1073741824\r\n', MORE],
    ['one byte more than 512 MB', '*2\r\n$3\r\nSET\r\n$536870913\r\n', MORE],
    ['more than 64 bits', '*2\r\n$3\r\nSET\r\n$18446744073709551617\r\n', MORE],
    ['a name that is too long', '*1\r\n$65\r\n', MORE],
    ['a name with a blank', '*1\r\n$8\r\nFLUSH DB\r\n', 'a name of a command that is none'],
    ['a name with a NUL', '*1\r\n$5\r\nPING\0\r\n', 'a name of a command that is none'],
    ['an empty name', '*1\r\n$0\r\n\r\n', 'a name of a command that is none'],
    ['a name that is longer than said', '*1\r\n$4\r\nPINGS\r\n', END],
    ['an argument that is longer than said', '*2\r\n$3\r\nGET\r\n$1\r\nab\r\n', END],
    ['an argument that is shorter than said', '*2\r\n$3\r\nGET\r\n$3\r\na\r\n*1\r\n', END],
  ])('%s', (_, text, fault) => {
    const bytes = Buffer.from(text, 'latin1')
    expect(readAll([bytes]).seen.at(-1)).toBe(fault)
    const single = [...bytes].map((byte) => Buffer.from([byte]))
    expect(readAll(single).seen.at(-1)).toBe(fault)
  })

  test('as much as may be is none', () => {
    expect(readAll([Buffer.from('*1048576\r\n$3\r\nDEL\r\n$536870912\r\nabc')]).seen).toEqual([
      'del',
    ])
  })

  test('nothing that anybody sends is read without an end', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'*$12\r\n-+aP'), { maxLength: 60 }), (letters) => {
        const { seen, left } = readAll([Buffer.from(letters.join(''))])
        expect(left).toBeLessThanOrEqual(60)
        expect(seen.length).toBeLessThan(60)
      }),
      { numRuns: RUNS },
    )
  })
})
