/** What people are shown of a request: what it says, and none of the data in it, however that is written, nested or cut. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { preview } from '../../src/inspect/preview.ts'
import { compileRecognition, type Recognition } from '../../src/inspect/recognizers/recognition.ts'
import { createScanner } from '../../src/inspect/scan/create-scanner.ts'
import type { Scanner } from '../../src/inspect/scan/scanner.ts'
import { FORMATS } from '../support/body-formats.ts'
import { findPlanted, type Planted } from '../support/planted.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 10)

const compiled = compileRecognition(
  [
    { type: 'project', class: 'personal', terms: ['blue heron'] },
    { type: 'case-file', class: 'special', fields: ['$.case', 'query.case'] },
  ],
  {},
  Buffer.alloc(32),
)
if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
const scanners = scannersOf(compiled.recognition)

/** As they are composed at work: what is off besides what is on. */
function scannersOf({ recognizers, fields }: Recognition): Scanner[] {
  const typesOf = (isOff: boolean) =>
    new Set(recognizers.filter((r) => (r.readiness === 'off') === isOff).map(({ type }) => type))
  return [false, true].map((isOff) => createScanner(recognizers, { fields, types: typesOf(isOff) }))
}

interface Sent {
  readonly query?: string
  readonly type?: string | null
  readonly complete?: boolean
}

function shown(body: string | Buffer, { query, type = null, complete = true }: Sent = {}) {
  const bytes = Buffer.from(body)
  const view = { bytes, complete, contentType: type, contentEncoding: null }
  return preview(query ?? null, view, scanners)
}

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'

const PLANTED: readonly Planted[] = [
  { type: 'email', value: 'Erika.Mustermann@example.org' },
  { type: 'phone', value: '+49 30 90182044' },
  { type: 'payment-card', value: '4111 1111 1111 1111' },
  { type: 'iban', value: 'DE89370400440532013000' },
  { type: 'us-ssn', value: '123-45-6789' },
  { type: 'aws-access-key', value: 'AKIAZQ3DRWJX4YL5N6TP' },
  { type: 'github-token', value: 'ghp_16C7e42F292c6912E7710c838347Ae178B4a' },
  { type: 'ipv4', value: '203.1.113.77' },
  { type: 'mac-address', value: '3c:22:fb:9a:01:7e' },
  { type: 'project', value: 'blue heron' },
]

