/**
 * Session tickets (RFC 5077, RFC 8446 section 4.6.1) under keys of our own: a ring that turns by time, shared by all contexts
 * and, as plain bytes, by several processes. A resumed handshake gets a new ticket, because clients use each only once.
 * INVARIANT: keys are never stored, and nothing thrown here reaches OpenSSL: what fails costs a full handshake.
 */

import { randomBytes } from 'node:crypto'
import type { SecureContext } from 'node:tls'

/** A key encrypts tickets for so long, in ms; its successor is there as long before, so that all processes know it by then. */
export const TICKET_KEY_TURN = 8 * 60 * 60 * 1000
/** Tickets under a key are accepted for so long after it began to encrypt, in ms. */
export const TICKET_KEY_LIFE = 24 * 60 * 60 * 1000

export interface TicketRingOptions {
  readonly clock: { now(): number }
  /** What `toBytes` of another ring gave: this one then makes no keys itself and waits for `take`. */
  readonly given?: Uint8Array
}

interface TicketKey {
  /** Sent in the clear with each ticket; says which key it is under. */
  readonly name: Buffer
  readonly hmac: Buffer
  readonly aes: Buffer
  /** From when it encrypts, in milliseconds since the epoch. */
  readonly from: number
}

/** Where the parts of a key are in its bytes; `from` is a big-endian double. */
const NAME = 8
const HMAC = NAME + 16
const AES = HMAC + 32
const KEY_BYTES = AES + 16
const MAX_KEYS = 16

const IV_BYTES = 16

/**
 * What Node wants back: an outcome, the HMAC-SHA256 key, the AES-128 key, and for a new ticket also the name of the key and the IV.
 * Outcomes: 0 for no ticket, 1 for one that is made or accepted, 2 for one accepted that is to be replaced by a new one.
 */
type Answer = readonly [outcome: 0 | 1 | 2, hmac: Buffer, aes: Buffer, name: Buffer, iv: Buffer]

/** Node's own object behind a context. The callback is not documented; where it is missing, keys stay as they were set. */
interface NativeContext {
  enableTicketKeyCallback?(): void
  onticketkeycallback?: (name: Buffer, iv: Buffer, isNew: boolean) => Answer
}

const ZEROS = Buffer.alloc(32)
const NOTHING = ZEROS.subarray(0, 16)
/** Whole all the same: Node ends the process over an answer with a key missing. */
const NO_TICKET: Answer = [0, ZEROS, NOTHING, NOTHING, NOTHING]

export class TicketRing {
  readonly #clock: TicketRingOptions['clock']
  readonly #isLed: boolean
  /** Oldest first; the last one may only be used from some later moment on. */
  #keys: readonly TicketKey[]
  /** For IVs: asking for many at once is cheaper. */
  #random = Buffer.alloc(0)

  /** @throws RangeError when what was given is no ring */
  constructor({ clock, given }: TicketRingOptions) {
    this.#clock = clock
    this.#isLed = given !== undefined
    this.#keys = given ? parseKeys(given) : []
    this.#turn(clock.now())
  }

