/** INVARIANT: the work grows with the text, whatever the text is. Bytes that are read are counted; no clock is asked. */

import { describe, expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { NOWHERE } from '../../../src/inspect/scan/scanner.ts'

const ALL = new Set(RECOGNIZERS.map(({ type }) => type))
const scanner = createScanner(RECOGNIZERS)
const everything = createScanner(RECOGNIZERS, { types: ALL })

/** How often bytes of the text were read. Another text stands behind it, in which nothing may be looked for: there may be very many in one buffer. */
function countReads(by: typeof scanner, text: string): number {
  let reads = 0
  const counting = (target: Uint8Array): Uint8Array =>
    new Proxy(target, {
      get: (bytes, name) => {
        if (typeof name === 'string' && name >= '0' && name <= '9~') reads++
        if (name === 'subarray') {
          return (from: number, to: number) => counting(bytes.subarray(from, to))
        }
        if (name === 'indexOf') {
          return (byte: number, from = 0) => {
            expect(bytes.length, 'bytes to look through').toBeLessThanOrEqual(text.length)
            const found = bytes.indexOf(byte, from)
            reads += (found < 0 ? bytes.length : found) - from
            return found
          }
        }
        return Reflect.get(bytes, name, bytes)
      },
    })
  const bytes = Buffer.from(`${text}${'x'.repeat(1000)}`, 'latin1')
  by.scan(counting(bytes), 0, text.length, NOWHERE, () => {})
  return reads
}

const HEX = '0123456789abcdef'
function noise(alphabet: string, size: number): string {
  let state = 12345
  let text = ''
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    text += alphabet[(state >> 12) % alphabet.length]
  }
  return text
}

/** As the bytes that it is written in. */
function inUtf8(unit: string, size: number): string {
  const bytes = Buffer.from(unit).toString('latin1')
  return bytes.repeat(size / bytes.length)
}

const INPUTS: readonly (readonly [name: string, unit: (size: number) => string])[] = [
  ['@@@@', (size) => '@'.repeat(size)],
  ['a@a@a@', (size) => 'a@'.repeat(size / 2)],
  ['a.a.a.a', (size) => 'a.'.repeat(size / 2)],
  ['aaaa', (size) => 'a'.repeat(size)],
  ['digits only', (size) => noise('0123456789', size)],
  ['groups of digits', (size) => '1234 '.repeat(size / 5)],
  ['cards one after another', (size) => '4111 1111 1111 1111 '.repeat(size / 20)],
  ['numbers that want words', (size) => 'account 123456789 '.repeat(size / 18)],
  ['hex', (size) => noise(HEX, size)],
  ['hex in groups', (size) => `${noise(HEX, 4)} `.repeat(size / 5)],
  [
    'base64',
    (size) => noise('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', size),
  ],
  ['capitals', (size) => 'AB12 '.repeat(size / 5)],
  ['colons', (size) => 'a:'.repeat(size / 2)],
  ['points', (size) => '1.'.repeat(size / 2)],
  ['pluses', (size) => '+1 '.repeat(size / 3)],
  ['pin=pin=', (size) => 'pin='.repeat(size / 4)],
  ['password:"', (size) => 'password:"'.repeat(size / 10)],
  ['sk-sk-', (size) => 'sk-'.repeat(size / 3)],
  ['names in the values of others', (size) => 'token:'.repeat(size / 6)],
  ['names of keys that are none', (size) => 'token=1'.repeat(size / 7)],
  ['ids under names in the values of others', (size) => 'sid='.repeat(size / 4)],
  ['streets under names in the values of others', (size) => 'street:'.repeat(size / 7)],
  ['beginnings of JWT within one', (size) => 'eyJ-'.repeat(size / 4)],
  ['headers of JWT that end alike', (size) => `${'eyJ_'.repeat(200)}.a `.repeat(size / 803)],
  ['groups as of an account', (size) => 'BC1m '.repeat(size / 5)],
  ['VAT numbers that are none', (size) => 'vat id UAN93647965 '.repeat(size / 19)],
  ['numbers in many groups', (size) => 'nir 6 12 12 47 887 743 43 '.repeat(size / 27)],
  ['words of another script', (size) => inUtf8('マイナンバー 682543955546 ', size)],
  ['words with accents', (size) => inUtf8('numéro de sécurité sociale 2 60 90 50 ', size)],
  ['names of another script', (size) => inUtf8('пароль ', size)],
  ['-----BEGIN without an end', (size) => `-----BEGIN PRIVATE KEY-----${'A'.repeat(size)}`],
  ['-----BEGIN again and again', (size) => '-----BEGIN PRIVATE KEY-----\n'.repeat(size / 28)],
  ['eyJ again and again', (size) => 'eyJ.'.repeat(size / 4)],
  ['://', (size) => 'a://'.repeat(size / 4)],
  ['%B and ;', (size) => '%B1;1='.repeat(size / 6)],
  ['backslashes', (size) => '\\'.repeat(size)],
  ['quotes and commas', (size) => '",'.repeat(size / 2)],
  ['bars', (size) => '|'.repeat(size)],
]

describe('the work for', () => {
  test.each(INPUTS)('%s', (_, make) => {
    for (const each of [scanner, everything]) {
      const once = countReads(each, make(20_000)) / make(20_000).length
      const twice = countReads(each, make(40_000)) / make(40_000).length
      expect(once).toBeLessThan(64)
      expect(twice).toBeLessThan(once * 1.2 + 1)
    }
  })
})
