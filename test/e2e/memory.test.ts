/** Memory does not grow with what passes: bodies are moved on, not collected. */

import { once } from 'node:events'
import { statSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { FRAME } from '../../src/proxy/http2/frames.ts'
import { curl } from '../support/clients.ts'
import { data, headers, RawHttp2 } from '../support/http2-frames.ts'
import { frame } from '../support/http2-peer.ts'
import { openLab } from '../support/lab.ts'
import { readKilobytes } from '../support/memory.ts'
import { linux, missing } from '../support/needs.ts'

const SIZE = 100 * 1024 * 1024
const PIECE = Buffer.alloc(64 * 1024)

test.skipIf(missing(linux))(
  '100 MiB down and up through TLS: resident memory grows by less than 50 MB',
  async () => {
    let received = 0
    await using lab = await openLab({
      https: {
        handler: async (request, response) => {
          for await (const chunk of request) received += (chunk as Buffer).length
          const pieces =
            request.url === '/large' && request.method === 'GET' ? SIZE / PIECE.length : 0
          await pipeline(Readable.from(Array(pieces).fill(PIECE)), response)
        },
      },
    })
    const large = join(lab.dir, 'large')
    await writeFile(large, '')
    await truncate(large, SIZE)
    const url = `https://api.de.test:${lab.https.port}`
    expect((await curl(lab.proxy, `${url}/small`)).status).toBe(200)
    const before = readKilobytes(lab.proxy.process.pid, 'VmRSS')

    const answer = join(lab.dir, 'answer')
    expect((await curl(lab.proxy, '-o', answer, `${url}/large`)).status).toBe(200)
    expect(statSync(answer).size).toBe(SIZE)
    expect((await curl(lab.proxy, '-T', large, `${url}/large`)).status).toBe(200)
    expect(received).toBe(SIZE)

    expect(readKilobytes(lab.proxy.process.pid, 'VmHWM') - before).toBeLessThan(50_000)
  },
)

test.skipIf(missing(linux))(
  'a body that is looked at, a byte in a frame: what is held of a megabyte is not a hundred',
  async () => {
    await using lab = await openLab({ records: { 'eu.api.openai.com': { A: ['127.0.0.10'] } } })
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    await once(socket, 'connect')
    const client = new RawHttp2(socket)
    await client.ready()
    const list = (method: string) =>
      [
        [':method', method],
        [':scheme', 'http'],
        [':authority', `eu.api.openai.com:${lab.http.port}`],
        [':path', '/v1/responses'],
      ] as const
    // The host is looked up before more comes than a stream may send unasked.
    client.send(headers(1, list('GET'), true))
    await client.over(1)
    const before = readKilobytes(lab.proxy.process.pid, 'VmRSS')
    client.send(headers(3, list('POST'), false))
    const bytes = Buffer.concat(Array(64 * 1024).fill(frame(FRAME.data, 0, 3, ' ')))
    for (let sent = 0; sent < 16; sent++) {
      if (!socket.write(bytes)) await once(socket, 'drain')
    }
    client.send(data(3, '{"model":"gpt"}'))
    await client.over(3)
    expect(lab.http.seen).toEqual(['GET /v1/responses', 'POST /v1/responses'])
    expect(readKilobytes(lab.proxy.process.pid, 'VmHWM') - before).toBeLessThan(80_000)
    socket.destroy()
  },
)
