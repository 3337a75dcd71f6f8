/** Names for clients that have no other name server: real resolvers ask, over UDP and TCP, and hear what they may call. */

import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import net from 'node:net'
import { decode, encode } from 'dns-packet'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

let lab: Lab
let at: string
let port: number
beforeAll(async () => {
  lab = await openLab({
    records: {
      'many.test': {
        A: Array.from({ length: 60 }, () => '127.0.0.10').map((_, i) => `127.0.0.${10 + (i % 2)}`),
      },
      'six.test': { AAAA: ['::1'] },
    },
    config: `
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0", dns: "127.0.0.1:0" }
rules:
  - { id: uploads-abroad, because: a test, when: { host: api.us.test, method: [GET] }, then: allow }
  - { id: not-there, because: nobody calls France, when: { host: api.fr.test }, then: block }
  - { id: no-uploads, because: a test, when: { method: [PUT] }, then: block }`,
  })
  const banner = /names +answered at (127\.0\.0\.1:(\d+))/.exec(lab.proxy.said())
  at = banner?.[1] ?? expect.fail(lab.proxy.said())
  port = Number(banner?.[2])
})
afterAll(() => lab[Symbol.asyncDispose]())

function resolver(): Resolver {
  const one = new Resolver({ timeout: 5_000, tries: 1 })
  one.setServers([at])
  return one
}

const expectLast = (flow: Readonly<Record<string, unknown>>) =>
  expect.poll(() => lab.proxy.flows().at(-1), { timeout: 10_000 }).toMatchObject(flow)

/** What the types leave out. */
type Told = ReturnType<typeof decode> & { readonly rcode: string }

async function exchange(bytes: Buffer): Promise<Told> {
  const socket = createSocket('udp4')
  socket.send(bytes, port, '127.0.0.1')
  const [reply] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return decode(reply) as Told
}

