/** XML, HTML, CSV and `data:` URLs: what is said there, however it is written. */

import { describe, expect, test } from 'vitest'
import { redact, redactAllWays } from '../../support/redact.ts'

describe('XML and HTML', () => {
  test.each([
    ['text', '<a>XX1234XX</a>', '<a>[mark]</a>'],
    ['references', '<a>&#88;X&#x31;234XX &amp; b</a>', '<a>[mark] &amp; b</a>'],
    ['a reference without an end', '<a>XX1234X&#88<b>1</b>', '<a>[mark]<b>1</b>'],
    ['an attribute', '<a b="XX1234XX" c=\'&#88;X1234XX\'/>', '<a b="[mark]" c=\'[mark]\'/>'],
    ['by the tag', '<secret>1234</secret><x>1234</x>', '<secret>[secret]</secret><x>1234</x>'],
    [
      'by a tag with attributes',
      '<secret a="b" c=\'d\'>1234</secret>',
      '<secret a="b" c=\'d\'>[secret]</secret>',
    ],
    ['by the attribute', '<a secret = "1234" b="1234">', '<a secret = "[secret]" b="1234">'],
    ['CDATA', '<secret><![CDATA[1234]]></secret>', '<secret><![CDATA[[secret]]]></secret>'],
    ['a comment', '<!-- <a> XX1234XX --><b>1</b>', '<!-- <a> [mark] --><b>1</b>'],
    ['a name', '<XX1234XX a=XX1234XX>', '<[mark] a=[mark]>'],
    ['not a tag', '<p>1 < 2 XX1234XX <', '<p>1 < 2 [mark] <'],
    ['quotes without end', '<a b="XX1234XX <c>XX1234XX', '<a b="[mark] <c>[mark]'],
    ['a comment without end', '<!-- XX1234XX', '<!-- [mark]'],
    ['a declaration', '<?xml version="1.0"?><a>XX1234XX</a>', '<?xml version="1.0"?><a>[mark]</a>'],
    [
      'no reference',
      '<a>&XX1234XX &; &#xZ; &#99999999;&</a>',
      '<a>&[mark] &; &#xZ; &#99999999;&</a>',
    ],
  ])('%s', (_, body, want) => {
    expect(redactAllWays(body, 'application/xml').text).toBe(want)
    expect(redactAllWays(body, 'text/html').text).toBe(want)
  })

  test('what takes its place is no tag; where it stood is told by the tag', () => {
    const replace = () => Buffer.from('<b a="&">')
    const redacted = redact('<a>XX1234XX</a>', 'text/xml', 'whole', { replace })
    expect(redacted.text).toBe('<a>&#60;b a=&#34;&#38;&#34;&#62;</a>')
    expect(redacted.findings).toEqual(['mark a 1'])
  })

  test('a tag that is called text', () => {
    expect(redactAllWays('<p>&#88;X1234XX</p>', 'text/plain').text).toBe('<p>[mark]</p>')
  })
})

describe('CSV', () => {
  test.each([
    ['a column', 'a,secret\n1234,1234\n', 'a,secret\n1234,[secret]\n'],
    ['semicolons', 'a;secret\r\n"x;y";1234\r\n', 'a;secret\r\n"x;y";[secret]\r\n'],
    ['quoted', 'secret,b\n"1234","a ""XX1234XX"" b"\n', 'secret,b\n"[secret]","a ""[mark]"" b"\n'],
    ['over lines', '"a","b"\n"x\nXX1234XX\n","y"', '"a","b"\n"x\n[mark]\n","y"'],
    ['a head', 'XX1234XX,b\n1,2', '[mark],b\n1,2'],
    ['more fields than names', 'a\n1,XX1234XX', 'a\n1,[mark]'],
    ['a quote without end', 'a,b\n1,"XX1234XX\n2,3', 'a,b\n1,"[mark]\n2,3'],
  ])('%s', (_, body, want) => {
    expect(redactAllWays(body, 'text/csv').text).toBe(want)
  })

  test('tabs; what takes its place is one field; names are not told', () => {
    const replace = () => Buffer.from('a,"b"\n')
    const redacted = redact('a\tJohn\n1\tXX1234XX', 'text/tab-separated-values', 'whole', {
      replace,
    })
    expect(redacted.text).toBe('a\tJohn\n1\ta  b  ')
    expect(redacted.findings).toEqual(['mark column 2 1'])
  })
})

describe('data: URLs', () => {
  const url = (type: string, text: string) =>
    `data:${type};base64,${Buffer.from(text).toString('base64')}`

  test.each([
    ['text', url('text/plain', 'an XX1234XX'), url('text/plain', 'an [mark]')],
    ['JSON', url('application/json', '{"secret":1234}'), url('application/json', '{"secret":0}')],
    ['a form of text', 'data:text/plain,a%20%58X1234XX', 'data:text/plain,a%20%5Bmark%5D'],
    ['nothing to find', 'data:,a%20b', 'data:,a%20b'],
    [
      'a text that is said to be a picture',
      url('image/png', 'a XX1234XX'),
      url('image/png', 'a [mark]'),
    ],
    [
      'named in its head',
      'data:image/png;n=XX1234XX;base64,AAAA',
      'data:image/png;n=[mark];base64,AAAA',
    ],
    ['one in another', 'data:,data:;base64,WFgxMjM0WFg=', 'data:,data:;base64,W21hcmtd'],
    ['none', 'data: XX1234XX', 'data: [mark]'],
    [
      'a head that is nearly one',
      `data:${';a=""'.repeat(60)}!,XX1234XX`,
      `data:${';a=""'.repeat(60)}!,[mark]`,
    ],
    ['a text with a comma', 'data: 100%, XX1234XX %58', 'data: 100%, [mark] %58'],
    ['a word', 'dat XX1234XX', 'dat [mark]'],
    [
      'in a picture, in plain text',
      'data:image/png;base64,XX1234XX',
      'data:image/png;base64,[mark]',
    ],
  ])('%s', (_, text, want) => {
    const body = JSON.stringify({ image_url: { url: text } })
    expect(redactAllWays(body, 'application/json').text).toBe(
      JSON.stringify({ image_url: { url: want } }),
    )
  })
})
