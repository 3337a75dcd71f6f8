/** Client subnets (RFC 7871) on real sockets: what is sent, what comes back, and what becomes of a server that will not have it. */

import { decode, type PacketOpt } from 'dns-packet'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exchange } from '../../src/locate/dns-exchange.ts'
import { createTransports } from '../../src/locate/dns-transports.ts'
import { parseCidr } from '../../src/model/address.ts'
import { parseNameServer } from '../../src/model/name-server.ts'
import { type DnsServer, openDnsServer } from '../support/dns-server.ts'

const QUESTION = { name: 'api.example', type: 'A' } as const
const LONG = 20_000
const transports = createTransports(null)

let dns: DnsServer
beforeEach(async () => {
  dns = await openDnsServer({ records: { 'api.example': { A: ['192.0.2.1'], ttl: 60 } } })
  dns.subnet = { scope: 20 }
})
afterEach(() => dns[Symbol.asyncDispose]())

test.each([
  ['203.0.113.0/24', 1, '00011800cb0071'],
  ['198.51.96.0/20', 1, '00011400c63360'],
  ['2001:db8:ff::/56', 2, '0002380020010db800ff00'],
])('%s is sent without more of the address than that', async (subnet, family, want) => {
  await asked(subnet)
  const [option, ...more] = options(dns.queries[0])
  expect([option?.code, option?.data?.toString('hex'), more]).toEqual([8, want, []])
  expect(option).toHaveProperty('family', family)
})

test('nothing is sent where nothing is configured', async () => {
  expect(await asked(null)).toMatchObject({ source: `udp://${dns.address}` })
  expect(options(dns.queries[0])).toEqual([])
})

describe('the source of an answer says', () => {
  test.each([
    ['for which part of the prefix it counts', { scope: 20 }, 'for 203.0.113.0/24 (scope /20)'],
    ['that it counts for everybody', { scope: 0 }, 'for 203.0.113.0/24 (scope /0)'],
    ['that the prefix was not looked at', null, 'without regard to 203.0.113.0/24'],
  ])('%s', async (_, subnet, want) => {
    dns.subnet = subnet
    expect(await asked('203.0.113.0/24')).toMatchObject({
      message: { answers: [{ data: '192.0.2.1' }] },
      source: `udp://${dns.address} ${want}`,
    })
  })

  test.each([
    ['does not understand', 1],
    ['refuses', 5],
  ] as const)('that a server which %s the prefix was asked without it', async (_, refuse) => {
    dns.subnet = { refuse }
    expect(await asked('203.0.113.0/24')).toMatchObject({
      message: { answers: [{ data: '192.0.2.1' }] },
      source: `udp://${dns.address} without regard to 203.0.113.0/24`,
    })
    expect(dns.queries.map((query) => options(query).length)).toEqual([1, 0])
  })
})

test('a server that refuses either way is asked twice, not more', async () => {
  dns.fault = 'refused'
  expect(await asked('203.0.113.0/24')).toEqual({
    kind: 'failed',
    fault: `${dns.address} answered REFUSED`,
  })
  expect(dns.queries).toHaveLength(2)
  dns.fault = 'servfail'
  expect(await asked('203.0.113.0/24')).toHaveProperty('fault')
  expect(dns.queries).toHaveLength(3)
})

describe('an answer fails the server when it is', () => {
  const OPTION = Buffer.from('0008000700011814cb0071', 'hex')
  const ANOTHER = 'answered for another client subnet'
  const rows: { name: string; option: string; said?: string }[] = [
    { name: 'for another prefix', option: '0008000700011814cb0072' },
    { name: 'for another length', option: '0008000700011714cb0070' },
    { name: 'for the other family', option: '0008000700021814cb0071' },
    { name: 'for more than the prefix', option: '0008000800011814cb007101' },
    { name: 'for less than the prefix', option: '0008000600011814cb00' },
    { name: 'for a scope that no address has', option: '0008000700011821cb0071' },
    { name: 'for the same prefix twice', option: OPTION.toString('hex').repeat(2) },
    { name: 'for nothing', option: '00080000', said: 'sent a malformed answer' },
    { name: 'cut off', option: '000800ff0001', said: 'sent a malformed answer' },
  ]
  test.each(rows)('$name', async ({ option, said = ANOTHER }) => {
    dns.subnet = null
    dns.mangle = (reply) => [withOpt(reply, Buffer.from(option, 'hex'))]
    expect(await asked('203.0.113.0/24')).toEqual({
      kind: 'failed',
      fault: `${dns.address} ${said}`,
    })
  })

  test('not, when it is as asked', async () => {
    dns.subnet = null
    dns.mangle = (reply) => [withOpt(reply, OPTION)]
    expect(await asked('203.0.113.0/24')).toMatchObject({
      source: expect.stringContaining('scope /20'),
    })
  })

  test('with two EDNS records', async () => {
    dns.mangle = (reply) => [withOpt(withOpt(reply, Buffer.alloc(0)), Buffer.alloc(0))]
    dns.subnet = null
    expect(await asked(null)).toMatchObject({ fault: `${dns.address} sent a malformed answer` })
  })

  test('not, when nothing was asked and something is said', async () => {
    dns.mangle = (reply) => [withOpt(reply, OPTION)]
    expect(await asked(null)).toMatchObject({ source: `udp://${dns.address}` })
  })
})

function asked(subnet: string | null) {
  const server = parseNameServer(dns.address)
  if ('fault' in server) throw new Error(server.fault)
  const clientSubnet = subnet === null ? null : parseCidr(subnet)
  const never = new AbortController().signal
  return exchange(QUESTION, server.value, LONG, { clientSubnet, transports }, never)
}

function options(query: Buffer | undefined): PacketOpt[] {
  const [edns] = decode(query ?? Buffer.alloc(0)).additionals ?? []
  return edns?.type === 'OPT' ? edns.options : []
}

/** One more OPT record, with these options, at the end of a reply. */
function withOpt(reply: Buffer, option: Buffer): Buffer {
  const opt = Buffer.from('00002904d0000000000000', 'hex')
  opt.writeUInt16BE(option.length, 9)
  const longer = Buffer.concat([reply, opt, option])
  longer.writeUInt16BE(reply.readUInt16BE(10) + 1, 10)
  return longer
}
