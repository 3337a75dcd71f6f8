/** How name servers are written: what each text means, in one spelling, and what means nothing. */

import { describe, expect, test } from 'vitest'
import { isMixed, parseNameServer, resolverEndpoints } from '../../src/model/name-server.ts'

test.each([
  ['192.0.2.53', '192.0.2.53', { transport: 'plain', port: 53 }],
  ['192.0.2.53:53', '192.0.2.53', { transport: 'plain', port: 53 }],
  ['127.0.0.1:5353', '127.0.0.1:5353', { transport: 'plain', port: 5353 }],
  ['[2001:DB8::53]', '[2001:db8::53]', { transport: 'plain', port: 53 }],
  ['[::1]:5353', '[::1]:5353', { transport: 'plain', port: 5353 }],
  [
    'tls://192.0.2.53#DNS.example.',
    'tls://192.0.2.53#dns.example',
    { transport: 'tls', port: 853, identity: { text: 'dns.example', ip: null } },
  ],
  [
    'tls://[2001:db8::53]:8853#dns.example',
    'tls://[2001:db8::53]:8853#dns.example',
    { transport: 'tls', port: 8853 },
  ],
  [
    'tls://192.0.2.53:853',
    'tls://192.0.2.53',
    { transport: 'tls', port: 853, identity: { text: '192.0.2.53' } },
  ],
  [
    'https://192.0.2.53/dns-query#dns.example',
    'https://192.0.2.53/dns-query#dns.example',
    { transport: 'https', port: 443, path: '/dns-query', identity: { text: 'dns.example' } },
  ],
  [
    'https://[2001:db8::53]:8443/a%20b/c',
    'https://[2001:db8::53]:8443/a%20b/c',
    { transport: 'https', port: 8443, path: '/a%20b/c', identity: { text: '2001:db8::53' } },
  ],
])('%s is %s', (text, shown, want) => {
  expect(parseNameServer(text)).toMatchObject({ value: { text: shown, ...want } })
})

test.each([
  'dns.example',
  'dns.example:53',
  '::1',
  '[::1%eth0]',
  '192.0.2.53:0',
  '192.0.2.53:65536',
  '192.0.2.53:domain',
  '',
  '192.0.2.53#dns.example',
  'tls://dns.example',
  'tls://dns.example#dns.example',
  'tls://',
  'tls://192.0.2.53#',
  'tls://192.0.2.53#a#b',
  'tls://192.0.2.53#-_/',
  'tls://192.0.2.53#192.0.2.54',
  'tls://192.0.2.53/dns-query#dns.example',
  'tls://user@192.0.2.53#dns.example',
  'TLS://192.0.2.53#dns.example',
  'https://192.0.2.53',
  'https://192.0.2.53#dns.example',
  'https://192.0.2.53/dns-query?a=b#dns.example',
  'https://192.0.2.53/dns-query{?dns}#dns.example',
  'https://192.0.2.53/a b#dns.example',
  `https://192.0.2.53/${'a'.repeat(256)}#dns.example`,
  'https://dns.example/dns-query',
  'http://192.0.2.53/dns-query',
  'quic://192.0.2.53#dns.example',
])('%j is refused', (text) => {
  expect(parseNameServer(text)).toHaveProperty('fault')
})

describe('several servers', () => {
  test.each([
    [[], false],
    [['192.0.2.53', '[::1]:5353'], false],
    [['tls://192.0.2.53', 'https://192.0.2.53/dns-query'], false],
    [['tls://192.0.2.53', '192.0.2.53'], true],
  ])('%j are of both kinds: %s', (texts, want) => {
    expect(isMixed(texts.map(server))).toBe(want)
  })

  test('are destinations under the name they prove to have, else under their address', () => {
    const texts = [
      '192.0.2.53',
      '[2001:db8::53]:5353',
      'tls://192.0.2.53#dns.example',
      'https://192.0.2.53:8443/q',
    ]
    const shown = resolverEndpoints(texts.map(server)).map(({ authority, address }) => [
      authority.text,
      address.text,
    ])
    expect(shown).toEqual([
      ['192.0.2.53:53', '192.0.2.53'],
      ['[2001:db8::53]:5353', '2001:db8::53'],
      ['dns.example:853', '192.0.2.53'],
      ['192.0.2.53:8443', '192.0.2.53'],
    ])
  })
})

function server(text: string) {
  const parsed = parseNameServer(text)
  if ('fault' in parsed) throw new Error(`${text}: ${parsed.fault}`)
  return parsed.value
}
