/** HTTP/2 through the proxy, to origins that speak it and to those that do not, by clients people use. */

import { once } from 'node:events'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { type Http2Origin, http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'

let lab: Lab
let h2: Http2Origin
beforeAll(async () => {
  lab = await openLab()
  h2 = lab.keep(await http2Origin(lab.certificate('api.de.test'), { address: '127.0.0.10' }))
})
afterAll(() => lab[Symbol.asyncDispose]())

describe.skipIf(missing(program('curl', '--version')))('curl', () => {
  test('speaks with an origin of HTTP/2 as it would without us', async () => {
    const { status, body } = await curl(
      lab.proxy,
      `https://api.de.test:${h2.port}/x`,
      '-d',
      'hello',
    )
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ version: '2.0', method: 'POST', length: 5 })
  })
})

test('a connection that is ended for its noise leaves nothing behind that keeps the proxy busy', async () => {
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.resume()
  socket.write(Buffer.concat([preface, ...Array.from({ length: 50_000 }, () => settings)]))
  await once(socket, 'close')
  const { status } = await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)
  expect(status).toBe(200)
})
