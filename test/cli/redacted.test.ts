/** What commands say of what was taken out of calls. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import type { Ending } from '../../src/model/audit-record.ts'
import type { Redaction } from '../../src/model/finding.ts'
import { temporaryFolder } from '../support/folder.ts'
import { decision } from '../support/nouns.ts'
import { cordon } from './cordon.ts'

const SOME: readonly Redaction[] = [
  { direction: 'out', type: 'iban', path: '$.account', count: 1 },
  { direction: 'out', type: 'email', path: '$.a\u001b[2J', count: 3 },
  { direction: 'in', type: 'email', path: 'body', count: 2 },
]
const ENDING: Ending = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 300,
  bytesIn: 1200,
  error: null,
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let redacted: number
beforeAll(async () => {
  folder = await temporaryFolder()
  mkdirSync(join(folder.path, 'data'))
  const log = new AuditLog({ path: join(folder.path, 'data', 'audit.db') })
  const plain = await log.decide(decision(), false)
  log.settle({ flow: plain, at: Date.now(), ending: ENDING })
  redacted = await log.decide(decision(), false)
  const ending: Ending = { ...ENDING, redactions: SOME, inspection: 'full' }
  log.settle({ flow: redacted, at: Date.now(), ending })
  await log.close()
})
afterAll(() => folder[Symbol.asyncDispose]())

test('cordon flows marks those that something was taken out of', async () => {
  const { out } = await cordon(folder.path, ['flows'])
  const [, plain = '', marked = ''] = out.split('\n')
  expect(plain).toMatch(/ forwarded +200 /)
  expect(marked).toMatch(/ forwarded, 6 redacted +200 /)
})

test('cordon flows --redacted has no others', async () => {
  const { out } = await cordon(folder.path, ['flows', '--redacted', '--json'])
  expect(JSON.parse(out)).toMatchObject([
    {
      ...{ id: redacted, redactions_out: 4, redactions_in: 2 },
      ...{ redaction_types: ['email', 'iban'], inspection: 'full' },
    },
  ])
})

test('cordon explain --flow lists them, as a terminal may show them', async () => {
  const explain = ['explain', '--flow', String(redacted)]
  const { out } = await cordon(folder.path, explain)
  expect(out).toContain('  inspection full\n  redacted\n')
  expect(out).toContain('    out iban, 1 at $.account\n')
  expect(out).toContain('    out email, 3 at $.a\\u001b[2J\n')
  expect(out).toContain('    in  email, 2 at body\n')
  const json = await cordon(folder.path, [...explain, '--json'])
  expect(JSON.parse(json.out).redactions).toEqual([SOME[1], SOME[0], SOME[2]])
})

test('cordon audit verify counts their rows', async () => {
  const { out, code } = await cordon(folder.path, ['audit', 'verify'])
  expect(code).toBe(0)
  expect(out).toContain('2 outcomes, 3 redactions')
})
