/** What docs/notices.md tells receivers to do is right: its code is run on what is sent. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toJson } from '../../../src/holds/notices/json.ts'
import { signNotice } from '../../../src/holds/notices/sign.ts'
import { missing, program } from '../../support/needs.ts'
import { PROJECT } from '../../support/proxy.ts'
import { makeHold, makeNotice } from './support.ts'

const DOC = readFileSync(join(PROJECT, 'docs/notices.md'), 'utf8')
const codeOf = (language: string) =>
  new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(DOC)?.[1] ?? ''

const BODY = JSON.stringify(toJson(makeNotice(makeHold({}, { path: '/ü' }))))
const NOW = Date.now()
const SIGNED = signNotice('k3y', 'id', BODY, NOW)
const CASES = [
  ['ours', SIGNED, BODY, 'k3y', true],
  ['another body', SIGNED, `${BODY} `, 'k3y', false],
  ['another secret', SIGNED, BODY, 'key', false],
  ['an old one, replayed', signNotice('k3y', 'id', BODY, NOW - 600_000), BODY, 'k3y', false],
  ['another time', { ...SIGNED, 'Cordon-Timestamp': '1' }, BODY, 'k3y', false],
] as const

describe('Python', () => {
  const lacking = missing(program('python3', '--version'))
  test.skipIf(lacking)('checks signatures', () => {
    const program = `${codeOf('python')}
import json, sys
for headers, body, secret in json.load(sys.stdin):
    print(verify(secret, headers, body.encode()))`
    const input = JSON.stringify(CASES.map(([, headers, body, secret]) => [headers, body, secret]))
    const { stdout, stderr } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' })
    const want = CASES.map(([, , , , good]) => (good ? 'True' : 'False'))
    expect(stdout.trim().split('\n'), stderr).toEqual(want)
  })
})

test.each(CASES)('Node: %s', async (_, headers, body, secret, want) => {
  const module = `data:text/javascript,${encodeURIComponent(codeOf('js'))}`
  const { verify } = (await import(module)) as { verify: (...args: unknown[]) => boolean }
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  expect(verify(secret, lower, Buffer.from(body))).toBe(want)
})

test('its example has the fields that are sent', () => {
  const example = JSON.parse(codeOf('json'))
  const sent = toJson(makeNotice(makeHold())) as typeof example
  expect(Object.keys(example)).toEqual(Object.keys(sent))
  expect(Object.keys(example.hold)).toEqual(Object.keys(sent.hold))
})
