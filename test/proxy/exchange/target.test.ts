import { describe, expect, test } from 'vitest'
import { type Target, TargetReader, type Tunnel } from '../../../src/proxy/exchange/target.ts'
import { authority } from '../../support/nouns.ts'
import { lines, requestHead } from '../http1/support.ts'

interface Asked {
  readonly name?: string
  readonly method?: string
  readonly target: string
  /** Null sends none, in HTTP/1.0. */
  readonly host?: string | null
}

function head({ method = 'GET', target, host = 'a.example' }: Asked) {
  const version = host === null ? '1.0' : '1.1'
  const fields = host === null ? [] : [`Host: ${host}`]
  return requestHead(lines(`${method} ${target} HTTP/${version}`, ...fields))
}

const read = (tunnel: Tunnel | null, asked: Asked) => new TargetReader(tunnel).read(head(asked))

function codeOf(tunnel: Tunnel | null, asked: Asked) {
  const target = read(tunnel, asked)
  return 'code' in target ? target.code : null
}

/** Scheme, host and port, wire target, Host, path. */
function sum(target: Target): string[] {
  return [target.scheme, target.authority.text, target.wire, target.host, target.path]
}

function sumOf(tunnel: Tunnel | null, asked: Asked) {
  const target = read(tunnel, asked)
  if ('code' in target) throw new Error(target.detail)
  return sum(target)
}

describe('on the proxy port', () => {
  test.each([
    {
      target: 'http://a.example/b?c',
      want: ['http', 'a.example:80', '/b?c', 'a.example', '/b'],
    },
    { target: 'http://a.example', want: ['http', 'a.example:80', '/', 'a.example', '/'] },
    { target: 'http://a.example?c', want: ['http', 'a.example:80', '/?c', 'a.example', '/'] },
    { target: 'https://a.example/', want: ['https', 'a.example:443', '/', 'a.example', '/'] },
    { target: 'HTTP://A.Example/', want: ['http', 'a.example:80', '/', 'a.example', '/'] },
    { target: 'http://a.example:80/', want: ['http', 'a.example:80', '/', 'a.example', '/'] },
    {
      target: 'http://a.example:8080/',
      host: 'a.example:8080',
      want: ['http', 'a.example:8080', '/', 'a.example:8080', '/'],
    },
    // Bytes of the path travel as they came.
    {
      target: 'http://a.example/../b/./c//d%2Fe%zz;f',
      want: ['http', 'a.example:80', '/../b/./c//d%2Fe%zz;f', 'a.example', '/../b/./c//d%2Fe%zz;f'],
    },
    { target: 'http://a.example//b', want: ['http', 'a.example:80', '//b', 'a.example', '//b'] },
    {
      target: 'http://a.example/?u=http://b.example/',
      want: ['http', 'a.example:80', '/?u=http://b.example/', 'a.example', '/'],
    },
    {
      target: 'http://a.example/@b.example/',
      want: ['http', 'a.example:80', '/@b.example/', 'a.example', '/@b.example/'],
    },
    { target: 'http://[::1]:80/', host: '[::1]', want: ['http', '[::1]:80', '/', '[::1]', '/'] },
    // Without Host the origin gets one all the same.
    {
      target: 'http://a.example:8080/',
      host: null,
      want: ['http', 'a.example:8080', '/', 'a.example:8080', '/'],
    },
    { target: 'https://[::1]/', host: null, want: ['https', '[::1]:443', '/', '[::1]', '/'] },
    // RFC 9112 section 3.2.4.
    {
      method: 'OPTIONS',
      target: 'http://a.example',
      want: ['http', 'a.example:80', '*', 'a.example', '*'],
    },
    {
      method: 'OPTIONS',
      target: 'http://a.example/',
      want: ['http', 'a.example:80', '/', 'a.example', '/'],
    },
    {
      method: 'OPTIONS',
      target: 'http://a.example?b',
      want: ['http', 'a.example:80', '/?b', 'a.example', '/'],
    },
  ])('$method $target', ({ want, ...asked }) => {
    expect(sumOf(null, asked)).toEqual(want)
  })

  test.each([
    { name: 'origin-form', target: '/' },
    { name: 'asterisk-form', method: 'OPTIONS', target: '*' },
    { name: 'authority-form', target: 'a.example:80' },
    { name: 'a host alone', target: 'a.example' },
    { name: 'a relative reference', target: '//a.example/' },
    { name: 'another scheme', target: 'ftp://a.example/' },
    { name: 'ws', target: 'ws://a.example/' },
    { name: 'one slash', target: 'http:/a.example/' },
    { name: 'no slash', target: 'http:a.example/' },
    { name: 'backslashes', target: 'http:\\\\a.example/' },
    { name: 'no host', target: 'http:///' },
    { name: 'a port alone', target: 'http://:80/' },
    { name: 'user information', target: 'http://b.example@a.example/' },
    { name: 'user information with a password', target: 'http://b:c@a.example/' },
    { name: 'a backslash in the host', target: 'http://a.example\\@b.example/' },
    { name: 'an escape in the host', target: 'http://a%2eexample/' },
    { name: 'an empty port', target: 'http://a.example:/' },
    { name: 'port 0', target: 'http://a.example:0/' },
    { name: 'port 65536', target: 'http://a.example:65536/' },
    { name: 'a zero before the port', target: 'http://a.example:080/' },
    { name: 'a sign before the port', target: 'http://a.example:+80/' },
    { name: 'two ports', target: 'http://a.example:80:80/' },
    { name: 'a name in brackets', target: 'http://[a.example]/' },
    { name: 'an open bracket', target: 'http://[::1/' },
    { name: 'a zone', target: 'http://[fe80::1%25eth0]/' },
  ])('no target for a proxy: $name', ({ name: _, ...asked }) => {
    expect(codeOf(null, asked)).toBe('request-target')
  })

  test.each([
    { name: 'another host', target: 'http://a.example/', host: 'b.example' },
    { name: 'a subdomain', target: 'http://a.example/', host: 'x.a.example' },
    { name: 'a shorter name', target: 'http://a.example/', host: 'a' },
    { name: 'another port', target: 'http://a.example/', host: 'a.example:8080' },
    { name: 'the port of another scheme', target: 'http://a.example/', host: 'a.example:443' },
    { name: 'no port where there is one', target: 'http://a.example:8080/', host: 'a.example' },
    { name: 'an address', target: 'http://a.example/', host: '192.0.2.1' },
  ])('Host disagrees: $name', ({ name: _, ...asked }) => {
    expect(codeOf(null, asked)).toBe('names-disagree')
  })

  test.each([
    '',
    'a b',
    'a.example,b.example',
    'b@a.example',
    'a.example/',
    'a.example#',
    '[a.example]',
    'a.example:',
    'a.example:80:80',
    'http://a.example',
    '\xff',
  ])('Host is none: %j', (host) => {
    expect(codeOf(null, { target: 'http://a.example/', host })).toBe('request-malformed')
  })
})

