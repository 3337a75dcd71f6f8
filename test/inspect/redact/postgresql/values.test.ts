/** Rows of PostgreSQL: each value by its type, under the name of its column. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ValuesRedactor } from '../../../../src/inspect/redact/postgresql/values.ts'
import { label, markers } from '../../../support/markers.ts'

type Cell = Buffer | string | null

const RUNS = Number(process.env.FUZZ_RUNS ?? 200)

function toList(cells: readonly Cell[]): Buffer {
  const count = Buffer.alloc(2)
  count.writeUInt16BE(cells.length)
  const items = cells.flatMap((cell) => {
    const bytes = cell === null ? null : Buffer.from(cell)
    const size = Buffer.alloc(4)
    size.writeInt32BE(bytes?.length ?? -1)
    return bytes ? [size, bytes] : [size]
  })
  return Buffer.concat([count, ...items])
}

function toCells(list: Buffer): (Buffer | null)[] {
  const cells: (Buffer | null)[] = []
  for (let at = 2; at < list.length; ) {
    const size = list.readInt32BE(at)
    at += 4
    cells.push(size < 0 ? null : list.subarray(at, at + size))
    at += Math.max(0, size)
  }
  expect(cells.length).toBe(list.readUInt16BE(0))
  return cells
}

function redact(cells: readonly Cell[], types: readonly number[], isBinary = false, name = 'a') {
  const columns = types.map((type) => ({ name, type, isBinary }))
  const redactor = new ValuesRedactor(markers, label, columns)
  const list = toList(cells)
  const now = redactor.push(list)
  const { findings, unscannable } = redactor
  return {
    isSame: now === list,
    cells: toCells(now ?? Buffer.alloc(2)),
    findings: findings.map(({ type, path, count }) => `${type} ${path} ${count}`),
    unscannable: unscannable.map(({ reason, path }) => `${reason} ${path}`),
  }
}

const TYPES = {
  ...{ bytea: 17, name: 19, int8: 20, int4: 23, text: 25, json: 114, xml: 142, float8: 701 },
  ...{ inet: 869, varchar: 1043, date: 1082, timestamptz: 1184, numeric: 1700, uuid: 2950 },
  ...{ jsonb: 3802, record: 2249, 'int4[]': 1007, 'text[]': 1009, own: 16400, none: 0, bool: 16 },
} as const

describe('as text', () => {
  test.each<[string, keyof typeof TYPES, string, string | null]>([
    ['a text', 'text', 'a XX1234XX b', 'a [mark] b'],
    ['of a length', 'varchar', 'XX1234XX', '[mark]'],
    ['a name', 'name', 'XX1234XX', '[mark]'],
    ['a type of their own', 'own', 'XX1234XX', '[mark]'],
    ['a parameter of no type', 'none', 'XX1234XX', '[mark]'],
    ['JSON', 'json', '{"b": "\\u0058X1234XX", "secret": 1234}', '{"b": "[mark]", "secret": 0}'],
    ['JSON that is a text', 'jsonb', '"XX1234XX"', '"[mark]"'],
    ['JSON in a text', 'text', '{"secret":"1234"}', '{"secret":"[secret]"}'],
    [
      'XML',
      'xml',
      '<secret>1234</secret><!--XX1234XX-->',
      '<secret>[secret]</secret><!--[mark]-->',
    ],
    [
      'bytes',
      'bytea',
      `\\x${Buffer.from('é XX1234XX').toString('hex')}`,
      `\\x${Buffer.from('é [mark]').toString('hex')}`,
    ],
    ['bytes with escapes', 'bytea', '\\000XX1234XX', null],
    [
      'texts',
      'text[]',
      '{XX1234XX,"a \\"XX1234XX",NULL,{"b"}}',
      '{"[mark]","a \\"[mark]",NULL,{"b"}}',
    ],
    [
      'texts with escapes',
      'text[]',
      '{"\\XX1234\\XX","{\\"secret\\":\\"1234\\"}"}',
      '{"[mark]","{\\"secret\\":\\"[secret]\\"}"}',
    ],
    ['texts with bounds', 'text[]', '[0:1]={a,XX1234XX}', '[0:1]={a,"[mark]"}'],
    ['what should be texts', 'text[]', '{a,XX1234XX', null],
    ['a number', 'int8', 'XX1234XX', null],
    ['a row', 'record', '(1,XX1234XX)', null],
    ['numbers', 'int4[]', '{XX1234XX}', null],
    ['yes and no', 'bool', 't', 't'],
    ['what should be that', 'bool', 'XX1234XX', null],
    ['nothing', 'text', '', ''],
  ])('%s', (_, type, value, want) => {
    const now = redact([value], [TYPES[type]])
    expect(now.cells[0]?.toString() ?? null).toBe(want)
    expect(now.isSame).toBe(value === want)
    expect(now.unscannable).toEqual([])
  })

  test('under the name of the column', () => {
    const now = redact(
      ['1234', '1234', '12345'],
      [TYPES.text, TYPES.int4, TYPES.text],
      false,
      'secret',
    )
    expect(now.cells.map(String)).toEqual(['[secret]', 'null', '12345'])
    expect(now.findings).toEqual(['secret secret 2'])
    expect(redact(['1234'], [TYPES.text]).isSame).toBe(true)
  })

  test('where it stood', () => {
    const { findings } = redact(
      ['XX1234XX', '{"b":["XX1234XX"]}'],
      [TYPES.text, TYPES.json],
      false,
      'col_1',
    )
    expect(findings).toEqual(['mark col_1 1', 'mark col_1$.b[] 1'])
    expect(redact(['XX1234XX'], [TYPES.text], false, 'u12345').findings).toEqual(['mark * 1'])
    expect(redact(['XX1234XX'], [TYPES.text], false, '').findings).toEqual(['mark body 1'])
  })

  test('numbers as they would be without an exponent', () => {
    for (const text of ['1.234e+3', '1234.00', '1234', '1234E0']) {
      expect(redact([text], [TYPES.float8], false, 'secret').cells).toEqual([null])
    }
    expect(redact(['1.5', '12.34'], [TYPES.float8, TYPES.numeric], false, 'secret').isSame).toBe(
      true,
    )
  })

  test('bytes that are no text are said not to be read', () => {
    const now = redact(['\\x00ff', '\\x123'], [TYPES.bytea, TYPES.bytea])
    expect(now.isSame).toBe(true)
    expect(now.unscannable).toEqual(['binary a', 'binary a'])
  })
})

describe('in binary', () => {
  const of = (size: number, write: (bytes: Buffer) => void) => {
    const bytes = Buffer.alloc(size)
    write(bytes)
    return bytes
  }
  const int = (value: number) => of(4, (bytes) => bytes.writeInt32BE(value))
  const list = (type: number, cells: Cell[], dimensions = 1) =>
    Buffer.concat([
      int(dimensions),
      int(0),
      int(type),
      ...Array(dimensions).fill(Buffer.concat([int(cells.length), int(1)])),
      toList(cells).subarray(2),
    ])

  test.each<[string, keyof typeof TYPES, Cell, Cell]>([
    ['a text', 'text', 'a XX1234XX b', 'a [mark] b'],
    ['JSON', 'json', '{"b":"XX1234XX"}', '{"b":"[mark]"}'],
    ['JSONB', 'jsonb', '\x01{"b":"XX1234XX"}', '\x01{"b":"[mark]"}'],
    ['bytes', 'bytea', 'XX1234XX', '[mark]'],
    ['a text of a type of their own', 'own', 'XX1234XX', '[mark]'],
    ['a text of no type', 'none', 'XX1234XX', '[mark]'],
    ['texts', 'text[]', list(25, ['XX1234XX', null, 'b']), list(25, ['[mark]', null, 'b'])],
    [
      'JSON in a list',
      'text[]',
      list(3802, ['\x01{"b":"XX1234XX"}']),
      list(3802, ['\x01{"b":"[mark]"}']),
    ],
    ['no dimensions', 'text[]', list(25, [], 0), list(25, [], 0)],
  ])('%s', (_, type, value, want) => {
    const now = redact([value], [TYPES[type]], true)
    expect(now.cells).toEqual([want === null ? null : Buffer.from(want)])
    expect(now.unscannable).toEqual([])
  })

  test.each<[string, number, Buffer]>([
    ['int2', 21, of(2, (bytes) => bytes.writeInt16BE(1234))],
    ['int4', 23, int(1234)],
    ['int8', 20, of(8, (bytes) => bytes.writeBigInt64BE(1234n))],
    ['float4', 700, of(4, (bytes) => bytes.writeFloatBE(1234))],
    ['float8', 701, of(8, (bytes) => bytes.writeDoubleBE(1234))],
    ['numeric', 1700, Buffer.from('0001 0000 0000 0000 04d2'.replaceAll(' ', ''), 'hex')],
    [
      'numeric with zeros',
      1700,
      Buffer.from('0002 0000 0000 0002 04d2 0000'.replaceAll(' ', ''), 'hex'),
    ],
    ['an object', 26, int(1234)],
  ])('a number becomes NULL: %s', (_, type, value) => {
    expect(redact([value], [type], true, 'secret')).toMatchObject({
      cells: [null],
      unscannable: [],
    })
    expect(redact([value], [type], true).isSame).toBe(true)
  })

  test('in a list as well', () => {
    const now = redact([list(23, [int(1234), int(5)])], [1007], true, 'secret')
    const want = list(23, [null, int(5)])
    want.writeInt32BE(1, 4)
    expect(now.cells).toEqual([want])
  })

  test.each<[string, number, Buffer]>([
    ['a type of their own', 16400, Buffer.from('\0\0\0\x08XX1234XX')],
    ['a parameter of no type', 0, int(1234)],
    ['a range', 3904, Buffer.from('00', 'hex')],
    ['a number of another size', 23, Buffer.from('0000', 'hex')],
    ['another version of JSONB', 3802, Buffer.from('\x02{}')],
    ['a list that is none', 1009, Buffer.from('XX1234XXXXXX')],
    ['a list of lists', 1009, list(1009, [list(25, ['XX1234XX'])])],
    ['bytes', 17, Buffer.from('00ff', 'hex')],
  ])('not read: %s', (_, type, value) => {
    const now = redact([value], [type], true)
    expect(now.isSame).toBe(true)
    expect(now.unscannable).toEqual(['binary a'])
  })
})

describe('the list', () => {
  test('NULL, and values that stay', () => {
    const types = [TYPES.text, TYPES.text, TYPES.text]
    expect(redact([null, 'a', ''], types).isSame).toBe(true)
    expect(redact([null, 'XX1234XX', 'b'], types).cells.map(String)).toEqual([
      'null',
      '[mark]',
      'b',
    ])
    expect(redact([], []).isSame).toBe(true)
  })

  test.each([
    ['too few', toList(['a']), 2],
    ['too many', toList(['a', 'b', 'c']), 2],
    ['cut', toList(['a', 'b']).subarray(0, -1), 2],
    ['more behind', Buffer.concat([toList(['a', 'b']), Buffer.from('c')]), 2],
    ['a length that cannot be', Buffer.from('0001fffffffe', 'hex'), 1],
    ['nothing at all', Buffer.alloc(1), 0],
  ])('refused: %s', (_, list, columns) => {
    const column = { name: 'a', type: 25, isBinary: false }
    expect(new ValuesRedactor(markers, label, Array(columns).fill(column)).push(list)).toBe(null)
  })

  test('any bytes under any type: a list of as many, and never a mark in what was read', () => {
    const cell = fc.oneof(
      fc.constant(null),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(fc.constantFrom('XX1234XX', '{', '}', '"', '\\', ',', '[', 'a', '<a>', '\x01'))
        .map((all) => Buffer.from(all.join(''))),
    )
    const type = fc.constantFrom(...Object.values(TYPES), 1015, 1016, 199, 3807, 3904)
    const column = fc.tuple(cell, type, fc.boolean())
    fc.assert(
      fc.property(fc.array(column, { maxLength: 5 }), (all) => {
        const columns = all.map(([, each, isBinary]) => ({ name: 'a', type: each, isBinary }))
        const redactor = new ValuesRedactor(markers, label, columns)
        const now = toCells(redactor.push(toList(all.map(([value]) => value))) ?? Buffer.alloc(0))
        expect(now.length).toBe(all.length)
        for (const [i, [value]] of all.entries()) if (value === null) expect(now[i]).toBe(null)
        if (redactor.unscannable.length > 0) return
        for (const [i, value] of now.entries()) {
          // Eight bytes of a number are no text.
          if (value?.length === 8 && columns[i]?.isBinary) continue
          expect(value?.toString('latin1') ?? '').not.toContain('XX1234XX')
        }
      }),
      { numRuns: RUNS },
    )
  })
})