  /** All keys, for another process. They open every ticket of the last day: never to be stored or logged. */
  toBytes(): Buffer {
    this.#turn(this.#clock.now())
    return Buffer.concat(this.#keys.map(toBytes))
  }

  /** Takes over the keys of the ring that leads. @throws RangeError when it is no ring; the old keys then stay */
  take(given: Uint8Array): void {
    this.#keys = parseKeys(given)
  }

  /** Of the key in use: what `tls.createSecureContext` takes as `ticketKeys`. */
  get fixedKeys(): Buffer {
    const now = this.#clock.now()
    this.#turn(now)
    const { name, hmac, aes } = this.#current(now) ?? makeKey(now)
    return Buffer.concat([name, hmac.subarray(0, 16), aes])
  }

  /**
   * Makes the tickets of a context.
   *
   * @param renewal when a session that is resumed gets a new ticket. `always` is for TLS 1.3, where clients use each ticket once.
   *   `aged`, once another key is in use, is for TLS 1.2: OpenSSL's clients drop the session they have when they are given a
   *   new ticket for it.
   * @returns whether this Node can: otherwise the context goes on with its fixed keys, and a client that resumed gets no new ticket.
   */
  protect({ context }: SecureContext, renewal: 'always' | 'aged'): boolean {
    const native = context as NativeContext
    if (typeof native.enableTicketKeyCallback !== 'function') return false
    native.onticketkeycallback = (name, _iv, isNew) => this.#answer(name, isNew, renewal)
    native.enableTicketKeyCallback()
    return true
  }

  #answer(name: Buffer, isNew: boolean, renewal: 'always' | 'aged'): Answer {
    try {
      const now = this.#clock.now()
      this.#turn(now)
      const current = this.#current(now)
      if (isNew) return current ? this.#encrypt(current) : NO_TICKET
      const key = this.#keys.find((one) => one.name.equals(name) && isAccepted(one, now))
      return key ? decrypt(key, renewal === 'always' || key !== current) : NO_TICKET
    } catch {
      return NO_TICKET
    }
  }

  #encrypt({ hmac, aes, name }: TicketKey): Answer {
    if (this.#random.length < IV_BYTES) this.#random = randomBytes(256 * IV_BYTES)
    const iv = this.#random.subarray(0, IV_BYTES)
    this.#random = this.#random.subarray(IV_BYTES)
    return [1, hmac, aes, name, iv]
  }

  #current(now: number): TicketKey | undefined {
    return this.#keys.findLast((key) => key.from <= now && isAccepted(key, now))
  }

  /** Once the next key is in use, or the clock was set back, makes the one after it and forgets those that are over. */
  #turn(now: number): void {
    const next = this.#keys.at(-1)
    if (this.#isLed || (next && next.from > now && next.from <= now + TICKET_KEY_TURN)) return
    const used = this.#keys.filter((key) => key.from <= now && isAccepted(key, now))
    const last = used.at(-1)
    const current = last && last.from > now - TICKET_KEY_TURN ? last : makeKey(now)
    if (current !== last) used.push(current)
    this.#keys = [...used, makeKey(current.from + TICKET_KEY_TURN)]
  }
}

function decrypt({ hmac, aes, name }: TicketKey, renews: boolean): Answer {
  return [renews ? 2 : 1, hmac, aes, name, NOTHING]
}

function isAccepted({ from }: TicketKey, now: number): boolean {
  return from > now - TICKET_KEY_LIFE && from <= now + TICKET_KEY_TURN
}

function makeKey(from: number): TicketKey {
  const bytes = randomBytes(KEY_BYTES)
  bytes.writeDoubleBE(from)
  return toKey(bytes)
}

function toKey(bytes: Buffer): TicketKey {
  return {
    from: bytes.readDoubleBE(),
    name: bytes.subarray(NAME, HMAC),
    hmac: bytes.subarray(HMAC, AES),
    aes: bytes.subarray(AES, KEY_BYTES),
  }
}

function toBytes({ from, name, hmac, aes }: TicketKey): Buffer {
  const start = Buffer.alloc(NAME)
  start.writeDoubleBE(from)
  return Buffer.concat([start, name, hmac, aes])
}

function parseKeys(given: Uint8Array): TicketKey[] {
  const count = given.length / KEY_BYTES
  if (!Number.isInteger(count) || count < 1 || count > MAX_KEYS) {
    throw new RangeError('these bytes are no ring of ticket keys')
  }
  // A copy: whoever gave them may use the memory again.
  const bytes = Buffer.from(given)
  const keys = Array.from({ length: count }, (_, i) =>
    toKey(bytes.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES)),
  )
  if (!keys.every(({ from }, i) => from > (keys[i - 1]?.from ?? 0))) {
    throw new RangeError('the ticket keys are not in the order of their time')
  }
  return keys
}
