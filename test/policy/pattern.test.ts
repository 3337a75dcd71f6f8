/** Which hosts a pattern means, and which it only looks like it means. */

import { describe, expect, test } from 'vitest'
import { parseHost } from '../../src/model/authority.ts'
import { compileHostPattern } from '../../src/policy/pattern.ts'

function matches(pattern: string, host: string): boolean {
  const compiled = compileHostPattern(pattern)
  if ('fault' in compiled) throw new Error(compiled.fault)
  const parsed = parseHost(host)
  if ('fault' in parsed) throw new Error(`${host}: ${parsed.fault}`)
  return compiled.value.matches(parsed.value.text)
}

describe('a pattern and a host', () => {
  test.each<[pattern: string, host: string, matches: boolean]>([
    // A name is that name.
    ['api.example.com', 'api.example.com', true],
    ['api.example.com', 'API.Example.COM', true],
    ['API.example.com', 'api.example.com', true],
    ['api.example.com', 'api.example.com.', true],
    ['api.example.com.', 'api.example.com', true],
    ['example.com', 'api.example.com', false],
    ['api.example.com', 'example.com', false],
    // Look-alikes.
    ['api.example.com', 'api.example.com.evil.test', false],
    ['api.example.com', 'xapi.example.com', false],
    ['api.example.com', 'api-example.com', false],
    ['api.example.com', 'apiXexample.com', false],
    ['api.example.com', 'api.example.co', false],
    ['api.example.com', 'аpi.example.com', false],
    // A wildcard is everything below, at any depth, and not the name itself.
    ['*.example.com', 'api.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'API.EXAMPLE.COM.', true],
    ['*.EXAMPLE.com', 'api.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'notexample.com', false],
    ['*.example.com', 'api.example.com.evil.test', false],
    ['*.example.com', 'example.com.evil.test', false],
    ['*.com', 'example.com', true],
    // Everything.
    ['*', 'example.com', true],
    ['*', '192.0.2.1', true],
    ['*', '[2001:db8::1]', true],
    // International names are compared as they stand in DNS.
    ['münchen.example', 'münchen.example', true],
    ['münchen.example', 'MÜNCHEN.example', true],
    ['münchen.example', 'xn--mnchen-3ya.example', true],
    ['xn--mnchen-3ya.example', 'münchen.example', true],
    ['*.münchen.example', 'api.xn--mnchen-3ya.example', true],
    ['münchen.example', 'munchen.example', false],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah', true],
    ['example.com', 'ｅｘａｍｐｌｅ.com', true],
    // Addresses are compared as addresses, never by their digits.
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '0xc0.0.2.1', true],
    ['192.0.2.1', '3221225985', true],
    ['192.0.2.1', '192.0.2.10', false],
    ['192.0.2.1', '192.0.2.1.example.com', false],
    ['[2001:db8::1]', '[2001:DB8:0:0::1]', true],
    ['*.0.2.example', '192.0.2.1', false],
  ])('%s and %s: %s', (pattern, host, expected) => {
    expect(matches(pattern, host)).toBe(expected)
  })
})

describe('a pattern is refused', () => {
  const REFUSED: [pattern: string, because: string][] = [
    ['', 'characters that no host name may have'],
    ['*.', 'characters that no host name may have'],
    ['**', 'a leading `*.`'],
    ['*example.com', 'a leading `*.`'],
    ['api.*.example.com', 'a leading `*.`'],
    ['*.*.example.com', 'a leading `*.`'],
    ['*.example.*', 'a leading `*.`'],
    ['example.com:443', 'characters that no host name may have'],
    ['https://example.com', 'characters that no host name may have'],
    ['example.com/v1', 'characters that no host name may have'],
    ['user@example.com', 'characters that no host name may have'],
    [' example.com', 'characters that no host name may have'],
    ['exa mple.com', 'characters that no host name may have'],
    ['example..com', 'not a valid name'],
    ['2001:db8::1', 'characters that no host name may have'],
    ['[2001:db8::1', 'brackets hold no IPv6 address'],
    ['*.192.0.2.1', 'before an address'],
    ['*.0.2.1', 'before an address'],
    ['*.1', 'before an address'],
    [`${'a'.repeat(64)}.example`, 'not a valid name'],
    ['a.'.repeat(130), 'not a valid name'],
    ['a'.repeat(5_000), 'too long'],
    ['xn--\u0000', 'characters that no host name may have'],
  ]
  const rows = REFUSED.map((row) => [JSON.stringify(row[0].slice(0, 40)), ...row] as const)
  test.each(rows)('%s', (_, pattern, because) => {
    const compiled = compileHostPattern(pattern)
    expect('fault' in compiled && compiled.fault).toContain(because)
  })
})

test('the more specific pattern is the one that says more', () => {
  const specificity = ['*', '*.com', '*.example.com', '*.api.example.com', 'a.io'].map((text) => {
    const compiled = compileHostPattern(text)
    return 'value' in compiled ? compiled.value.specificity : Number.NaN
  })
  expect(specificity).toEqual([...specificity].sort((a, b) => a - b))
  expect(new Set(specificity).size).toBe(specificity.length)
})
