/** What nobody well-meaning sends, and what goes wrong on the way: nothing leaks, nothing hangs, little is kept. */

import { describe, expect, test } from 'vitest'
import { ISSUED_TOKEN } from '../../../src/inspect/operators/issued-token.ts'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { createRedactor } from '../../../src/inspect/redact/redactor.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { FORMATS } from '../../support/body-formats.ts'
import { findPlanted } from '../../support/planted.ts'
import { type Redacted, redact, redactAllWays } from '../../support/redact.ts'

const options = {
  scan: createScanner([...RECOGNIZERS, ISSUED_TOKEN]),
  replace: (type: string) => Buffer.from(`[${type}]`),
}
const MAIL = 'erika.mustermann@example.org'
const CARD = '4111 1111 1111 1111'
const PLANTED = [
  { type: 'email', value: MAIL },
  { type: 'payment-card', value: CARD },
  { type: 'iban', value: 'DE89370400440532013000' },
  { type: 'us-ssn', value: '123-45-6789' },
  { type: 'phone', value: '+49 30 90182044' },
  { type: 'aws-access-key', value: 'AKIAZQ3DRWJX4YL5N6TP' },
]
const KEY_BLOCK = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow'

describe.each(PLANTED)('$type, cut at every byte', ({ value }) => {
  test.each(FORMATS)('$name', ({ type, write }) => {
    const body = write([`to ${value} now`], (said) => said.match(/.{1,4}/gs) ?? [])
    const whole = redact(body, type, 'whole', options)
    expect(findPlanted(readable(whole), PLANTED)).toEqual([])
    expect(whole.unscannable).toEqual([])
    const first = body.findIndex((byte, i) => byte !== whole.bytes[i])
    const last = body.findLastIndex((byte, i) => byte !== whole.bytes.at(i - body.length))
    // Of streams, where all of it is said several times, some.
    const step = Math.max(1, Math.floor((last - first) / 40))
    for (let at = first; at <= last + 1; at += step) {
      expect(redact(body, type, at, options).bytes.equals(whole.bytes)).toBe(true)
    }
  })
})

/** Streams say it in pieces: together they are a text again. */
function readable({ bytes }: Redacted): string {
  const text = `${bytes}\n${bytes.toString('utf16le')}\n${Buffer.from(
    bytes.subarray(0, bytes.length & ~1),
  )
    .swap16()
    .toString('utf16le')}`
  const said = [
    ...text.matchAll(/"(?:delta|text|content|arguments|partial_json|input)":"((?:[^"\\]|\\.)*)"/g),
  ]
  return `${text}\n${said.map(([, piece]) => piece).join('')}`
}

describe('nested', () => {
  const nest = (depth: number, inner: object) => {
    let body: object = inner
    for (let i = 0; i < depth; i++) body = { arguments: JSON.stringify(body) }
    return JSON.stringify(body)
  }
  const open = (text: string, depth: number) => {
    let body = JSON.parse(text)
    for (let i = 0; i < depth; i++) body = JSON.parse(body.arguments)
    return body
  }

  test('ten deep in strings: found, and each is JSON still', () => {
    const inner = { to: MAIL, card: 4111111111111111, n: [1, null], text: `"${CARD}"\n` }
    const { text } = redact(nest(10, inner), 'application/json', 'whole', options)
    const now = open(text, 10)
    expect(now).toEqual({
      to: '[email]',
      card: expect.anything(),
      n: [1, null],
      text: '"[payment-card]"\n',
    })
    expect(findPlanted(JSON.stringify(now), PLANTED)).toEqual([])
    expect(redact(nest(10, inner), 'application/json', 'bytes', options).text).toBe(text)
  })

  test('deeper than anybody goes', () => {
    const { text } = redact(nest(14, { to: MAIL }), 'application/json', 'whole', options)
    expect(text).not.toContain('mustermann')
    for (const bracket of ['[', '{"a":']) {
      const deep = `${bracket.repeat(100_000)}"${MAIL}"`
      expect(redact(deep, 'application/json', 'whole', options).text).not.toContain('mustermann')
    }
  })
})