describe('what it says, without the data', () => {
  test.each([
    {
      name: 'JSON',
      type: JSON_TYPE,
      body: '{"to":"jan@example.org","card":4111111111111111,"note":"lunch at noon"}',
      want: '{"to":"[EMAIL]","card":"[PAYMENT_CARD]","note":"lunch at noon"}',
    },
    {
      name: 'JSON in ASCII, as most libraries write it',
      type: JSON_TYPE,
      body: '{"a":"F\\u00fcr \\u006aan@example.org"}',
      want: '{"a":"Für [EMAIL]"}',
    },
    {
      name: 'a form, decoded, a field on each line',
      type: FORM,
      body: 'to=jan%40example.org&note=hello+world%21&x',
      want: 'to=[EMAIL]\nnote=hello world!\nx',
    },
    {
      name: 'a text',
      type: 'text/plain',
      body: 'call +49 30 90182044\r\nnow',
      want: 'call [PHONE]\nnow',
    },
    {
      name: 'XML',
      type: 'application/xml',
      body: '<a to="jan&#64;example.org">hi <![CDATA[jan@example.org]]></a>',
      want: '<a to="[EMAIL]">hi <![CDATA[[EMAIL]]]></a>',
    },
    {
      name: 'CSV',
      type: 'text/csv',
      body: 'mail,n\njan@example.org,1\n',
      want: 'mail,n\n[EMAIL],1\n',
    },
    { name: 'no type', type: null, body: 'mail jan@example.org', want: 'mail [EMAIL]' },
    {
      name: 'UTF-16',
      type: 'text/plain; charset=utf-16le',
      body: Buffer.from('mail jan@example.org', 'utf16le'),
      want: 'mail [EMAIL]',
    },
    {
      name: 'Latin-1',
      type: 'text/plain; charset=iso-8859-1',
      body: Buffer.from('für jan@example.org', 'latin1'),
      want: 'für [EMAIL]',
    },
    {
      name: 'own kinds, also by their place',
      type: JSON_TYPE,
      body: '{"case":"the one with the dog","what":"Blue Heron"}',
      want: '{"case":"[CASE_FILE]","what":"[PROJECT]"}',
    },
    {
      name: 'kinds that are off unless a rule asks for them',
      type: JSON_TYPE,
      body: '{"gender":"f","ip":"203.1.113.77"}',
      want: '{"gender":"[GENDER]","ip":"[IPV4]"}',
    },
    {
      name: 'credentials by their names, whatever they look like',
      type: JSON_TYPE,
      body: '{"token":"abc","sig":"x1","password":"hunter2","max_tokens":5}',
      want: '{"token":"[CREDENTIAL]","sig":"[CREDENTIAL]","password":"[PASSWORD]","max_tokens":5}',
    },
    {
      name: 'people under a name that may as well be that of a thing',
      type: JSON_TYPE,
      body: '{"name":"Zoë van der Berg"}\n{"name":"Jan O’Neill-Smith","tool":{"name":"get_weather"}}',
      want: '{"name":"[NAME]"}\n{"name":"[NAME]","tool":{"name":"get_weather"}}',
    },
    {
      name: 'the same of a form',
      type: FORM,
      body: 'name=Anna+Maria+Schmidt&filename=Annual Report',
      want: 'name=[NAME]\nfilename=Annual Report',
    },
    {
      name: 'numbers that may be somebody’s, also without a word that says so',
      type: 'text/plain',
      body: 'about 86095742719, C01X00T478, 2026-11-29 and ٨٦٠٩٥٧٤٢; 12 boxes in 2026',
      want: 'about [NUMBER], [NUMBER], [NUMBER] and [NUMBER]; 12 boxes in 2026',
    },
    {
      name: 'what nobody can read',
      type: 'text/plain',
      body: `see ${'abcd'.repeat(30)} or QW5uYSBTY2htaWR0IGlzIGlsbA== or projects/alpha/locations/europe`,
      want: 'see [120 CHARACTERS] or [28 CHARACTERS] or projects/alpha/locations/europe',
    },
    {
      name: 'tokens that were put in place of data',
      type: JSON_TYPE,
      body: '{"a":"write to PII_EMAIL_7Q3K"}',
      want: '{"a":"write to PII_EMAIL_7Q3K"}',
    },
  ])('$name', ({ type, body, want }) => {
    expect(shown(body, { type })).toBe(want)
  })

  test.each([
    ['q=jan%40example.org&page=2', '?q=[EMAIL]\n&page=2'],
    [
      'key=abc&X-Amz-Signature=99aa&sig=zz',
      '?key=[CREDENTIAL]\n&X-Amz-Signature=[CREDENTIAL]\n&sig=[CREDENTIAL]',
    ],
    ['a=%2534%2531%31111111%31%31111111', '?a=[NUMBER]'],
    ['case=the+dog', '?case=[CASE_FILE]'],
    ['a=%0a%1b%5b31m%e2%80%aex', '?a=\\n\\u001b[31m\\u202ex'],
    ['a=%ff4111%201111 1111 1111', '?a=\ufffd[PAYMENT_CARD]'],
  ])('a query: %s', (query, want) => {
    expect(preview(query, null, scanners)).toBe(want)
  })

  test('a query before a body', () => {
    expect(shown('hello', { query: 'a=b', type: 'text/plain' })).toBe('?a=b\n\nhello')
  })
})

