/** The API under random requests: nothing is answered 500, nothing unread decides, and what is given is never wider than what was said. */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestConsole, type TestConsole } from '../support/console.ts'

let at: TestConsole
beforeAll(async () => {
  at = await openTestConsole()
})
afterAll(() => at[Symbol.asyncDispose]())

async function post(path: string, body: unknown) {
  const response = await fetch(`${at.url}/api/v1${path}`, {
    method: 'POST',
    headers: { Authorization: 'Bearer crv_ada', 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

const sometimes = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.jsonValue())
const WISH = fc.record(
  {
    for: sometimes(fc.constantFrom('1m', '30m', '0s', '1x')),
    uses: sometimes(fc.integer({ min: -1, max: 5 })),
    scope: sometimes(fc.constantFrom('request', 'path', 'host')),
    group: sometimes(fc.constantFrom('batch', 'other')),
    reason: sometimes(fc.string()),
  },
  { requiredKeys: [] },
)

test('approvals', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(WISH, fc.jsonValue()), async (wish) => {
      const { id } = at.approvals.open()
      const { status, body } = await post(`/holds/${id}/approve`, wish)
      if (status !== 200) {
        expect([400, 422]).toContain(status)
        expect(at.approvals.hold(id)?.state).toBe('pending')
        return
      }
      const said = wish as Record<string, unknown>
      const { breadth, uses, agent_group } = body.granted
      if (said.scope) expect(breadth).toBe(said.scope)
      else expect(breadth).not.toBe('host')
      if (said.uses) expect(uses).toBe(said.uses)
      if (!said.group) expect(agent_group).toBeNull()
      if (!said.for && !said.group && !said.uses && !said.scope) expect(uses).toBe(1)
    }),
    { numRuns: 300 },
  )
})

const PIECE = fc.oneof(
  fc.constantFrom(
    'https://',
    'http://',
    'a.test',
    ':443',
    ':0',
    '/',
    '/x',
    '?',
    '#',
    '@',
    '\\',
    '[::1]',
    '%2f',
    '..',
    ' ',
  ),
  fc.string({ maxLength: 4 }),
)

const START = fc.constantFrom('', 'https://a.test', 'HTTP://A.test:8080', 'https://[2001:db8::1]')

test('access to what a URL says, as every other reader of URLs understands it', async () => {
  await fc.assert(
    fc.asyncProperty(START, fc.array(PIECE, { maxLength: 5 }), async (start, pieces) => {
      const url = `${start}${pieces.join('')}`
      const { status, body } = await post('/requests', { agent: 'crawler', url })
      if (status !== 201) {
        expect(status).toBe(400)
        return
      }
      const read = new URL(url)
      const { scheme, host, port, path } = body.hold
      expect(`${scheme}:`).toBe(read.protocol)
      expect(host).toBe(read.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, ''))
      expect(port).toBe(Number(read.port) || (scheme === 'http' ? 80 : 443))
      expect(read.username + read.password + read.search + read.hash).toBe('')
      if (path !== null) expect(url.endsWith(path)).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

test('paths and methods', async () => {
  const path = fc.array(
    fc.constantFrom(
      'me',
      'holds',
      'grants',
      'requests',
      'events',
      'h-1',
      'approve',
      '..',
      '%2e',
      '',
      '*',
    ),
    { maxLength: 4 },
  )
  const method = fc.constantFrom('PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS')
  await fc.assert(
    fc.asyncProperty(path, method, async (segments, method) => {
      const response = await fetch(`${at.url}/api/v1/${segments.join('/')}`, {
        method,
        headers: { Authorization: 'Bearer crv_ada' },
      })
      await response.arrayBuffer()
      expect([400, 404, 405]).toContain(response.status)
    }),
    { numRuns: 300 },
  )
})