describe('not what it says it is', () => {
  test.each<[string, string, Buffer | string]>([
    ['JSON without an end', 'application/json', `{"a":"${MAIL}","b":"${CARD}`],
    ['JSON that is none', 'application/json', `{a:${MAIL},'b':"${CARD}"}`],
    ['the same key twice', 'application/json', `{"a":"${MAIL}","a":"${CARD}","a":1}`],
    [
      'the same key twice in an event',
      'text/event-stream',
      `data: {"choices":[{"delta":{"content":"${MAIL} "}}],"choices":[{"delta":{"content":"${CARD}"}}]}\n\n`,
    ],
    [
      'half of it under the same key twice',
      'text/event-stream',
      `data: {"choices":[{"delta":{"content":"erika.muster","content":"mann@example.org"}}]}\n\n`,
    ],
    [
      'bytes that are no text',
      'application/json',
      latin1(`{"a":"\xff\xfe${MAIL}\xc0\xaf","b":"\xed\xa0\x80${CARD}\xf0"}`),
    ],
    [
      'bytes that are no text, in an event',
      'text/event-stream',
      latin1(`data: {"text":"\xff ${MAIL} \xc3"}\n\ndata: \xff ${CARD}\n\n`),
    ],
    ['bytes that are no text, plainly', 'text/plain', latin1(`\xe9 ${MAIL} \xff ${CARD}\xc3`)],
    ['half a pair', 'application/json', `{"a":"\\ud83d ${MAIL} \\ude00\\ud83d","b":"${CARD}\\u"}`],
    [
      'an event without a blank line',
      'text/event-stream',
      `data: {"text":"${MAIL}"}\ndata: ${CARD}`,
    ],
    ['an event of one line', 'text/event-stream', `data: ${'x'.repeat(5000)} ${MAIL}`],
    [
      'parts without an end',
      'multipart/form-data; boundary=b',
      `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${MAIL} ${CARD}`,
    ],
    ['a part without a head', 'multipart/form-data; boundary=b', `--b\r\n${MAIL}`],
    ['parts without a part', 'multipart/form-data; boundary=b', `${MAIL} ${CARD}`],
    [
      'parts in parts without an end',
      'multipart/mixed; boundary=b',
      `--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n${MAIL}`,
    ],
    ['a form of another kind', 'application/x-www-form-urlencoded', `{"a":"${MAIL}"}`],
    ['half an escape', 'application/x-www-form-urlencoded', `a=${MAIL}%4&b=%zz+${CARD}%`],
    ['XML without an end', 'application/xml', `<a b="${MAIL}"><![CDATA[${CARD}`],
    ['HTML of nothing but beginnings', 'text/html', `${'<'.repeat(1000)} ${MAIL} <!-- ${CARD}`],
    ['a quote without an end', 'text/csv', `a,b\n"${MAIL},\n${CARD}`],
    ['a frame that is none', 'application/vnd.amazon.eventstream', `${MAIL} ${CARD}`],
    [
      'a frame without an end',
      'application/vnd.amazon.eventstream',
      Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(MAIL)]),
    ],
    ['lines without an end', 'application/x-ndjson', `{"a":"${MAIL}"}\n{"a":"${CARD}`],
    ['no type at all', '', `{"a":"${MAIL}"}`],
    ['a type that is none', 'nonsense/;;"', `x ${MAIL}`],
  ])('%s', (_, type, body) => {
    const { text, bytes } = redactAllWays(body, type || null, options)
    expect(findPlanted(`${text}\n${bytes.toString('latin1')}`, PLANTED)).toEqual([])
    expect(text.replaceAll('"', '')).not.toMatch(/mustermann|4111/)
  })
})

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

describe('a great deal of one thing', () => {
  const size = 256 * 1024
  const limits = { event: 16 * 1024, held: 32 * 1024 }
  test.each([
    ['at signs', '@'],
    ['digits', '7'],
    ['digits and blanks', '4111 '],
    ['digits and hyphens', '123-45-'],
    ['beginnings of a key', '-----BEGIN RSA PRIVATE KEY-----\n'],
    ['beginnings of tokens', 'PII_EMAIL_'],
    ['letters', 'a'],
    ['dots', 'a.'],
    ['addresses without an end', 'a@a.'],
    ['quotes', '"'],
    ['backslashes', '\\'],
    ['brackets', '['],
    ['colons', 'a:'],
    ['percent signs', '%'],
    ['ampersands', '&#'],
    ['tags', '<a '],
    ['blank lines', '\n\n'],
    ['data', 'data: '],
    ['tokens', 'eyJhbGciOi.'],
    ['beginnings of secrets', 'sk-ant-api03-'],
  ])('%s', (_, piece) => {
    const body = Buffer.from(piece.repeat(Math.ceil(size / piece.length)))
    for (const type of [
      'text/plain',
      'application/json',
      'text/event-stream',
      'text/html',
      'application/x-www-form-urlencoded',
      'text/csv',
      'multipart/form-data; boundary=a',
    ]) {
      const held = passInPieces(body, type, 16 * 1024)
      expect(held).toBeLessThan(72 * 1024)
    }
  })

  test('a line of 50 MB: little is kept of it', () => {
    const item = (to: string) => `${JSON.stringify({ name: 'x'.repeat(40), to, list: [1, 2, 3] })},`
    const batch = Buffer.from(item('nobody').repeat(500) + item(MAIL))
    const redactor = createRedactor({ ...options, contentType: 'application/json' })
    let held = -redactor.push(Buffer.from('[')).length
    let most = 0
    for (let came = 0; came < 50 * 1024 * 1024; came += batch.length) {
      const out = Buffer.concat(redactor.push(batch))
      expect(out.includes('mustermann')).toBe(false)
      // What takes the place of an address is shorter.
      held += batch.length - out.length - (MAIL.length - '[email]'.length)
      most = Math.max(most, held)
    }
    expect(most).toBeLessThan(1000)
  })

  /** @returns the most bytes that were held back */
  function passInPieces(body: Buffer, contentType: string, step: number): number {
    const redactor = createRedactor({
      ...options,
      contentType,
      limits,
      replace: (_, value) => value,
    })
    let held = 0
    let most = 0
    for (let at = 0; at < body.length; at += step) {
      const piece = body.subarray(at, at + step)
      held += piece.length
      for (const { length } of redactor.push(piece)) held -= length
      most = Math.max(most, held)
    }
    for (const { length } of redactor.end()) held -= length
    // What is written again may be a little longer or shorter.
    expect(Math.abs(held)).toBeLessThan(body.length / 10)
    return most
  }
})