const query = (name: string, type: string) =>
  encode({
    type: 'query',
    id: 3,
    flags: 0x100,
    questions: [{ name, type: type as 'A', class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  })

/** The text of an extended error. */
function reasonOf({ additionals = [] }: Told): string {
  const [opt] = additionals as unknown as { options: { code: number; data: Buffer }[] }[]
  const [extended] = opt?.options ?? []
  return extended?.code === 15
    ? `${extended.data.readUInt16BE(0)} ${extended.data.toString('utf8', 2)}`
    : ''
}

test('whatever comes is dropped or answered, over UDP and TCP, and questions are answered all the same', async () => {
  const [sound] = [query('api.de.test', 'A')]
  const garbage = fc.sample(
    fc.oneof(
      fc.uint8Array({ maxLength: 1_500 }),
      fc
        .tuple(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(sound.length))
        .map(([changes, end]) => {
          const bytes = Buffer.from(sound)
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte
          return bytes.subarray(0, end)
        }),
    ),
    { numRuns: 300, seed: 5 },
  )
  const socket = createSocket('udp4')
  for (const bytes of garbage) socket.send(bytes, port, '127.0.0.1')
  await Promise.all(
    garbage.slice(0, 40).map(async (bytes) => {
      const tcp = net.connect(port, '127.0.0.1').on('error', () => {})
      await once(tcp, 'connect')
      const length = Buffer.from([bytes.length >> 8, bytes.length & 255])
      await converse(tcp, Buffer.concat([length, bytes]), { end: true })
      tcp.destroy()
    }),
  )
  expect(await resolver().resolve4('api.de.test')).toEqual(['127.0.0.10'])
  socket.close()
  expect(lab.proxy.said()).not.toContain('error')
})

describe('answers', () => {
  test('what may be called is answered, by its addresses, and on record', async () => {
    expect(await resolver().resolve4('api.de.test', { ttl: true })).toEqual([
      { address: '127.0.0.10', ttl: 30 },
    ])
    await expectLast({
      mode: 'dns',
      protocol: 'DNS',
      host: 'api.de.test',
      action: 'allow',
      outcome: 'forwarded',
    })
    expect(await resolver().resolve4('alias.test')).toEqual(['127.0.0.10'])
  })

  test('of addresses inside and outside only those inside are handed out', async () => {
    expect(await resolver().resolve4('both.test')).toEqual(['127.0.0.10'])
  })

  test('what no call could reach is not there, with the reason', async () => {
    await expect(resolver().resolve4('api.fr.test')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expectLast({
      mode: 'dns',
      host: 'api.fr.test',
      action: 'block',
      outcome: 'blocked',
      rule: 'not-there',
    })
    const told = await exchange(query('api.fr.test', 'A'))
    expect(told).toMatchObject({ rcode: 'NXDOMAIN', answers: [] })
    expect(reasonOf(told)).toMatch(/^15 rule-not-there: .*nobody calls France/)
    for (const name of ['metadata.test', 'localhost', 'private.test']) {
      expect([name, (await exchange(query(name, 'A'))).answers]).toEqual([name, []])
    }
  })

  test('what some calls may reach is answered: they are judged when they come', async () => {
    expect(await resolver().resolve4('api.us.test')).toEqual(['127.0.0.20'])
    // Held, should it be called.
    expect(await resolver().resolve4('api.mixed.test')).toEqual(['127.0.0.30'])
  })

  test('a name that does not exist, one without such an address, and one that is none', async () => {
    await expect(resolver().resolve4('nowhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(resolver().resolve6('api.de.test')).rejects.toMatchObject({ code: 'ENODATA' })
    expect(await exchange(query('127.0.0.1', 'A'))).toMatchObject({ rcode: 'NXDOMAIN' })
  })

  test('nothing that leads elsewhere, and nothing but addresses', async () => {
    expect(await exchange(query('api.de.test', 'UNKNOWN_65'))).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
    })
    for (const type of ['TXT', 'MX', 'SRV', 'NS']) {
      const told = await exchange(query('api.de.test', type))
      expect([type, told.rcode, reasonOf(told)]).toEqual([
        type,
        'REFUSED',
        expect.stringContaining('only addresses'),
      ])
    }
  })

  test('over TCP, two at once and in pieces', async () => {
    const socket = net.connect(port, '127.0.0.1')
    const one = query('api.de.test', 'A')
    const framed = Buffer.concat([Buffer.from([0, one.length]), one])
    for (const byte of Buffer.concat([framed, framed])) socket.write(Buffer.from([byte]))
    let heard = Buffer.alloc(0)
    while (heard.length < 2 || heard.length < 2 * (2 + heard.readUInt16BE(0))) {
      heard = Buffer.concat([heard, (await once(socket, 'data'))[0] as Buffer])
    }
    const length = heard.readUInt16BE(0)
    for (const start of [2, 4 + length]) {
      expect(decode(heard.subarray(start, start + length)).answers).toMatchObject([
        { data: '127.0.0.10' },
      ])
    }
    socket.write(Buffer.from([0xff, 0xff, 1]))
    await once(socket, 'close')
  })
})

const random = () =>
  Buffer.from(Array.from({ length: 30 }, () => Math.random() * 256)).toString('hex')

test('data in names ends soon, and is on record', async () => {
  let refused = 0
  for (let i = 0; i < 120; i++) {
    const told = await exchange(query(`${random()}.t.test`, 'A'))
    if (told.rcode === 'REFUSED') refused++
  }
  expect(refused).toBeGreaterThan(30)
  await expectLast({ mode: 'dns', error: 'name-rate-limited', action: 'block' })
  // Others go on.
  expect(await resolver().resolve4('api.de.test')).toEqual(['127.0.0.10'])
})

test('nor does it leave in names that are called', async () => {
  const answers: string[] = []
  for (let i = 0; i < 120; i++) {
    const at = `${random()}.u.test`
    const request = `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`
    answers.push((await rawExchange(lab.proxy, request)).slice(9, 12))
  }
  expect(answers[0]).toBe('502')
  expect(answers.filter((status) => status === '429').length).toBeGreaterThan(30)
  await expectLast({ mode: 'absolute', error: 'name-rate-limited', outcome: 'blocked' })
  const at = `api.de.test:${lab.http.port}`
  const request = `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`
  expect(await rawExchange(lab.proxy, request)).toMatch(/^HTTP\/1.1 200 /)
})
