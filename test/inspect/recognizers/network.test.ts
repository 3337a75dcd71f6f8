/** Machines, devices, vehicles, sessions: what is found, and what only looks like it. */

import { describe, expect, test } from 'vitest'
import { NETWORK } from '../../../src/inspect/recognizers/network.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { textsIn } from '../scan/scanning.ts'

const scanner = createScanner(NETWORK, { types: new Set(NETWORK.map(({ type }) => type)) })

describe('found', () => {
  test.each([
    ['IPv4', 'from 8.8.8.8:443', 'ipv4 8.8.8.8'],
    ['IPv4 at the end of a sentence', 'It was 93.184.216.34.', 'ipv4 93.184.216.34'],
    ['IPv6', 'from 2001:db8:85a3:0:0:8a2e:370:7334 on', 'ipv6 2001:db8:85a3:0:0:8a2e:370:7334'],
    ['IPv6 in short', '[2001:db8::1]', 'ipv6 2001:db8::1'],
    ['MAC', '00-1B-44-11-3A-B7', 'mac-address 00-1B-44-11-3A-B7'],
    ['MAC with colons', 'at 00:1b:44:11:3a:b7.', 'mac-address 00:1b:44:11:3a:b7'],
    ['IMEI', 'IMEI 490154203237518', 'imei 490154203237518'],
    ['IMSI', 'imsi=310150123456789', 'imsi 310150123456789'],
    ['ICCID', 'ICCID 89148000000745809013', 'iccid 89148000000745809013'],
    ['VIN', 'VIN 1M8GDM9AXKP042788', 'vin 1M8GDM9AXKP042788'],
    ['a session cookie', 'JSESSIONID=A1B2C3D4E5F6', 'session-id A1B2C3D4E5F6'],
  ])('%s', (_, text, want) => {
    expect(textsIn(scanner, text)).toEqual([want])
  })
})

describe('not found', () => {
  test.each([
    ['a private address', '10.1.2.3 192.168.1.1 172.16.0.1 127.0.0.1'],
    ['a version', 'v1.2.3.4 and 1.2.3.4.5'],
    ['a time', '12:34:56'],
    ['a hash with colons', 'aa:bb:cc:dd:ee:ff:00:11:22'],
    ['a scope of C++', 'std::vector<int>'],
    ['an IMEI without a word', '490154203237518'],
    ['a VIN with a wrong check', 'VIN 1M8GDM9A1KP042788'],
  ])('%s', (_, text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })

  test('by default, addresses of machines', () => {
    expect(textsIn(createScanner(NETWORK), 'from 8.8.8.8')).toEqual([])
  })
})
