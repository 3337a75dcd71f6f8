/**
 * The console listener: health and metrics, and whatever routes are plugged in. It answers on its own port, so that nothing sent through
 * the proxy can reach it. Limits are the same for all routes, and stricter than any of them needs; nobody gets a cookie, and no page of
 * another site may read an answer (no CORS).
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerFault, SECURITY_HEADERS } from './answers.ts'
import { type Health, healthRoute } from './health.ts'
import { isKnownHost } from './known-host.ts'

/** @returns whether the request was its own: then it has answered or will. What it throws is answered 500. */
export type Route = (call: Call) => boolean | Promise<boolean>

export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Path and query; its host means nothing. */
  readonly url: URL
}

export interface ConsoleOptions {
  health(): Health
  /** As Prometheus reads them. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>
  /** Host names under which the console may be called, lower case, besides addresses and localhost. */
  readonly names: readonly string[]
  /** Asked one after the other. */
  readonly routes: readonly Route[]
  /** Tells the operator about something that should not have happened. Never throws. */
  report(where: string, error: unknown): void
}

export interface Console {
  readonly address: string
  readonly port: number
  close(): Promise<void>
}

/** Bytes of a request body; no route takes more. */
export const MAX_BODY = 64 * 1024
/** Milliseconds for a head, for a request with its body, and without a sign of life. */
const HEAD_MS = 5_000
const REQUEST_MS = 10_000
const SILENCE_MS = 60_000

/** @throws the system's error when the address cannot be bound. */
export async function openConsole(
  host: string,
  port: number,
  options: ConsoleOptions,
): Promise<Console> {
  const limits = {
    headersTimeout: HEAD_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 16 * 1024,
  }
  const health = healthRoute(options)
  const server = createServer(limits, (request, response) => {
    // Whoever leaves in the middle is nobody's error.
    response.on('error', () => {})
    request.on('error', () => {})
    answer(request, response, health, options).catch((error: unknown) => {
      options.report('console', error)
      if (response.headersSent) response.destroy()
      else answerFault(response, 'failed', 'this could not be answered')
    })
  })
  server.maxConnections = 256
  server.timeout = SILENCE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const bound = server.address() as AddressInfo
  return { address: bound.address, port: bound.port, close: () => close(server) }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  health: Route,
  { names, routes }: ConsoleOptions,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
  const url = toUrl(request.url ?? '')
  if (!url) return answerFault(response, 'invalid', 'the target of the request is not a path')
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) {
    response.setHeader('Connection', 'close')
    return answerFault(response, 'too-large', `a body has at most ${MAX_BODY} bytes`)
  }
  const call = { request, response, url }
  // Probes and scrapers come by whatever name they were given; there is nothing in it to steal.
  if (await health(call)) return
  if (!isKnownHost(request.headersDistinct.host ?? [], names)) {
    const detail = 'the console is not called by this name'
    const hint = 'use its address, or add the name under `console: names`'
    return answerFault(response, 'misdirected', detail, hint)
  }
  for (const route of routes) if (await route(call)) return
  answerFault(response, 'not-found', 'there is nothing here')
}

/** Only a path with its query: absolute forms are for proxies. */
function toUrl(target: string): URL | null {
  return target.startsWith('/') ? URL.parse(`http://console${target}`) : null
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
