import { generateKeyPairSync } from 'node:crypto'
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import { TICKET_KEY_LIFE, TICKET_KEY_TURN, TicketRing } from '../../src/tls/tickets.ts'
import { greet, issue, listen, NOON, shakeHands } from './support.ts'

const HOUR = 60 * 60 * 1000
const leaf = issue({ name: 'a.example', hosts: ['a.example'] })

/** A ring with a clock that is moved by hand. */
function ringWithClock(given?: Uint8Array) {
  let now = NOON
  const clock = { now: () => now }
  const ring = new TicketRing(given ? { clock, given } : { clock })
  return { ring, pass: (ms: number) => (now += ms) }
}

function contextOf(ring: TicketRing): tls.SecureContext {
  const { keyPem: key, pem: cert } = leaf
  const context = tls.createSecureContext({ key, cert, ticketKeys: ring.fixedKeys })
  ring.protect(context, 'always')
  return context
}

/** What Node calls for each ticket, as OpenSSL has it called. */
function callbackOf(ring: TicketRing, renewal: 'always' | 'aged' = 'always') {
  const native: { [name: string]: unknown } = { enableTicketKeyCallback: () => {} }
  expect(ring.protect({ context: native }, renewal)).toBe(true)
  return native.onticketkeycallback as (
    name: Buffer,
    iv: Buffer,
    isNew: boolean,
  ) => readonly unknown[]
}

const NOTHING = Buffer.alloc(16)
const newTicket = (ring: TicketRing) => callbackOf(ring)(NOTHING, NOTHING, true)
const nameOf = (ticket: readonly unknown[]) => ticket[3] as Buffer
const outcomeFor = (ring: TicketRing, name: Buffer) => callbackOf(ring)(name, NOTHING, false)[0]

test('this Node lets tickets be made by us', () => {
  // Were it to go, tickets would have fixed keys, and TLS 1.3 clients a full handshake every third time.
  expect(new TicketRing({ clock: Date }).protect(tls.createSecureContext(), 'always')).toBe(true)
})

test('a Node that cannot is told so, and the context keeps the key in use', () => {
  const { ring } = ringWithClock()
  expect(ring.protect({ context: {} }, 'always')).toBe(false)
  const [, hmac, aes, name] = newTicket(ring) as Buffer[]
  expect(ring.fixedKeys).toEqual(
    Buffer.concat([name, hmac?.subarray(0, 16), aes].map((part) => part ?? NOTHING)),
  )
})

describe('a ring', () => {
  test('encrypts with one key for a turn, with a fresh IV each time', () => {
    const { ring, pass } = ringWithClock()
    const first = newTicket(ring)
    pass(TICKET_KEY_TURN - 1)
    const second = newTicket(ring)
    expect([first[0], nameOf(second)]).toEqual([1, nameOf(first)])
    expect(second[4]).not.toEqual(first[4])
    pass(1)
    expect(nameOf(newTicket(ring))).not.toEqual(nameOf(first))
  })

  test.each([
    [0, 2],
    [TICKET_KEY_TURN, 2],
    [TICKET_KEY_LIFE - 1, 2],
    [TICKET_KEY_LIFE, 0],
    [100 * TICKET_KEY_LIFE, 0],
  ])('accepts after %i ms what it made, and renews it: %i', (ms, want) => {
    const { ring, pass } = ringWithClock()
    const name = nameOf(newTicket(ring))
    pass(ms)
    expect(outcomeFor(ring, name)).toBe(want)
    expect(outcomeFor(ring, nameOf(newTicket(ring)))).toBe(2)
  })

  test.each([
    [0, 1],
    [TICKET_KEY_TURN - 1, 1],
    [TICKET_KEY_TURN, 2],
    [TICKET_KEY_LIFE, 0],
  ])('renews after %i ms only what another key made, where that is wanted: %i', (ms, want) => {
    const { ring, pass } = ringWithClock()
    const name = nameOf(newTicket(ring))
    pass(ms)
    expect(callbackOf(ring, 'aged')(name, NOTHING, false)[0]).toBe(want)
  })

  test('turns alike whether it is asked often or seldom, and stays small', () => {
    const { ring, pass } = ringWithClock()
    for (let i = 0; i < 100; i++) {
      pass(HOUR)
      expect(newTicket(ring)[0]).toBe(1)
    }
    expect(ring.toBytes().length / 72).toBe(4)
    pass(1000 * HOUR)
    expect(ring.toBytes().length / 72).toBe(2)
  })

  test.each([-HOUR, -TICKET_KEY_TURN - HOUR, -100 * TICKET_KEY_LIFE])(
    'goes on when the clock is set back: %i ms',
    (ms) => {
      const { ring, pass } = ringWithClock()
      pass(ms)
      const name = nameOf(newTicket(ring))
      expect(outcomeFor(ring, name)).toBe(2)
      expect(nameOf(newTicket(ring))).toEqual(name)
    },
  )

  test('knows nothing of the tickets of others', () => {
    const name = nameOf(newTicket(ringWithClock().ring))
    expect(outcomeFor(ringWithClock().ring, name)).toBe(0)
    expect(outcomeFor(ringWithClock().ring, NOTHING)).toBe(0)
  })
})

