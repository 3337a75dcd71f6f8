import net from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cidrContains, parseCidr, parseIp, toIp, unmapIp } from '../../src/model/address.ts'
import { ip } from '../support/nouns.ts'

describe('addresses', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
  ])('%s is %s', (text, expected) => {
    expect(ip(text).text).toBe(expected)
  })

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.4 ',
    '0x1.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::12345',
    '::g',
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4:5',
    '[::1]',
  ])('%j is none', (text) => {
    expect(parseIp(text)).toBeNull()
  })

  test('what is accepted, Node accepts too; and every address survives text and back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        const parsed = parseIp(text)
        if (parsed) {
          expect(net.isIP(text)).toBe(parsed.version)
          expect(parseIp(parsed.text)).toEqual(parsed)
        } else if (net.isIP(text) && !text.includes('%')) throw new Error(`refused ${text}`)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(parseIp(toIp(bytes).text)?.bytes).toEqual(bytes)
      }),
    )
  })

  test.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::192.0.2.1', '::c000:201'],
    ['::fffe:c000:201', '::fffe:c000:201'],
    ['192.0.2.1', '192.0.2.1'],
  ])('%s without its IPv6 coat is %s', (text, expected) => {
    expect(unmapIp(ip(text)).text).toBe(expected)
  })
})

describe('prefixes', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.128/25', '192.0.2.129', true],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['0.0.0.0/0', '255.0.0.1', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::ffff:0:0/96', '192.0.2.1', false],
  ])('%s holds %s: %s', (prefix, address, expected) => {
    const cidr = parseCidr(prefix)
    expect(cidr && cidrContains(cidr, ip(address))).toBe(expected)
  })

  test.each([
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::1/127',
    '::/129',
    'x/8',
    '/8',
    '10/8',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeNull()
  })

  test('contain what a second opinion says they contain', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (base, bits, address) => {
        const list = new net.BlockList()
        list.addSubnet(base, bits, 'ipv4')
        const masked = ip(base).bytes.map(
          (byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))),
        )
        const cidr = parseCidr(`${masked.join('.')}/${bits}`)
        expect(cidr && cidrContains(cidr, ip(address))).toBe(list.check(address, 'ipv4'))
      }),
    )
  })
})