describe('inside a tunnel', () => {
  const tunnel: Tunnel = { mode: 'connect', scheme: 'https', authority: authority('a.example:443') }

  test.each([
    { target: '/b?c', want: ['https', 'a.example:443', '/b?c', 'a.example', '/b'] },
    {
      target: '/',
      host: 'a.example:443',
      want: ['https', 'a.example:443', '/', 'a.example:443', '/'],
    },
    { target: '/', host: 'A.Example', want: ['https', 'a.example:443', '/', 'A.Example', '/'] },
    { target: '/', host: null, want: ['https', 'a.example:443', '/', 'a.example', '/'] },
    {
      target: '//b.example/',
      want: ['https', 'a.example:443', '//b.example/', 'a.example', '//b.example/'],
    },
    {
      target: '/http://b.example/',
      want: ['https', 'a.example:443', '/http://b.example/', 'a.example', '/http://b.example/'],
    },
    { method: 'OPTIONS', target: '*', want: ['https', 'a.example:443', '*', 'a.example', '*'] },
    // Another spelling of the same name is sent in the one that was compared.
    { target: '/', host: 'a.example.', want: ['https', 'a.example:443', '/', 'a.example', '/'] },
    {
      target: '/',
      host: '\xef\xbd\x81.example',
      want: ['https', 'a.example:443', '/', 'a.example', '/'],
    },
  ])('$method $target, Host: $host', ({ want, ...asked }) => {
    expect(sumOf(tunnel, asked)).toEqual(want)
  })

  test.each([
    { name: 'absolute form of the same host', target: 'https://a.example/' },
    { name: 'absolute form of another host', target: 'https://b.example/' },
    { name: 'absolute form of another scheme', target: 'http://a.example/' },
    { name: 'authority form', target: 'a.example:443' },
    { name: 'an asterisk that is not OPTIONS', target: '*' },
  ])('refused: $name', ({ name: _, ...asked }) => {
    expect(codeOf(tunnel, asked)).toBe('names-disagree')
  })

  test.each([
    { name: 'another host', host: 'b.example' },
    { name: 'another port', host: 'a.example:80' },
    { name: 'a subdomain', host: 'x.a.example' },
    { name: 'an address', host: '192.0.2.1' },
  ])('to be asked elsewhere: $name', ({ host }) => {
    expect(codeOf(tunnel, { target: '/', host })).toBe('misdirected')
  })

  test.each([
    '',
    'a.example:',
    'a.example:0443',
    'a.example, b.example',
    'a.example b',
    '[a.example]',
  ])('Host is none: %j', (host) => {
    expect(codeOf(tunnel, { target: '/', host })).toBe('request-malformed')
  })

  test.each(['127.1', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '127.0.0.1'])(
    '%s is the address the tunnel was opened for, and is sent as such',
    (host) => {
      const loopback: Tunnel = {
        mode: 'connect',
        scheme: 'http',
        authority: authority('127.0.0.1:80'),
      }
      expect(sumOf(loopback, { target: '/', host })[3]).toBe('127.0.0.1')
    },
  )

  test('every request is compared, also behind one that agreed', () => {
    const reader = new TargetReader(tunnel)
    const ask = (host: string) => {
      const target = reader.read(head({ target: '/', host }))
      return 'code' in target ? target.code : target.host
    }
    expect(['a.example', 'b.example', 'a.example', 'A.EXAMPLE', 'b.example'].map(ask)).toEqual([
      'a.example',
      'misdirected',
      'a.example',
      'A.EXAMPLE',
      'misdirected',
    ])
  })
})