describe('the other side is gone in the middle', () => {
  test.each([
    ['JSON', 'application/json', `{"a":"x erika.musterm`],
    ['an escape', 'application/json', `{"a":"x erika.mus\\u0074erm`],
    ['a text', 'text/plain', 'x 4111 1111 11'],
    ['a key', 'text/plain', `x ${KEY_BLOCK}`],
    ['an event', 'text/event-stream', 'data: {"a":"erika.musterm'],
    [
      'a text over several events',
      'text/event-stream',
      ['erika', '.must', 'ermann@exa']
        .map((content) => `data: {"choices":[{"delta":{"content":"${content}"}}]}\n\n`)
        .join(''),
    ],
    ['a form', 'application/x-www-form-urlencoded', 'a=erika.musterm'],
    ['a part', 'multipart/form-data; boundary=b', '--b\r\n\r\nx erika.musterm'],
    ['a field', 'text/csv', 'a,b\r\n1,erika.musterm'],
    ['an attribute', 'text/html', '<p>x <a href="mailto:erika.musterm'],
  ])('%s: what may be the beginning of a find has not passed', (_, contentType, body) => {
    for (const step of [1, 7, body.length]) {
      const redactor = createRedactor({ ...options, contentType })
      let came = ''
      for (let at = 0; at < body.length; at += step) {
        came += Buffer.concat(redactor.push(Buffer.from(body.slice(at, at + step))))
      }
      const said = came.replace(/data: \{"choices":\[\{"delta":\{"content":"|"\}\}\]\}\n\n/g, '')
      expect(said).not.toMatch(/erika|must|4111|BEGIN|MII/)
    }
  })
})

describe('a file that is called a text', () => {
  const zip = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2])
  const deflated = Buffer.from([0x78, 0x9c, 0x4b, 0x2d, 0xca, 0xcc, 0x4e, 0xd4])
  test.each([
    'application/json',
    'application/x-www-form-urlencoded',
    'application/x-ndjson',
    'application/graphql',
    'text/event-stream',
    'text/csv',
    'text/plain',
  ])('%s', (type) => {
    for (const file of [zip, deflated]) {
      for (const cut of ['whole', 'bytes'] as const) {
        expect(redact(file, type, cut, options).unscannable).toEqual(['binary body'])
      }
    }
  })

  test('UTF-32', () => {
    const wide = Buffer.from([...`{"a":"${MAIL}"}`].flatMap((c) => [c.charCodeAt(0), 0, 0, 0]))
    expect(redact(wide, 'application/json', 'whole', options).unscannable).toEqual(['binary body'])
  })
})

describe('JSON behind a mark of order and blanks', () => {
  const escaped = `{"a":"\\u0065${MAIL.slice(1)}"}`
  test.each(['text/plain', '', 'application/json', 'application/x-ndjson'])('%s', (type) => {
    for (const before of ['\ufeff', ' '.repeat(70), `\ufeff${' \t'.repeat(500)}`]) {
      const { text } = redactAllWays(`${before}${escaped}`, type, options)
      expect(text).toBe(`${before}{"a":"[email]"}`)
    }
  })
})

test('the scheme of a `data:` URL in upper case', () => {
  const body = JSON.stringify({
    a: `DATA:text/plain;base64,${Buffer.from(MAIL).toString('base64')}`,
  })
  const { text } = redactAllWays(body, 'application/json', options)
  expect(text).toContain(Buffer.from('[email]').toString('base64'))
})

test.each<[string, string | null, Buffer | string, string[]]>([
  ['zero, late', 'text/plain', `${'a '.repeat(2000)}\0b`, ['binary body']],
  ['zero, late, of no type', null, `${'a '.repeat(2000)}\0b`, ['binary body']],
  ['control characters', 'text/csv', Buffer.from([1, 2, 3, 4, 65, 66]), ['binary body']],
  ['one of them', 'text/plain', 'a\x01b', []],
  ['colours of a terminal', 'text/plain', '\x1b[1mred\x1b[0m', []],
  [
    'JSON that is no UTF-8',
    'application/json',
    Buffer.from([0x7b, ...Array(40).fill(0xe4)]),
    ['binary body'],
  ],
  ['text in an old character set', 'text/plain', Buffer.alloc(600, 0xe4), []],
  ['JSON in other scripts', 'application/json', JSON.stringify('привет '.repeat(200)), []],
])('what is called text: %s', (_, type, body, want) => {
  for (const cut of ['whole', 'bytes', 500] as const) {
    const { unscannable, bytes } = redact(body, type, cut)
    expect(unscannable).toEqual(want)
    expect(bytes.equals(Buffer.from(body))).toBe(true)
  }
})