describe('a ring that is handed on', () => {
  test('opens what the other made, both ways, and knows the key to come', () => {
    const leader = ringWithClock()
    const led = ringWithClock(leader.ring.toBytes())
    expect(outcomeFor(led.ring, nameOf(newTicket(leader.ring)))).toBe(2)
    leader.pass(TICKET_KEY_TURN)
    led.pass(TICKET_KEY_TURN)
    const later = nameOf(newTicket(led.ring))
    expect(later).toEqual(nameOf(newTicket(leader.ring)))
    expect(outcomeFor(leader.ring, later)).toBe(2)
  })

  test('makes no keys itself: without news it ends by giving no tickets', () => {
    const leader = ringWithClock()
    const led = ringWithClock(leader.ring.toBytes())
    led.pass(TICKET_KEY_TURN + TICKET_KEY_LIFE)
    expect(newTicket(led.ring)[0]).toBe(0)
    leader.pass(TICKET_KEY_TURN + TICKET_KEY_LIFE)
    led.ring.take(leader.ring.toBytes())
    expect(outcomeFor(leader.ring, nameOf(newTicket(led.ring)))).toBe(2)
  })

  test('is a copy', () => {
    const bytes = ringWithClock().ring.toBytes()
    const { ring } = ringWithClock(bytes)
    const before = nameOf(newTicket(ring))
    const copy = Buffer.from(before)
    bytes.fill(0)
    expect(nameOf(newTicket(ring))).toEqual(copy)
  })

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['half a key', new Uint8Array(36)],
    ['zeros', new Uint8Array(72)],
    [
      'the same key twice',
      Buffer.concat(Array(2).fill(ringWithClock().ring.toBytes().subarray(72))),
    ],
    ['too many keys', new Uint8Array(17 * 72)],
    ['a certificate', Buffer.from(leaf.pem)],
  ])('is refused, and the old one stays: %s', (_, bytes) => {
    const { ring } = ringWithClock()
    const before = ring.toBytes()
    expect(() => ring.take(bytes)).toThrow(RangeError)
    expect(() => ringWithClock(bytes)).toThrow(RangeError)
    expect(ring.toBytes()).toEqual(before)
  })
})

describe('real handshakes', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('resume across a turn: %s', async (version) => {
    const { ring, pass } = ringWithClock()
    const context = contextOf(ring)
    await using server = await listen((socket) => greet(socket, context))
    const options = {
      ca: leaf.pem,
      servername: 'a.example',
      minVersion: version,
      maxVersion: version,
    } as const
    const first = await shakeHands(server.port, options)
    pass(TICKET_KEY_TURN + HOUR)
    const second = await shakeHands(server.port, { ...options, session: first.session })
    expect([first.reused, second.reused]).toEqual([false, true])
    pass(TICKET_KEY_LIFE)
    const third = await shakeHands(server.port, { ...options, session: second.session })
    expect(third.reused).toBe(false)
  })

  test('resume at another process with the same ring', async () => {
    const { ring } = ringWithClock()
    const one = contextOf(ring)
    const two = contextOf(ringWithClock(ring.toBytes()).ring)
    await using first = await listen((socket) => greet(socket, one))
    await using second = await listen((socket) => greet(socket, two))
    const options = { ca: leaf.pem, servername: 'a.example' }
    const { session } = await shakeHands(first.port, options)
    expect((await shakeHands(second.port, { ...options, session })).reused).toBe(true)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'are full ones, no worse, when the ring fails: %s',
    async (version) => {
      let isBroken = false
      const now = () => {
        if (isBroken) throw new Error('the clock is broken')
        return NOON
      }
      const context = contextOf(new TicketRing({ clock: { now } }))
      await using server = await listen((socket) => greet(socket, context))
      const options = {
        ca: leaf.pem,
        servername: 'a.example',
        minVersion: version,
        maxVersion: version,
      } as const
      const first = await shakeHands(server.port, options)
      isBroken = true
      const second = await shakeHands(server.port, { ...options, session: first.session })
      expect([second.reused, second.sessions, second.protocol]).toEqual([false, 0, version])
    },
  )

  test('a key of another kind is no ticket key', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const der = privateKey.export({ type: 'pkcs8', format: 'der' })
    expect(() => new TicketRing({ clock: Date, given: der })).toThrow(RangeError)
  })
})
