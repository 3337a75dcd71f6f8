/** A person decides, and the agent does not break while it waits: over real sockets, with the desk of a running proxy. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ config: 'hold: { wait: 1s, expires: 1m }' })
})
afterAll(() => lab[Symbol.asyncDispose]())

test('nobody decides in time: 503, and the same request joins the same hold', async () => {
  const url = `http://api.mixed.test:${lab.http.port}/a`
  const { status, body } = await curl(lab.proxy, '-d', '{"a":1}', url)
  expect(status).toBe(503)
  const first = JSON.parse(body)
  const again = JSON.parse((await curl(lab.proxy, '-d', '{"a":1}', url)).body)
  expect(again.hold).toBe(first.hold)
  const other = JSON.parse((await curl(lab.proxy, '-d', '{"a":2}', url)).body)
  expect(other.hold).not.toBe(first.hold)
  expect(lab.http.seen).toEqual([])
})
