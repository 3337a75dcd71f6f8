/** A compressed body says what it says plain: it decides where a request would be processed, and reaches the origin as it came. */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { converse, runProgram } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { NODE, PROJECT } from '../support/proxy.ts'

let lab: Lab
let server: http.Server
/** What the origin was sent. */
let bodies: Buffer[]

beforeAll(async () => {
  lab = await openLab({
    records: { 'geo.test': { A: ['127.0.0.40'] } },
    config:
      'catalogue: [mine.yaml]\nlimits: { decoded: 1MiB, decoded_ratio: 50, decoded_layers: 2 }',
    files: {
      'mine.yaml': `
version: 1
entries:
  - id: mine
    vendor: Mine
    host: geo.test
    region: anywhere
    requests:
      - { body: { geo: eu }, region: [DE] }
      - { body: { geo: us }, region: [US] }
    source: https://vendor.example/regions
    as_of: 2026-11-20
`,
    },
  })
  server = http.createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces))
      response.setHeader('Connection', 'close')
      response.end('ok')
    })
  })
  server.listen(0, '127.0.0.40')
  await once(server, 'listening')
})
afterAll(async () => {
  server.close()
  await lab[Symbol.asyncDispose]()
})
beforeEach(() => {
  bodies = []
})

const CODERS: readonly (readonly [string, (text: string) => Buffer])[] = [
  ['gzip', (text) => zlib.gzipSync(text)],
  ['x-gzip', (text) => zlib.gzipSync(text)],
  ['deflate', (text) => zlib.deflateSync(text)],
  ['br', (text) => zlib.brotliCompressSync(text)],
  ['zstd', (text) => zlib.zstdCompressSync(text)],
  ['gzip, br', (text) => zlib.brotliCompressSync(zlib.gzipSync(text))],
]
const say = (geo: string, more = '') => `{"messages":"${more}","geo":"${geo}"}`

interface How {
  readonly coding: string
  readonly isChunked?: boolean
  readonly fields?: readonly string[]
}

/** @returns status, and where it was placed */
async function send(body: Buffer, { coding, isChunked, fields = [] }: How) {
  const to = `geo.test:${(server.address() as AddressInfo).port}`
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
  const head = [
    `POST http://${to}/v1 HTTP/1.1`,
    `Host: ${to}`,
    `Content-Encoding: ${coding}`,
    framing,
  ]
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write([...head, ...fields, 'Connection: close', '', ''].join('\r\n'))
  if (isChunked) {
    for (let at = 0; at < body.length; at += 100) {
      const piece = body.subarray(at, at + 100)
      socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF]))
    }
    socket.write('0\r\n\r\n')
  } else socket.write(body)
  const answer = await converse(socket, '')
  socket.destroy()
  const { placement, regions } = await lab.proxy.settled(lab.proxy.flows().length)
  return { status: Number(answer.slice(9, 12)), placement, regions }
}
const CRLF = Buffer.from('\r\n')

describe.each(CODERS)('%s', (coding, code) => {
  test.each([
    ['with its length', false],
    ['in chunks', true],
  ])('%s: inside passes as it came, outside does not', async (_, isChunked) => {
    const body = code(say('eu', 'grüße '.repeat(500)))
    expect(await send(body, { coding, isChunked })).toMatchObject({
      status: 200,
      placement: 'inside',
      regions: '["DE"]',
    })
    expect(bodies).toEqual([body])
    expect(await send(code(say('us')), { coding, isChunked })).toMatchObject({
      status: 403,
      placement: 'outside',
    })
    expect(bodies).toHaveLength(1)
  })
})

describe('what cannot be decoded could say anything', () => {
  const gzip = zlib.gzipSync(say('eu'))
  test.each([
    ['another coding than it says', gzip, 'br'],
    ['a coding nobody knows', gzip, 'compress'],
    ['no coding at all, and called one', Buffer.from(say('eu')), 'gzip'],
    [
      'three codings where two are the limit',
      zlib.gzipSync(zlib.gzipSync(gzip)),
      'gzip, gzip, gzip',
    ],
    ['bytes behind it', Buffer.concat([gzip, Buffer.from('{}')]), 'gzip'],
    ['a second member', Buffer.concat([gzip, zlib.gzipSync(' ')]), 'gzip'],
    ['its end missing', gzip.subarray(0, -1), 'gzip'],
    ['a coding called identity as well', gzip, 'gzip, identity'],
    ['a bomb', zlib.gzipSync(say('eu', 'x'.repeat(900_000))), 'gzip'],
    ['more than is decoded', zlib.gzipSync(noise(1_200_000) + say('eu')), 'gzip'],
  ])('%s', async (_, body, coding) => {
    expect(await send(body, { coding })).toMatchObject({ status: 503, placement: 'straddling' })
    expect(bodies).toEqual([])
  })

  test('two fields', async () => {
    const fields = ['Content-Encoding: identity']
    expect(await send(gzip, { coding: 'gzip', fields })).toMatchObject({ placement: 'straddling' })
  })

  test('bombs are counted, and cost no more than they may', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(300_000_000))
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(bomb)))
    expect(answers).toEqual(Array(8).fill(503))
    const metrics = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)
    const counted = /body-undecoded"\} (\d+)/.exec(await metrics.text())?.[1]
    expect(Number(counted)).toBeGreaterThanOrEqual(8)
  })

  async function ask(body: Buffer): Promise<number> {
    const to = `geo.test:${(server.address() as AddressInfo).port}`
    const response = http.request({
      ...{ host: '127.0.0.1', port: lab.proxy.port, method: 'POST', path: `http://${to}/` },
      headers: { Host: to, 'Content-Encoding': 'gzip', 'Content-Length': body.length },
    })
    response.end(body)
    const [answer] = (await once(response, 'response')) as [http.IncomingMessage]
    answer.resume()
    return answer.statusCode ?? 0
  }
})

test('`cordon explain` reads it in the same way', async () => {
  writeFileSync(join(lab.dir, 'body.gz'), zlib.gzipSync(say('us')))
  const [node, ...flags] = NODE
  const args = ['--method', 'POST', '--header', 'Content-Encoding: gzip', '--body', 'body.gz']
  const command = [join(PROJECT, 'src/main.ts'), 'explain', 'http://geo.test/v1', ...args, '--json']
  const { out } = await runProgram(node, [...flags, ...command], { cwd: lab.dir })
  expect(JSON.parse(out)).toMatchObject({ placement: 'outside', regions: ['US'] })
})

/** Text that hardly gets smaller. */
function noise(size: number): string {
  let text = ''
  for (let i = 0, x = 1; i < size; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0
    text += String.fromCharCode(0x30 + ((x >>> 16) & 0x3f))
  }
  return text
}
