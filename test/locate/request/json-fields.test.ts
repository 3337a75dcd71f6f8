import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fields, foldKey, type JsonNode } from '../../../src/locate/request/json-fields.ts'

const bytes = (text: string) => Buffer.from(text)

describe('values at a pointer', () => {
  test.each<[string, string, string, readonly string[] | null]>([
    ['a string', '{"a":"x"}', 'a', ['x']],
    ['a number as written', '{"a":1.50e3}', 'a', ['1.50e3']],
    ['true', '{"a":true}', 'a', ['true']],
    ['null', '{"a":null}', 'a', ['null']],
    ['an object', '{"a":{"b":1}}', 'a', ['{}']],
    ['an array', '{"a":["x"]}', 'a', ['[]']],
    ['absent', '{"b":"x"}', 'a', []],
    ['nested', '{"a":{"b":{"c":"x"}}}', 'a.b.c', ['x']],
    ['items', '{"a":{"b":["x","y"]}}', 'a.b[]', ['x', 'y']],
    ['fields of items', '{"a":[{"b":"x"},{},{"b":"y"}]}', 'a[].b', ['x', 'y']],
    ['items of items', '{"a":[["x"],["y"]]}', 'a[][]', ['x', 'y']],
    ['an absent parent', '{}', 'a.b', []],
    ['a parent that is null', '{"a":null}', 'a.b', []],
    ['a list that is null', '{"a":null}', 'a[]', []],
    ['a repeated key: all', '{"a":"x","a":"y"}', 'a', ['x', 'y']],
    ['a repeated list: all', '{"a":["x"],"a":["y"]}', 'a[]', ['x', 'y']],
    ['a repeated parent: cannot say', '{"a":{"b":"x"},"a":{}}', 'a.b', null],
    ['another case too: cannot say', '{"a":"x","A":"y"}', 'a', null],
    ['another case alone: cannot say', '{"A":"x"}', 'a', null],
    ['the Kelvin sign for k', '{"\\u212aey":"x"}', 'key', null],
    ['the long s for s', '{"\u017fet":"x"}', 'set', null],
    ['a parent in another case', '{"A":{"b":"x"}}', 'a.b', null],
    ['an escaped key is that key', '{"inference\\u005fgeo":"us"}', 'inference_geo', ['us']],
    ['every letter escaped', '{"\\u0061":"x"}', 'a', ['x']],
    ['an escaped value', '{"a":"\\u0075s"}', 'a', ['us']],
    ['escapes of all kinds', '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"}', 'a', ['"\\/\b\f\n\r\té']],
    ['a text where a list should be', '{"a":"x"}', 'a[]', null],
    ['a text where an object should be', '{"a":"x"}', 'a.b', null],
    ['a list where an object should be', '{"a":[{"b":"x"}]}', 'a.b', null],
    ['another member in another case', '{"a":"x","B":1}', 'a', ['x']],
    ['a key with a dot is not a path', '{"a.b":"x"}', 'a.b', []],
    ['a key of the prototype', '{"a":"x"}', 'constructor', []],
    ['__proto__ is a key', '{"__proto__":"x"}', '__proto__', ['x']],
    ['no object at all', '[]', 'a', null],
    ['null at all', 'null', 'a', []],
    ['space everywhere', ' \t\r\n{ "a" :\n"x" } ', 'a', ['x']],
  ])('%s', (_, text, pointer, expected) => {
    const read = fields(bytes(text))
    expect(read.whole).toBe(true)
    expect(read.values(pointer)).toEqual(expected)
  })
})

