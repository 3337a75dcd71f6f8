/**
 * The console listener: health for orchestrators now, pages and the API later. Read-only and without secrets; it answers on its own
 * port, so that nothing sent through the proxy can reach it.
 */

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What stands in the way of serving traffic; all null when nothing does. */
export interface Health {
  /** The audit log. */
  readonly audit: string | null
}

export interface ConsoleOptions {
  health(): Health
  /** As Prometheus reads them. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>
}

export interface Console {
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

/** @throws the system's error when the address cannot be bound. */
export async function openConsole(
  host: string,
  port: number,
  { health, metrics }: ConsoleOptions,
): Promise<Console> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return answer(response, 405, { error: 'only GET is answered here' })
    }
    if (path === '/healthz') return answer(response, 200, { status: 'ok' })
    if (path === '/readyz') {
      const problems = Object.entries(health()).filter(([, problem]) => problem !== null)
      const ready = problems.length === 0
      const body = { status: ready ? 'ready' : 'not ready', ...Object.fromEntries(problems) }
      return answer(response, ready ? 200 : 503, body)
    }
    if (path === '/metrics') return answerMetrics(response, metrics)
    return answer(response, 404, { error: 'not found' })
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 5_000
  server.maxConnections = 256
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const bound = server.address() as AddressInfo
  return { address: bound.address, port: bound.port, close: () => close(server) }
}

const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

function answer(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

function answerMetrics(response: ServerResponse, metrics: ConsoleOptions['metrics']): void {
  metrics().then(
    ({ type, text }) => {
      response.writeHead(200, { ...HEADERS, 'Content-Type': type })
      response.end(text)
    },
    () => answer(response, 500, { error: 'the metrics cannot be read' }),
  )
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
