/** A body on its way through a redactor, between somebody who sends in pieces and somebody who takes them slowly. */

import zlib from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Decoding, parseCodings } from '../../../src/inspect/redact/decoding.ts'
import type { BodyRedactor } from '../../../src/inspector.ts'
import type { Problem } from '../../../src/model/errors.ts'
import { RedactedOut } from '../../../src/proxy/exchange/redacted-out.ts'
import { eventually } from '../../support/wait.ts'

const PROBLEM: Problem = { code: 'body-unscannable', detail: 'it is unread' }
const NO = { unread: null, bound: null, undecoded: PROBLEM }
const TEXT = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(4000))

const CODED = {
  identity: TEXT,
  gzip: zlib.gzipSync(TEXT),
  'deflate, zstd': zlib.zstdCompressSync(zlib.deflateSync(TEXT)),
  br: zlib.brotliCompressSync(TEXT),
}

/** Puts every `o` in capitals, and holds back the last byte. */
function redactor(contentEncoding: string, more: Partial<BodyRedactor> = {}): BodyRedactor {
  const codings = parseCodings(contentEncoding) ?? []
  let held: Buffer = Buffer.alloc(0)
  return {
    decoding: codings.length > 0 ? new Decoding(codings, 10_000) : null,
    push(chunk) {
      const all = Buffer.concat([held, chunk])
      held = all.subarray(-1)
      return [Buffer.from(all.subarray(0, -1).toString('latin1').replaceAll('o', 'O'), 'latin1')]
    },
    end: () => [held],
    found: [],
    isPartial: false,
    ...more,
  }
}

/** @param takes answers of whoever gets it to `flush`, one after the other; after a no it drains a little later */
async function pass(coding: string, bytes: Buffer, cuts: readonly number[], takes: boolean[]) {
  const sent: Buffer[] = []
  const said: string[] = []
  let turn = 0
  let full = false
  let wake = () => {}
  const result = await new Promise<string>((resolve) => {
    const out = new RedactedOut(
      {
        bytes: 0,
        payload: (buffer, start, end) => {
          sent.push(buffer.subarray(start, end))
        },
        finish: () => said.push('finish'),
        flush: () => {
          if (full) said.push('flushed while full')
          const takesIt = takes[turn++ % takes.length] ?? true
          if (takesIt) return true
          full = true
          setImmediate(() => {
            full = false
            out.drain()
          })
          return false
        },
      },
      redactor(coding),
      {
        ...NO,
        onStopped: () => resolve('stopped'),
        onSent: () => {},
        onEnd: () => resolve('end'),
        onDrain: () => wake(),
        onDefect: (error) => resolve(`${error}`),
      },
    )
    const feed = async () => {
      let at = 0
      for (let i = 0; at < bytes.length; i++) {
        const size = cuts[i % cuts.length] ?? 1
        out.payload(bytes, at, Math.min(at + size, bytes.length))
        at += size
        const woken = new Promise<void>((resume) => {
          wake = resume
        })
        if (!out.flush()) await woken
      }
      out.finish(null, null)
    }
    feed().catch((error) => resolve(`${error}`))
  })
  return { result, said, text: Buffer.concat(sent).toString('latin1') }
}

const WANT = TEXT.toString('latin1').replaceAll('o', 'O')

test.each(Object.entries(CODED))('%s: all of it, whoever pauses when', async (coding, bytes) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      async (cuts, takes) => {
        const { result, text } = await pass(coding, bytes, cuts, takes)
        expect(result).toBe('end')
        expect(text === WANT).toBe(true)
      },
    ),
    { numRuns: 15 },
  )
})

test('byte by byte', async () => {
  const small = zlib.gzipSync('one two.')
  expect((await pass('gzip', small, [1], [false, true])).text).toBe('One twO.')
})

interface Bed {
  readonly out: RedactedOut
  readonly said: string[]
}

function bed(
  one: BodyRedactor,
  problems: Partial<typeof NO | { unread: Problem; bound: Problem }>,
): Bed {
  const said: string[] = []
  const out = new RedactedOut(
    {
      bytes: 0,
      payload: (buffer, start, end) => said.push(`piece ${buffer.toString('latin1', start, end)}`),
      finish: () => said.push('finish'),
      flush: () => true,
    },
    one,
    {
      ...{ ...NO, ...problems },
      onStopped: ({ detail }) => said.push(`stopped: ${detail}`),
      onSent: () => {},
      onEnd: () => said.push('end'),
      onDrain: () => {},
      onDefect: (error) => said.push(`${error}`),
    },
  )
  return { out, said }
}

const ABC = Buffer.from('abc')

test.each([
  ['unread', { isPartial: true }],
  ['bound', { found: [{ type: 'email', path: 'body', count: 1 }] }],
] as const)('what is %s ends it before anything of that passes, once', (name, more) => {
  const { out, said } = bed(redactor('identity', more), { [name]: { ...PROBLEM, detail: name } })
  out.payload(ABC, 0, 3)
  out.payload(ABC, 0, 3)
  out.finish(null, null)
  out.flush()
  expect(said).toEqual([`stopped: ${name}`])
})

test('where both may be, both pass', () => {
  const found = [{ type: 'email', path: 'body', count: 1 }]
  const { out, said } = bed(redactor('identity', { isPartial: true, found }), {})
  out.payload(ABC, 0, 3)
  out.finish(null, null)
  expect(said).toEqual(['piece ab', 'piece c', 'finish', 'end'])
})

test('nothing that was not decoded passes', async () => {
  const { out, said } = bed(redactor('gzip'), {})
  out.payload(ABC, 0, 3)
  expect(out.flush()).toBe(true)
  out.finish(null, null)
  await eventually('the end', () => said.length)
  expect(said).toEqual(['stopped: it is unread'])
})

test('of nothing at all there is nothing to decode', () => {
  const { out, said } = bed(redactor('gzip', { end: () => [] }), {})
  out.finish(null, null)
  expect(said).toEqual(['finish', 'end'])
})

test('a defect is told, and whoever sends the body does not see it', () => {
  const broken = {
    push: () => {
      throw new Error('a defect')
    },
  }
  const { out, said } = bed(redactor('identity', broken), {})
  out.payload(ABC, 0, 3)
  out.finish(null, null)
  expect(said).toEqual(['Error: a defect'])
})

test('a defect behind the decoder is told, and nobody dies of it', async () => {
  const broken = {
    push: () => {
      throw new Error('a defect')
    },
  }
  const { out, said } = bed(redactor('gzip', broken), {})
  const bytes = zlib.gzipSync('x')
  out.payload(bytes, 0, bytes.length)
  await eventually('the end', () => said.length)
  expect(said).toEqual(['Error: a defect'])
})