describe('what is not exactly one JSON text is not whole, and then nobody can say', () => {
  test.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['space', '  '],
    ['a second text', '{"a":"x"}{"a":"y"}'],
    ['garbage behind', '{"a":"x"};'],
    ['a zero byte behind', '{"a":"x"}\0'],
    ['NaN', '{"a":"x","b":NaN}'],
    ['Infinity', '{"a":"x","b":-Infinity}'],
    ['a number with a plus', '{"a":"x","b":+1}'],
    ['a leading zero', '{"a":"x","b":01}'],
    ['a bare point', '{"a":"x","b":1.}'],
    ['hex', '{"a":"x","b":0x1}'],
    ['True', '{"a":"x","b":True}'],
    ['a comment', '{"a":"x"/* y */}'],
    ['a comma at the end', '{"a":"x",}'],
    ['two commas', '{"a":"x",,"b":1}'],
    ['single quotes', "{'a':'x'}"],
    ['a key without quotes', '{a:"x"}'],
    ['a raw line break in a string', '{"a":"x\n"}'],
    ['a raw zero byte in a string', '{"a":"x\0"}'],
    ['an escape that is none', '{"a":"\\x41"}'],
    ['half an escape', '{"a":"\\u00"}'],
    ['no colon', '{"a" "x"}'],
    ['another bracket', '{"a":["x"}]'],
    ['a UTF-8 byte order mark', '\ufeff{"a":"x"}'],
    ['UTF-16', Buffer.from('{"a":"x"}', 'utf16le')],
    ['UTF-16 with a mark', Buffer.from('\ufeff{"a":"x"}', 'utf16le')],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
    ['overlong UTF-8', Buffer.from([0x7b, 0x22, 0xc1, 0xa1, 0x22, 0x3a, 0x31, 0x7d])],
    ['non-breaking space', '{"a":\u00a0"x"}'],
    ['too deep', `${'['.repeat(70)}${']'.repeat(70)}`],
    ['very deep', '['.repeat(1_000_000)],
    ['too many values', `[${'0,'.repeat(200_001)}0]`],
    ['too long', `{"a":"${'x'.repeat(4_200_000)}"}`],
  ])('%s', (_, text) => {
    const read = fields(typeof text === 'string' ? bytes(text) : text)
    expect(read.whole).toBe(false)
    expect(read.values('a')).toBe(null)
  })

  test('a body that goes on is never whole, even when what was seen is a JSON text', () => {
    const read = fields(bytes('{"a":"x"}'), false)
    expect([read.whole, read.values('a')]).toEqual([false, null])
  })
})

describe('what came before the cut is kept', () => {
  test.each<[string, string | Buffer, unknown]>([
    ['in a value', '{"a":"x","b":"y', { a: 'x' }],
    ['in a key', '{"a":"x","b', { a: 'x' }],
    ['in a list', '{"a":["x","y', { a: ['x'] }],
    ['in an object', '{"a":{"b":"x","c":', { a: { b: 'x' } }],
    ['in a character', Buffer.from('{"a":"x","b":"é').subarray(0, -1), { a: 'x' }],
    ['at once', '{', {}],
  ])('%s', (_, text, expected) => {
    const { root } = fields(typeof text === 'string' ? bytes(text) : text, false)
    expect(root && toValue(root)).toEqual(expected)
  })
})

test('keys are folded as forgiving readers fold them', () => {
  expect(['Inference_Geo', '\u212a', '\u017f', 'a_b1'].map(foldKey)).toEqual([
    'inference_geo',
    'k',
    's',
    'a_b1',
  ])
})

describe('against JSON.parse', () => {
  test('the same value for every document without repeated keys', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        const { whole, root } = fields(bytes(text))
        expect(whole).toBe(true)
        expect(root && toValue(root)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('the same opinion about what is a document, however it was damaged', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.nat(3), fc.string({ unit: 'binary-ascii', maxLength: 3 }))
      .map(([text, at, remove, insert]) => {
        const from = at % (text.length + 1)
        return text.slice(0, from) + insert + text.slice(from + remove)
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' })), (text) => {
        const sent = bytes(text)
        expect(fields(sent).whole).toBe(isJson(sent.toString('utf8')))
      }),
      { numRuns: 2_000 },
    )
  })

  test('any bytes, cut anywhere: an answer and no exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (sent, complete) => {
        const read = fields(sent, complete)
        expect(read.values('a.b[]') === null || read.whole).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('the time is linear: a megabyte of anything is read at once', () => {
    for (const piece of ['[', '{"a":', '"', '\\', '{"a":1},', '"a",', '\\u0041', ' ', '9', '-']) {
      for (const before of ['', '"', '[', '["']) {
        const start = performance.now()
        fields(bytes(before + piece.repeat(1_000_000 / piece.length)))
        expect(performance.now() - start).toBeLessThan(1_000)
      }
    }
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function toValue(node: JsonNode): unknown {
  if (node.kind === 'array') return node.items.map(toValue)
  if (node.kind === 'string') return node.text
  if (node.kind !== 'object') return JSON.parse(node.text)
  const value = {}
  for (const member of node.members) {
    Object.defineProperty(value, member.key, {
      value: toValue(member.value),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return value
}
