/** The API of a running proxy, as the commands use it; its problems become ours, with their exit codes. */

import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { API } from '../../console/api/api.ts'
import { CommandError, EXIT, type ExitCode } from '../output.ts'

/** More than any answer is, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024
/** Without an answer, in milliseconds. */
const SILENCE_MS = 30_000

export interface ServerEvent {
  readonly event: string
  readonly data: unknown
}

export class ApiClient {
  readonly base: string
  readonly #token: string

  /** @param base e.g. `http://127.0.0.1:3130` */
  constructor(base: string, token: string) {
    this.base = base
    this.#token = token
  }

  /** The same caller at another place. */
  at(base: string): ApiClient {
    return new ApiClient(base, this.#token)
  }

  /** @throws CommandError */
  get<T>(path: string): Promise<T> {
    return this.#ask<T>('GET', path, null)
  }

  /** @throws CommandError */
  post<T>(path: string, body: object): Promise<T> {
    return this.#ask<T>('POST', path, JSON.stringify(body))
  }

  /**
   * Gives each event to `onEvent` until the stream ends, or `signal` says so.
   *
   * @throws CommandError when it does not begin
   */
  async events(onEvent: (event: ServerEvent) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#send('GET', '/events', null, signal)
    if (response.statusCode !== 200) throw toError(response.statusCode ?? 0, await read(response))
    let text = ''
    response.setEncoding('utf8')
    try {
      for await (const piece of response as AsyncIterable<string>) {
        text += piece
        if (text.length > MAX_BYTES) return
        for (;;) {
          const end = text.indexOf('\n\n')
          if (end < 0) break
          const event = parseEvent(text.slice(0, end))
          text = text.slice(end + 2)
          if (event) onEvent(event)
        }
      }
    } catch {
      // Cut off: whoever listens tries again.
    }
  }

  async #ask<T>(method: string, path: string, body: string | null): Promise<T> {
    const response = await this.#send(method, path, body, AbortSignal.timeout(SILENCE_MS))
    const text = await read(response)
    const status = response.statusCode ?? 0
    if (status < 200 || status > 299) throw toError(status, text)
    try {
      return JSON.parse(text)
    } catch {
      throw notOurs()
    }
  }

  #send(
    method: string,
    path: string,
    body: string | null,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const url = `${this.base}${API}${path}`
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    return new Promise((resolve, reject) => {
      // Not the shared agent: that would send it through the proxy where the environment says so.
      const options = { method, signal, agent: false, headers: this.#headers(body) } as const
      const sent: ClientRequest = request(url, options, resolve)
      sent.on('error', ({ message, name }) => {
        const why = name === 'TimeoutError' || name === 'AbortError' ? 'no answer' : message
        const hint = 'is it running? `cordon start`, or name another with `--api`'
        reject(new CommandError(EXIT.failed, `${this.base} does not answer: ${why}`, hint))
      })
      sent.end(body ?? undefined)
    })
  }

  #headers(body: string | null): Record<string, string> {
    const authorization = { Authorization: `Bearer ${this.#token}` }
    return body === null ? authorization : { ...authorization, 'Content-Type': 'application/json' }
  }
}

async function read(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > MAX_BYTES) throw notOurs()
      pieces.push(piece)
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(EXIT.failed, 'the answer did not come to its end', 'try again')
  }
  return Buffer.concat(pieces).toString('utf8')
}

function parseEvent(block: string): ServerEvent | null {
  let event = 'message'
  let data = ''
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7)
    if (line.startsWith('data: ')) data += line.slice(6)
  }
  if (data === '') return null
  try {
    return { event, data: JSON.parse(data) }
  } catch {
    return null
  }
}

/** Denied and unknown are 2, what cannot be understood is 3, all else is 1. */
const EXITS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.invalid,
  401: EXIT.blocked,
  403: EXIT.blocked,
  404: EXIT.blocked,
  413: EXIT.invalid,
  422: EXIT.invalid,
}

function toError(status: number, text: string): CommandError {
  try {
    const { code, detail, next } = JSON.parse(text) as Record<string, unknown>
    if (typeof code === 'string' && typeof detail === 'string') {
      const hint = typeof next === 'string' ? next : null
      return new CommandError(EXITS[status] ?? EXIT.failed, detail, hint)
    }
  } catch {
    // Not one of ours.
  }
  return notOurs(status)
}

function notOurs(status?: number): CommandError {
  const what = status === undefined ? 'something' : `status ${status}`
  const hint = 'is it the console of another program, or of another version?'
  return new CommandError(EXIT.failed, `the server answers with ${what} that is not ours`, hint)
}
