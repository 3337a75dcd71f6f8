/** Errors of unknown commands put into our words, wherever they are cut; all else goes on as it is, and no whole line waits. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StandIns } from '../../../src/proxy/redis/stand-ins.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 200)

/** As a server says it, with what it was sent. */
function sayUnknown(command: Buffer): string {
  const name = /\r\n\$\d+\r\n(.*)\r\n$/.exec(command.toString('latin1'))?.[1]
  return `-ERR unknown command '${name}', with args beginning with: \r\n`
}

function replaceIn(standIns: StandIns, text: string, cuts: readonly number[]): string {
  const bytes = Buffer.from(text, 'latin1')
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])]
  at.sort((a, b) => a - b)
  const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
  return Buffer.concat(pieces.flatMap((piece) => standIns.replace(piece))).toString('latin1')
}

const ANSWERS = [
  '+OK\r\n',
  ':1\r\n',
  '$-1\r\n',
  '-ERR other\r\n',
  '$6\r\n\r\n-ERR\r\n',
  '*1\r\n$1\r\n-\r\n',
  '>2\r\n+a\r\n+b\r\n',
  '-\r\n',
  '$3\r\n\n-C\r\n',
]

test('each has its own answer, at its own place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...ANSWERS), fc.constant(null)), { maxLength: 30 }),
      fc.array(fc.nat(5_000), { maxLength: 40 }),
      (all, cuts) => {
        const standIns = new StandIns()
        let count = 0
        const pairs = all.map((answer) => {
          if (answer !== null) return [answer, answer]
          const told = `NOPERM ${++count}`
          return [sayUnknown(standIns.add(told)), `-${told}\r\n`]
        })
        const given = pairs.map(([said]) => said).join('')
        const wanted = pairs.map(([, told]) => told).join('')
        expect(replaceIn(standIns, given, cuts)).toBe(wanted)
        // When all have come there is nothing to look for.
        expect(replaceIn(standIns, '-ERR CORDON:', [])).toBe('-ERR CORDON:')
      },
    ),
    { numRuns: RUNS },
  )
})

test('no whole answer waits, also where one of ours may come', () => {
  const standIns = new StandIns()
  standIns.add('NOPERM 1')
  for (const answer of ANSWERS) {
    expect(Buffer.concat([...standIns.replace(Buffer.from(answer))]).toString()).toBe(answer)
  }
  const large = Buffer.from(`$100000\r\n${'\n-x'.repeat(30_000)}`)
  const passed = standIns.replace(large).reduce((sum, { length }) => sum + length, 0)
  expect(large.length - passed).toBeLessThan(512)
})

test('a long line that begins like an error is not kept, and one that is cut anywhere is found', () => {
  const standIns = new StandIns()
  const error = sayUnknown(standIns.add('NOPERM 1'))
  const single = [...error].map((letter) => standIns.replace(Buffer.from(letter)))
  expect(Buffer.concat(single.flat()).toString()).toBe('-NOPERM 1\r\n')
  standIns.add('NOPERM 2')
  expect(replaceIn(standIns, `-${'x'.repeat(600)}`, [])).toBe(`-${'x'.repeat(600)}`)
})

test('what servers say in capitals is known as well, what is in a value is left', () => {
  const standIns = new StandIns()
  const command = standIns.add('NOPERM 1')
  expect(command.toString()).toBe(command.toString().toUpperCase())
  const name = command.toString().split('\r\n')[2] ?? ''
  const value = `$${name.length}\r\n${name}\r\n`
  expect(replaceIn(standIns, value, [])).toBe(value)
})

test('of those that are never answered the oldest are forgotten', () => {
  const standIns = new StandIns()
  const first = sayUnknown(standIns.add('NOPERM 0'))
  const last = Array.from({ length: 1_000 }, (_, i) => sayUnknown(standIns.add(`NOPERM ${i + 1}`)))
  expect(replaceIn(standIns, first, [])).toBe(first)
  expect(replaceIn(standIns, last.at(-1) ?? '', [])).toBe('-NOPERM 1000\r\n')
})
