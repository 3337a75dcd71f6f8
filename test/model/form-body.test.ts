import { describe, expect, test } from 'vitest'
import { partsOf } from '../../src/model/form-body.ts'

const FORM = 'multipart/form-data; boundary=b1'
const text = '--b1\r\nA: 1\r\n\r\none\r\n--b1\r\n\r\ntwo\r\n--b1--\r\n'
const partsIn = (body: string, contentType: string | null = FORM, changes: object = {}) => {
  const bytes = Buffer.from(body, 'latin1')
  const found = partsOf({ bytes, complete: true, contentType, contentEncoding: null, ...changes })
  return found?.map((part) => Buffer.from(part).toString('latin1')) ?? null
}
const PARTS = ['\r\nA: 1\r\n\r\none', '\r\n\r\ntwo']

describe('has parts', () => {
  test.each([
    ['as clients send it', text, FORM],
    [
      'under another boundary',
      text.replaceAll('b1', '-- = ?'),
      'multipart/form-data; boundary="-- = ?"',
    ],
    ['of another kind', text, 'multipart/mixed;boundary=b1'],
    ['without a last line end', text.slice(0, -2), FORM],
  ])('a form %s', (_, body, type) => {
    expect(partsIn(body, type)).toEqual(PARTS)
  })

  test('whatever the bytes in them', () => {
    const bytes = '\r\r\n--\r\n-b1\xff\x00\r\n--b'
    expect(partsIn(`--b1\r\n\r\n${bytes}\r\n--b1--`)).toEqual([`\r\n\r\n${bytes}`])
  })
})

describe('counts as its bytes', () => {
  test.each<[string, string, string | null, object]>([
    ['one of no type', text, null, {}],
    ['JSON', '{}', 'application/json', {}],
    ['one with more than a boundary', text, `${FORM}; charset=utf-8`, {}],
    ['one with two types', text, `${FORM}, text/plain`, {}],
    ['one that was not wholly seen', text, FORM, { complete: false }],
    ['one in a coding', text, FORM, { contentEncoding: 'gzip' }],
    ['one with something before it', `x\r\n${text}`, FORM, {}],
    ['one with something behind it', `${text}x`, FORM, {}],
    ['one that does not end', text.replace('--b1--\r\n', ''), FORM, {}],
    ['one where text begins like the boundary', text.replace('two', '\r\n--b1x\r\n'), FORM, {}],
    ['one of another boundary', text, 'multipart/form-data; boundary=b2', {}],
    ['an empty one', '', FORM, {}],
    ['one of thousands of parts', `${'--b1\r\n\r\n'.repeat(2_000)}--b1--`, FORM, {}],
  ])('%s', (_, body, type, changes) => {
    expect(partsIn(body, type, changes)).toBeNull()
  })
})
