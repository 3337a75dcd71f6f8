import { describe, expect, test } from 'vitest'
import { parseAuthority, parseHost, parseWireAuthority } from '../../src/model/authority.ts'

describe('hosts are normalised once, by the rules every browser follows', () => {
  test.each([
    ['a name', 'api.example.com', 'api.example.com'],
    ['upper case', 'API.Example.COM', 'api.example.com'],
    ['a trailing dot', 'api.example.com.', 'api.example.com'],
    ['an underscore', 'a_b.example.com', 'a_b.example.com'],
    ['one label', 'localhost', 'localhost'],
    ['an IDN', 'BÜCHER.example', 'xn--bcher-kva.example'],
    ['an IDN in ASCII', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['an ideographic full stop', 'api。example。com', 'api.example.com'],
    ['full-width letters', 'ａｐｉ.example.com', 'api.example.com'],
    ['full-width digits', '１２７.0.0.1', '127.0.0.1'],
    ['IPv4', '192.0.2.1', '192.0.2.1'],
    ['IPv4 in hexadecimal', '0x7f.0.0.1', '127.0.0.1'],
    ['IPv4 as one hexadecimal number', '0x7f000001', '127.0.0.1'],
    ['IPv4 in octal', '0177.0.0.1', '127.0.0.1'],
    ['IPv4 as one number', '2130706433', '127.0.0.1'],
    ['short IPv4', '127.1', '127.0.0.1'],
    ['IPv4 with a trailing dot', '127.0.0.1.', '127.0.0.1'],
    ['IPv6', '[2001:DB8::0:1]', '2001:db8::1'],
    ['IPv6 with IPv4 inside', '[::ffff:127.0.0.1]', '::ffff:7f00:1'],
    ['IPv6 loopback in full', '[0:0:0:0:0:0:0:1]', '::1'],
  ])('%s', (_, text, expected) => {
    const host = parseHost(text)
    expect('value' in host ? host.value.text : host.fault).toBe(expected)
  })

  test.each([
    [''],
    ['.'],
    ['a..b'],
    ['.a'],
    ['a b'],
    ['a\tb'],
    ['a\u0000b'],
    ['a/b'],
    ['a?b'],
    ['a#b'],
    ['a@b'],
    ['a:b'],
    ['a\\b'],
    ['a%41b'],
    ['a|b'],
    ['a,b'],
    ['*.example.com'],
    ['[api.example.com]'],
    ['[127.0.0.1]'],
    ['[::1'],
    ['::1'],
    ['[fe80::1%25eth0]'],
    ['[fe80::1%eth0]'],
    ['256.0.0.1'],
    ['1.2.3.4.5'],
    ['0x100000000'],
    [`${'a'.repeat(64)}.example`],
    [`${'a.'.repeat(127)}aa`],
    ['a'.repeat(5_000)],
  ])('%j is no host', (text) => {
    expect(parseHost(text)).toHaveProperty('fault')
  })

  test('what is normalised stays as it is', () => {
    for (const text of ['api.example.com', '127.0.0.1', 'xn--bcher-kva.example']) {
      const once = parseHost(text)
      expect('value' in once && parseHost(once.value.text)).toEqual(once)
    }
  })
})

describe('authorities', () => {
  test.each([
    ['example.com:443', null, 'example.com:443'],
    ['example.com', 80, 'example.com:80'],
    ['EXAMPLE.com.:8443', 80, 'example.com:8443'],
    ['[::1]:443', null, '[::1]:443'],
    ['[::1]', 443, '[::1]:443'],
    ['1.2.3.4:65535', null, '1.2.3.4:65535'],
  ])('%s', (text, defaultPort, expected) => {
    const authority = parseAuthority(text, defaultPort)
    expect('value' in authority ? authority.value.text : authority.fault).toBe(expected)
  })

  test.each([
    'example.com',
    'example.com:',
    'example.com:0',
    'example.com:65536',
    'example.com:080',
    'example.com:+80',
    'example.com:80 ',
    'example.com: 80',
    'example.com:8e1',
    'a:b:1',
    '::1:443',
    '[::1]443',
    '[::1]x:443',
    ':443',
    'u@example.com:443',
    'example.com:443/',
    'https://example.com:443',
  ])('%j is none', (text) => {
    expect(parseAuthority(text, null)).toHaveProperty('fault')
  })
})

describe('text out of a head', () => {
  const bytes = (text: string) => Buffer.from(text).toString('latin1')
  test.each([
    [bytes('bücher.example:1'), 'xn--bcher-kva.example:1'],
    [bytes('１２７.1:1'), '127.0.0.1:1'],
    ['example.com:1', 'example.com:1'],
  ])('%j is UTF-8', (text, expected) => {
    const authority = parseWireAuthority(text, null)
    expect('value' in authority ? authority.value.text : authority.fault).toBe(expected)
  })

  test.each(['\xff\xfe:1', 'b\xfccher.example:1', '\xc0\x80:1'])('%j is not', (text) => {
    expect(parseWireAuthority(text, null)).toHaveProperty('fault')
  })
})
