/**
 * Whatever the format, wherever the body is cut, whichever way it is coded: the same comes out, nothing of what was planted is in it, it is
 * what it was and reads as that, and what is restored in an answer is what was there.
 */

import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ISSUED_TOKEN } from '../../../src/inspect/operators/issued-token.ts'
import { deriveAgentKeys } from '../../../src/inspect/operators/keys.ts'
import { replace } from '../../../src/inspect/operators/replace.ts'
import { restoreText } from '../../../src/inspect/operators/restorer.ts'
import { createVault, VAULT_LIMITS } from '../../../src/inspect/operators/vault.ts'
import { KINDS, RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { type Coding, Decoding } from '../../../src/inspect/redact/decoding.ts'
import type { Replace } from '../../../src/inspect/redact/reader.ts'
import { createRedactor } from '../../../src/inspect/redact/redactor.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { FORMATS } from '../../support/body-formats.ts'
import { findPlanted, type Planted } from '../../support/planted.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 20)

const PLANTED: readonly Planted[] = [
  { type: 'email', value: 'Erika.Mustermann@example.org' },
  { type: 'payment-card', value: '4111 1111 1111 1111' },
  { type: 'iban', value: 'DE89370400440532013000' },
  { type: 'us-ssn', value: '123-45-6789' },
  { type: 'phone', value: '+49 30 90182044' },
  { type: 'aws-access-key', value: 'AKIAZQ3DRWJX4YL5N6TP', isSecret: true },
]

const keys = deriveAgentKeys(Buffer.alloc(32), 'a')
const vault = createVault(
  () => keys,
  VAULT_LIMITS,
  () => 0,
).for('a')
const types = new Set([...PLANTED.map(({ type }) => type), ISSUED_TOKEN.type])
const outgoing = createScanner(RECOGNIZERS, { types })
const incoming = createScanner([...RECOGNIZERS, ISSUED_TOKEN], {
  types: new Set([ISSUED_TOKEN.type]),
})
const toToken: Replace = (type, bytes, { kind }) => {
  const found = { type, class: KINDS.get(type)?.class ?? 'secret', value: `${bytes}` }
  const layer = kind === 'number' ? 'number' : 'text'
  return Buffer.from(replace(found, { kind: 'token' }, layer, { keys, vault, isReal: () => false }))
}
const toValue: Replace = (_, bytes) => Buffer.from(restoreText(`${bytes}`, vault))

/** @param sizes of pieces, again and again; empty for one */
function pass(body: Buffer, type: string, isAnswer: boolean, sizes: readonly number[]): Buffer {
  const redactor = createRedactor({
    contentType: type,
    scan: isAnswer ? incoming : outgoing,
    replace: isAnswer ? toValue : toToken,
  })
  const out = cut(body, sizes).flatMap((piece) => redactor.push(piece))
  out.push(...redactor.end())
  expect(redactor.unscannable).toEqual([])
  return Buffer.concat(out)
}

function cut(body: Buffer, sizes: readonly number[]): Buffer[] {
  if (sizes.length === 0) return [body]
  const pieces: Buffer[] = []
  for (let at = 0, i = 0; at < body.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    // Memory of its own, as a socket would give it.
    pieces.push(Buffer.from(body.subarray(at, at + size)))
    at += size
  }
  return pieces
}

const CODERS: Readonly<Record<Coding, (body: Buffer) => Buffer>> = {
  gzip: (body) => zlib.gzipSync(body),
  deflate: (body) => zlib.deflateSync(body),
  br: (body) => zlib.brotliCompressSync(body),
  zstd: (body) => zlib.zstdCompressSync(body),
}

/** Coded, and decoded as it passes, in pieces that depend on nothing but the decoder. */
async function passCoded(body: Buffer, type: string, codings: Coding[], sizes: readonly number[]) {
  const coded = codings.reduce((bytes, coding) => CODERS[coding](bytes), body)
  const redactor = createRedactor({ contentType: type, scan: outgoing, replace: toToken })
  const out: Buffer[] = []
  const decoding = new Decoding(codings, 1000)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  decoding.start({
    onPiece: (piece) => out.push(...redactor.push(piece)),
    onEnd: resolve,
    onFault: () => reject(new Error('cannot be decoded')),
    onTaken: () => {},
    onDrain: () => {},
  })
  for (const piece of cut(coded, sizes)) decoding.write(piece)
  decoding.end()
  await promise
  return Buffer.concat([...out, ...redactor.end()])
}

const word = fc.constantFrom(
  ...[
    'please write to',
    'ä😀',
    '"',
    '\\',
    '\n',
    '<b>',
    '&',
    ',',
    '{',
    'data:',
    '-',
    'PII_X',
    '7',
    'é',
  ],
)
const value = fc.constantFrom(...PLANTED.map(({ value }) => value))
const text = fc
  .array(fc.oneof({ weight: 1, arbitrary: value }, { weight: 2, arbitrary: word }), {
    maxLength: 7,
  })
  .map((parts) => parts.join(' '))
  // With nothing but blanks between them, two cards are a table of numbers.
  .map((said) => said.replaceAll('1111 4111', '1111; 4111'))
const codings = fc.constantFrom<Coding[][]>(
  ['gzip'],
  ['deflate'],
  ['br'],
  ['zstd'],
  ['gzip', 'br'],
  ['zstd', 'deflate', 'gzip'],
)
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })

describe.each(FORMATS)('$name', ({ type, write, read, without }) => {
  test('out and back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 3 }),
        sizes,
        sizes,
        codings,
        async (drawn, pieces, chunks, coding) => {
          const texts = without ? drawn.map((each) => each.replace(without, ' ')) : drawn
          const body = write(texts, (said) => piecesOf(said, pieces))
          const out = pass(body, type, false, [])
          for (const way of [[1], chunks]) {
            expect(`${pass(body, type, false, way)}`).toBe(`${out}`)
          }
          expect(`${await passCoded(body, type, coding, chunks)}`).toBe(`${out}`)

          const now = read(out)
          expect(now).toHaveLength(texts.length)
          const inside = `${now.join('\n')}\n${out}\n${out.toString('utf16le')}`
          expect(findPlanted(inside, PLANTED)).toEqual([])
          // Nor any part of them that would tell.
          for (const { value: planted } of PLANTED) {
            for (let i = 0; i + 7 <= planted.length; i++) {
              expect(inside).not.toContain(planted.slice(i, i + 7))
            }
          }

          const back = pass(out, type, true, [])
          for (const way of [[1], chunks]) {
            expect(`${pass(out, type, true, way)}`).toBe(`${back}`)
          }
          const labelled = (said: string) =>
            said.replaceAll('AKIAZQ3DRWJX4YL5N6TP', '[AWS_ACCESS_KEY]')
          expect(read(back)).toEqual(texts.map(labelled))
        },
      ),
      { numRuns: RUNS },
    )
  })
})

function piecesOf(said: string, sizes: readonly number[]): string[] {
  const pieces: string[] = []
  const letters = [...said]
  for (let at = 0, i = 0; at < letters.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    pieces.push(letters.slice(at, at + size).join(''))
    at += size
  }
  return pieces
}

test('a number stays one', () => {
  const body = Buffer.from('{"card":4111111111111111,"n":[1.5,4111111111111111]}')
  const out = `${pass(body, 'application/json', false, [])}`
  expect(out).not.toContain('4111111111111111')
  const { card, n } = JSON.parse(out)
  expect([typeof card, ...n.map((each: unknown) => typeof each)]).toEqual([
    'number',
    'number',
    'number',
  ])
})