describe('nothing of what was planted', () => {
  test.each(FORMATS)('$name', ({ type, write, without }) => {
    const value = fc.constantFrom(...PLANTED.map((each) => each.value))
    const word = fc.constantFrom('please write to', 'ä😀', '"', '\n', '<b>', '&', '{', '7', '\\')
    const text = fc
      .array(fc.oneof({ weight: 1, arbitrary: value }, { weight: 2, arbitrary: word }), {
        maxLength: 9,
      })
      .map((parts) => parts.join(' '))
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (drawn) => {
        const texts = without ? drawn.map((each) => each.replace(without, ' ')) : drawn
        const said =
          shown(
            write(texts, (each) => [each]),
            { type },
          ) ?? ''
        expect(findPlanted(said, PLANTED)).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })

  test.each(PLANTED)('ten texts deep: $type', (one) => {
    let body = JSON.stringify({ a: `so ${one.value} it is` })
    for (let i = 0; i < 10; i++) body = JSON.stringify({ a: body })
    const said = shown(body, { type: JSON_TYPE }) ?? ''
    expect(said).toContain('so ')
    expect(findPlanted(said, [one])).toEqual([])
  })

  test.each(PLANTED)('wherever what is looked at ends: $type', (one) => {
    const end = 'x '.repeat(50_000)
    for (let shift = 0; shift <= one.value.length + 2; shift += 3) {
      // Of these little is left, so that what follows is seen.
      for (const before of ['\\'.repeat(65_536), 'Qk1p'.repeat(2_048)]) {
        const body = `${before.slice(shift)} ${one.value} ${end}`
        const said = shown(body, { type: 'text/plain' }) ?? ''
        expect(said).toMatch(/^(\\|\[\d+ CHARACTERS\])(.|\n)*the rest is not shown; the body has/)
        expect(findPlanted(said, [one])).toEqual([])
        const half = one.value.slice(0, Math.ceil(one.value.length / 2))
        expect(findPlanted(said, [{ ...one, value: half }])).toEqual([])
      }
    }
  })
})

describe('bounded', () => {
  test('a large body: its beginning, and how large it is', () => {
    const said = shown(JSON.stringify({ a: 'lorem '.repeat(500_000) }), { type: JSON_TYPE }) ?? ''
    expect(said.startsWith('{"a":"lorem lorem')).toBe(true)
    expect(said.length).toBeLessThan(2_200)
    expect(said).toMatch(/…\n\[the rest is not shown; the body has 3000008 bytes\]$/)
  })

  test('of which not all was seen', () => {
    const body = 'hello there, '.repeat(1_000)
    const said = shown(body, { type: 'text/plain', complete: false })
    expect(said).toMatch(/^hello there, hello.*\n.*the body has more than 13000 bytes\]$/)
  })

  test.each([
    ['lines', '\n'.repeat(2_000)],
    ['characters that become longer', '\u202e'.repeat(2_000)],
    ['a long query', ''],
  ])('%s', (name, body) => {
    const query = name === 'a long query' ? `q=${'lorem '.repeat(5_000)}` : null
    const view = {
      bytes: Buffer.from(body),
      complete: true,
      contentType: 'text/plain',
      contentEncoding: null,
    }
    const said = preview(query, view, scanners) ?? ''
    expect(said.length).toBeLessThan(2_100)
    expect(said.split('\n').length).toBeLessThan(63)
    expect(said).toContain('[the rest is not shown]')
  })
})

describe('nothing of what cannot be read as a whole', () => {
  test.each([
    ['no body', '', 'text/plain'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'image/png'],
    ['bytes that are no text', Buffer.from('4fff10fe00010203'.repeat(40), 'hex'), null],
    ['invalid UTF-8', Buffer.from([0x61, 0xff, 0x62]), 'text/plain'],
    ['an unknown character set', 'hello', 'text/plain; charset=ebcdic-xx'],
    ['a message of gRPC', Buffer.from('00000000050a03616263', 'hex'), 'application/grpc'],
    ['messages in frames', 'hello', 'application/vnd.amazon.eventstream'],
    [
      'what git sends',
      '0032want 0a53e9ddeaddad63ad106860237bbf53411d11a7\n',
      'application/x-git-upload-pack-request',
    ],
    [
      'a part that is a picture',
      Buffer.from(
        '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\0\0\0\r\n--b--\r\n',
        'latin1',
      ),
      'multipart/form-data; boundary=b',
    ],
  ])('%s', (_, body, type) => {
    expect(shown(body, { type })).toBeNull()
  })
})

test('nothing in it is invisible, or turns the rest', () => {
  const said = shown('ab\u0001\u001b]0;x\u0007\u202e\u200b\u00ad\u2066 b\tc\u{e0041}\rd', {
    type: 'text/plain',
  })
  expect(said).toBe(
    'ab\\u0001\\u001b]0;x\\u0007\\u202e\\u200b\\u00ad\\u2066 b  c\\u{e0041}\\u000dd',
  )
})
