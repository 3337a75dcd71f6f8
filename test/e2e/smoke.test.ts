import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { converse, curl, openTls } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

test('a call to Germany passes', async () => {
  const { status, body } = await curl(
    lab.proxy,
    `https://api.de.test:${lab.https.port}/hello?secret=1`,
  )
  expect(status).toBe(200)
  expect(JSON.parse(body).url).toBe('/hello?secret=1')
  const flow = await lab.proxy.settled(1)
  expect(flow).toMatchObject({
    host: 'api.de.test',
    path: '/hello',
    outcome: 'forwarded',
    regions: '["DE"]',
    dialed_ip: '127.0.0.10',
  })
})

test('tls inside', async () => {
  const socket = await openTls(lab.proxy, `api.us.test:${lab.https.port}`, {
    ca: readFileSync(lab.proxy.ca, 'utf8'),
  })
  const answer = await converse(
    socket,
    `GET / HTTP/1.1\r\nHost: api.us.test:${lab.https.port}\r\n\r\n`,
    { until: /\}$/ },
  )
  expect(answer).toMatch(/^HTTP\/1.1 403/)
  socket.destroy()
})
