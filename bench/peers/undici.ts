/**
 * What a Node programmer would put together: `node:http` towards the client, the npm package
 * `undici` towards the server, one wildcard certificate for every host. No policy, no limits, no
 * log; never to be used outside the benchmark. Environment: PORT, CERT, KEY, UPSTREAM_CA (PEM
 * files).
 */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

// Optional, so neither the compiler nor a fresh clone may need it: the name is not a literal.
const packageName: string = 'undici'
const { Agent } = await import(packageName)

const file = (variable: string) => readFileSync(process.env[variable] ?? '')
const secureContext = createSecureContext({ cert: file('CERT'), key: file('KEY') })
const agent = new Agent({ connect: { ca: file('UPSTREAM_CA') } })

const inside = createServer(async (request, response) => {
  const { connection: _, ...headers } = request.headers
  const target = { origin: `https://${headers.host}`, path: request.url, method: request.method }
  const body = request.method === 'GET' ? null : request
  try {
    await agent.stream({ ...target, headers, body }, (answer: Answer) =>
      response.writeHead(answer.statusCode, answer.headers),
    )
  } catch {
    response.destroy()
  }
})

interface Answer {
  statusCode: number
  headers: Record<string, string | string[]>
}

createServer()
  .on('connect', (_request, socket: Socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const tls = new TLSSocket(socket, { isServer: true, secureContext })
    tls.on('error', () => tls.destroy())
    inside.emit('connection', tls)
  })
  .listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 })
