/**
 * What redaction adds to a request: from the body as it was received to what goes on, with a rule that takes out whatever is found. Beside it
 * npm packages that look for the same in a text, where they are installed.
 */

import { composeInspector } from '../../src/cli/compose/inspector.ts'
import { BUILT_IN } from '../../src/inspect/recognizers/recognition.ts'
import type { Scanner } from '../../src/inspect/scan/scanner.ts'
import type { Operator } from '../../src/model/finding.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { type Body, chatRequest } from './bodies.ts'
import { redact } from './formats.ts'
import { loop, measure, measureAsync } from './measure.ts'
import { openPeers } from './peers.ts'

const MANY = 50
const PARTIES = { agent: 'agent', host: 'api.example.com', servesModels: true }

export async function requests(scanner: Scanner): Promise<void> {
  const inspector = composeInspector(
    () => Buffer.alloc(32),
    { decode: async (body, use) => use(body) },
    1,
  )(policy())
  const plan = new Map<string, Operator>()
  for (const [type, { readiness }] of BUILT_IN) {
    if (readiness !== 'off') plan.set(type, { kind: 'token' })
  }
  const { peers, missing } = await openPeers()
  console.log(
    `\nchat request, µs each   cordon  formats  scanner  bare loop  ${peers.map(({ name }) => name).join('  ')}`,
  )
  for (const size of [500, 2000, 20_000, 200_000]) {
    const all = Array.from({ length: MANY }, (_, i) => chatRequest(i, size))
    const count = Math.max(MANY, Math.round(2e6 / size))
    const cordon = await measureAsync(() =>
      each(all, count, async ({ type, bytes }) => {
        const body = { bytes, complete: true, contentType: type, contentEncoding: null }
        await inspector.redact(body, plan, PARTIES)
      }),
    )
    const read = measure(() => eachNow(all, count, (body) => redact(scanner, body)))
    const scanned = measure(() =>
      eachNow(all, count, ({ bytes }) =>
        scanner.scan(bytes, 0, bytes.length, scanner.under(''), () => {}),
      ),
    )
    const bare = measure(() => eachNow(all, count, ({ bytes }) => loop(bytes)))
    const columns = [cordon / count, read / count, scanned / count, bare / count]
    for (const { look } of peers) {
      // They take long enough for a few to do.
      const few = Math.max(2, Math.round(20_000 / size))
      const time = await measureAsync(() => each(all, few, (body) => look(`${body.bytes}`)), 3)
      columns.push(time / few)
    }
    const [{ bytes } = { bytes: Buffer.alloc(0) }] = all
    console.log(
      `${String(bytes.length).padStart(8)} bytes ${columns.map((ms) => (1000 * ms).toFixed(1).padStart(9)).join(' ')}`,
    )
  }
  for (const name of missing) console.log(`not installed, so not beside it: ${name}`)
}

async function each(
  all: readonly Body[],
  count: number,
  run: (body: Body) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < count; i++) await run(all[i % all.length] as Body)
}

function eachNow(all: readonly Body[], count: number, run: (body: Body) => void): void {
  for (let i = 0; i < count; i++) run(all[i % all.length] as Body)
}

function policy() {
  const options = {
    builtinZones: new Map([['EEA', new Set(['DE'])]]),
    digest: '',
    enforced: true,
    tunnelOnly: [],
    answers: 'any' as const,
    kinds: BUILT_IN,
  }
  const compiled = compilePolicy({ home: 'DE' }, options)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.policy
}
