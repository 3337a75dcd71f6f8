/** Clients that have said goodbye after their request: they get an answer for as long as it comes, and are not waited for in silence. */

import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lab, openLab } from '../support/lab.ts'
import { type Origin, rawOrigin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'

let lab: Lab
let origin: Origin
beforeAll(async () => {
  lab = await openLab({ config: 'timeouts: { half_closed: 300ms }' })
  origin = lab.keep(await rawOrigin(answer, { address: '127.0.0.10' }))
})
afterAll(() => lab[Symbol.asyncDispose]())

/** `/slow`: ten pieces over more than a second; anything else: silence behind the first piece. */
function answer(socket: net.Socket): void {
  socket.once('data', async (request: Buffer) => {
    const isSlow = request.toString('latin1').startsWith('GET /slow ')
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n')
    for (let i = 0; i < (isSlow ? 10 : 1); i++) {
      socket.write(`part${i}`)
      await sleep(120)
    }
  })
}

async function ask(path: string): Promise<string> {
  const socket = net.connect({ port: lab.proxy.port, allowHalfOpen: true })
  await once(socket, 'connect')
  const at = `api.de.test:${origin.port}`
  socket.end(`GET http://${at}${path} HTTP/1.1\r\nHost: ${at}\r\n\r\n`)
  const pieces = await socket.toArray().catch(() => [])
  return Buffer.concat(pieces as Buffer[]).toString('latin1')
}

test('an answer that takes longer than the time-out, and keeps coming, is whole', async () => {
  const got = await ask('/slow')
  expect(got.slice(got.indexOf('\r\n\r\n') + 4)).toBe(
    'part0part1part2part3part4part5part6part7part8part9',
  )
  expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'forwarded' })
})

test('in silence it is cut, and the origin let go', async () => {
  const before = lab.proxy.flows().length
  expect(await ask('/silent')).not.toContain('part1')
  await eventually('the origin to be let go', () => origin.open() === 0)
  expect(await lab.proxy.settled(before + 1)).toMatchObject({ outcome: 'cancelled' })
})
