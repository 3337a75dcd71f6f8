/** What goes out of what a client says: exactly the commands that pass, as they came, and a stand-in in place of each of the others. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { refuseByProblem } from '../../../src/model/refusal.ts'
import { RedisConversation } from '../../../src/proxy/redis/conversation.ts'
import type { Released, Said, StatementJudge } from '../../../src/proxy/statements/judge.ts'
import type { StatementLine } from '../../../src/proxy/statements/relay.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 200)

const encode = (...args: readonly string[]) =>
  Buffer.from(
    `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`,
  )

const REFUSED = ['flushall', 'config set', 'eval']
const COMMANDS = ['GET', 'set', 'FLUSHALL', 'flushall', 'CONFIG', 'EVAL', 'PING']
const VALUES = ['SET', 'set', 'GET', '', 'k', '\r\n$8\r\nFLUSHALL\r\n', '*1\r\n', 'x'.repeat(200)]

/** Knows what it was asked for, and refuses what is on the list. Takes a turn to think. */
function judge() {
  const known = new Map<string, Released>()
  const settled: Released[] = []
  const judging = {
    known: ({ text }: Said) => known.get(text) ?? null,
    async judge({ kinds, text }: Said) {
      await null
      if (REFUSED.some((each) => kinds?.has(each))) {
        const problem = { code: 'rule-block' as const, detail: `no\r\n-ERR ${text}` }
        return { refusal: refuseByProblem(1, problem, null) }
      }
      const counts = { times: 0, rows: 0, bytesOut: 0, bytesIn: 0 }
      const released = { ...counts, isOnce: text === 'PING', redactions: new Map() }
      if (!released.isOnce) known.set(text, released as unknown as Released)
      return released as unknown as Released
    },
    settle: (released: Released) => settled.push(released),
    end() {},
  }
  return { judging: judging as unknown as StatementJudge, known, settled }
}

async function talk(pieces: readonly Buffer[]) {
  const { judging, known, settled } = judge()
  const out: Buffer[] = []
  const told: Buffer[] = []
  const failed: string[] = []
  const line: StatementLine = {
    toOrigin: (bytes) => void out.push(Buffer.from(bytes)),
    toClient: (bytes) => void told.push(bytes),
    fail: (code) => void failed.push(code),
    gone: () => new AbortController().signal,
  }
  const conversation = new RedisConversation(line, judging)
  for (const piece of pieces) {
    await conversation.fromClient(piece)
    if (failed.length > 0) break
  }
  return { conversation, out: Buffer.concat(out).toString('latin1'), told, failed, known, settled }
}

const isRefused = ([name = '', second = '']: readonly string[]) =>
  REFUSED.includes(name.toLowerCase()) || REFUSED.includes(`${name} ${second}`.toLowerCase())

function cut(whole: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [...new Set([0, ...cuts.map((each) => each % (whole.length + 1)), whole.length])]
  at.sort((a, b) => a - b)
  return at.slice(1).map((end, i) => whole.subarray(at[i], end))
}

const STAND_IN = /\*1\r\n\$\d+\r\nCORDON:[0-9A-F]{32}:(\d+)\r\n/g

test('whatever the commands and the cuts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.constantFrom(...COMMANDS),
          fc.array(fc.constantFrom(...VALUES), { maxLength: 4 }),
        ),
        { maxLength: 12 },
      ),
      fc.array(fc.nat(4_000), { maxLength: 40 }),
      async (drawn, cuts) => {
        const commands = drawn.map(([name, values]) => [name, ...values])
        const whole = Buffer.concat(commands.map((each) => encode(...each)))
        const { conversation, out, failed, told, known, settled } = await talk(cut(whole, cuts))
        let count = 0
        const wanted = commands
          .map((each) => (isRefused(each) ? `<${++count}>` : encode(...each).toString('latin1')))
          .join('')
        expect(out.replace(STAND_IN, '<$1>')).toBe(wanted)
        expect([failed, told]).toEqual([[], []])
        // Each is counted as often as it was sent, with its bytes.
        const passed = commands.filter((each) => !isRefused(each))
        const all = [...known.values(), ...settled]
        expect(all.reduce((sum, { times }) => sum + times, 0)).toBe(passed.length)
        const bytes = passed.reduce((sum, each) => sum + encode(...each).length, 0)
        expect(all.reduce((sum, { bytesOut }) => sum + bytesOut, 0)).toBe(bytes)
        // The error of each is one line, whatever is in it.
        const errors = out.match(STAND_IN)?.map((each) => {
          const name = each.split('\r\n')[2]
          return Buffer.concat([...conversation.fromOrigin(Buffer.from(`-ERR ${name}\r\n`))])
        })
        for (const error of errors ?? []) {
          expect(error.toString()).toMatch(/^-NOPERM cordon: [^\r\n]*\r\n$/)
        }
      },
    ),
    { numRuns: RUNS },
  )
})

test('what is no command ends it: all before goes out, and nothing of it or behind it', async () => {
  const good = encode('SET', 'k', 'v')
  const bad = Buffer.from('*2\r\n$3\r\nGET\r\n$-1\r\n')
  for (const pieces of [[Buffer.concat([good, bad, good])], [good, bad, good]]) {
    const { out, told, failed } = await talk(pieces)
    expect(out).toBe(good.toString())
    expect(told.join('')).toMatch(/^-ERR Protocol error: cordon: a length that is none\r\n$/)
    expect(failed).toEqual(['request-statement'])
  }
})
