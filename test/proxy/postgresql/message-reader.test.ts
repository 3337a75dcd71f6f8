/** Messages come out the same however their bytes are cut; what is not one ends it, in any pieces. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Budget } from '../../../src/proxy/budget.ts'
import {
  HANDLING,
  MessageReader,
  MessageTable,
  PEEKED,
} from '../../../src/proxy/postgresql/message-reader.ts'
import { toMessage } from '../../../src/proxy/postgresql/messages.ts'
import { bytewise, cut, RUNS } from '../http1/support.ts'

const [PASSES, COUNTED, TOLD, PEEKED_AT, SHOWN] = [...Buffer.from('pctks')] as [
  number,
  number,
  number,
  number,
  number,
]
const TABLE = new MessageTable()
  .set(PASSES, HANDLING.pass)
  .set(COUNTED, HANDLING.count)
  .set(TOLD, HANDLING.tell, 2_000)
  .set(PEEKED_AT, HANDLING.peek)
  .set(SHOWN, HANDLING.show)

const MAX_SHOWN = 1_500

interface ReadResult {
  /** What was told, and what went on, joined. */
  readonly events: readonly string[]
  readonly onward: string
  readonly fault: string | null
  readonly counted: number
}

/** What begins with `-` is dropped, with `+` gets something in front, and with `!` waits until everything was pushed that is there. */
function read(pieces: readonly Buffer[], budget = new Budget(1_000_000)): ReadResult {
  const events: string[] = []
  const onward: Buffer[] = []
  let fault: string | null = null
  const reader = new MessageReader(
    { table: TABLE, maxShown: MAX_SHOWN, budget },
    {
      onPass: (bytes) => onward.push(Buffer.from(bytes)),
      onTold: (type) => events.push(`told ${type}`),
      onMessage(type, message) {
        const body = message.toString('latin1', 5)
        events.push(`${type} ${message.readInt32BE(1)} ${body}`)
        if (body.startsWith('-')) return false
        if (body.startsWith('+')) return Buffer.concat([Buffer.from('in front'), message])
        if (body.startsWith('!')) reader.pause()
        return true
      },
      onFault: ({ kind, detail }) => {
        fault = `${kind}: ${detail}`
      },
    },
  )
  for (const piece of pieces) reader.push(piece)
  while (reader.waiting > 0) reader.resume()
  reader[Symbol.dispose]()
  expect(budget.used).toBe(0)
  const text = Buffer.concat(onward).toString('latin1')
  return { events, onward: text, fault, counted: reader.counted }
}

const body = fc
  .tuple(fc.constantFrom('', '-', '+', '!', 'x'), fc.integer({ min: 0, max: 1_200 }))
  .map(([mark, length]) => mark + 'y'.repeat(length))
const message = fc
  .tuple(fc.constantFrom(PASSES, COUNTED, TOLD, PEEKED_AT, SHOWN), body)
  .map(([type, text]) => toMessage(type, text))
const cuts = fc.array(fc.nat(6_000), { maxLength: 12 })

describe('messages', () => {
  test('are the same however they are cut, and go on in their order', () => {
    const property = fc.property(fc.array(message, { maxLength: 8 }), cuts, (messages, places) => {
      const whole = Buffer.concat(messages)
      const want = read([whole])
      expect(want.fault).toBeNull()
      const onward = messages.map((each) => {
        const isSeen = each[0] === SHOWN || each[0] === PEEKED_AT
        const shown = each[0] === SHOWN ? each : each.subarray(0, PEEKED)
        const mark = isSeen ? each.toString('latin1', 5, 6) : ''
        if (mark === '-') return ''
        return mark === '+' ? `in front${shown.toString('latin1')}` : each.toString('latin1')
      })
      expect(want.onward).toBe(onward.join(''))
      expect(want.counted).toBe(messages.filter(([type]) => type === COUNTED).length)
      expect(read(cut(whole, places))).toEqual(want)
      if (whole.length < 3_000) expect(read(bytewise(whole))).toEqual(want)
    })
    fc.assert(property, { numRuns: RUNS / 4 })
  })

  test('what is not looked at is not copied, and one of any size passes in pieces', () => {
    const given: Buffer[] = []
    const reader = new MessageReader(
      { table: TABLE, maxShown: MAX_SHOWN, budget: new Budget(0) },
      {
        onPass: (bytes) => given.push(bytes),
        onTold: () => {},
        onMessage: () => true,
        onFault: () => expect.unreachable(),
      },
    )
    const head = Buffer.from('p\x3f\xff\xff\xffrest', 'latin1')
    const next = Buffer.alloc(64 * 1024)
    reader.push(head)
    reader.push(next)
    expect(given).toEqual([head, next])
    expect(given[1]).toBe(next)
    expect(reader.isWithin).toBe(true)
  })
})

describe('what is none', () => {
  test.each([
    [
      'a type that nobody sends',
      'z\0\0\0\x04',
      'malformed: a message is of a type that is not sent now',
    ],
    ['a length below four', 'p\0\0\0\x03', 'malformed: a message has no valid length'],
    ['a negative length', 's\xff\xff\xff\xff', 'malformed: a message has no valid length'],
    ['more than a gigabyte', 'p\x40\0\0\0', 'malformed: a message is longer than any of its type'],
    [
      'more than its type has',
      't\0\0\x08\0',
      'malformed: a message is longer than any of its type',
    ],
    [
      'more than can be shown',
      's\0\0\x06\0',
      'too-large: a message that has to be read is too large',
    ],
  ])('%s', (_, bytes, fault) => {
    const whole = Buffer.concat([toMessage(SHOWN, 'before'), Buffer.from(bytes, 'latin1')])
    const want = read([Buffer.concat([whole, Buffer.alloc(100)])])
    expect(want.fault).toBe(fault)
    expect(want.onward).toBe(toMessage(SHOWN, 'before').toString('latin1'))
    expect(read(bytewise(whole))).toEqual(want)
  })

  test('random bytes never come out but as messages', () => {
    const anything = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    const property = fc.property(anything, cuts, (bytes, places) => {
      expect(read(cut(bytes, places))).toEqual(read([bytes]))
    })
    fc.assert(property, { numRuns: RUNS })
  })

  test('one that has no room is not held', () => {
    const budget = new Budget(100)
    const whole = toMessage(SHOWN, 'x'.repeat(1_000))
    expect(read(cut(whole, [200]), budget).fault).toBe(
      'too-large: there is no room for more messages',
    )
  })
})
