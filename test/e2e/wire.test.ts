/** INVARIANT 7: what the policy saw and the log shows is what went on the wire, byte for byte. */

import type net from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { type Origin, rawOrigin } from '../support/origins.ts'

let lab: Lab
let origin: Origin
/** Heads as the origin received them. */
const received: string[] = []

beforeAll(async () => {
  lab = await openLab()
  origin = lab.keep(await rawOrigin(answer, { address: '127.0.0.10' }))
})
afterAll(() => lab[Symbol.asyncDispose]())

function answer(socket: net.Socket): void {
  let text = ''
  socket.on('data', (data) => {
    text += data.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    received.push(text.slice(0, end))
    socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')
  })
}

/** Visible ASCII without what ends a path. */
const pathCharacter = fc
  .integer({ min: 0x21, max: 0x7e })
  .map((code) => String.fromCharCode(code))
  .filter((character) => !'#?'.includes(character))
const path = fc
  .array(fc.oneof(pathCharacter, fc.constantFrom('/', '..', '%2e', '%2F', '//', '%00')), {
    maxLength: 30,
  })
  .map((parts) => `/${parts.join('')}`)
const query = fc.option(
  fc.array(pathCharacter, { maxLength: 10 }).map((parts) => `?${parts.join('')}`),
  { nil: '' },
)
const fieldName = fc.stringMatching(/^X-[A-Za-z0-9_-]{1,12}$/)
const fieldValue = fc
  .array(fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.integer({ min: 0xa1, max: 0xff })), {
    maxLength: 20,
  })
  .map((codes) => String.fromCharCode(...codes))

test('targets and fields arrive as sent; the logged path is the path on the wire', async () => {
  const host = `api.de.test:${origin.port}`
  await fc.assert(
    fc.asyncProperty(
      path,
      query,
      fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 5 }),
      async (path, query, fields) => {
        const count = lab.proxy.flows().length
        const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
        const text = await rawExchange(
          lab.proxy,
          `GET http://${host}${path}${query} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`,
          { until: /\r\n\r\n/ },
        )
        expect(text).toMatch(/^HTTP\/1.1 204 /)
        const [requestLine, ...rest] = (received.at(-1) ?? '').split('\r\n')
        expect(requestLine).toBe(`GET ${path}${query} HTTP/1.1`)
        expect(rest.slice(1, -1)).toEqual(fields.map(([name, value]) => `${name}: ${value}`))
        const flow = await lab.proxy.settled(count + 1)
        expect(flow.path).toBe(path)
      },
    ),
    { numRuns: 60 },
  )
})
