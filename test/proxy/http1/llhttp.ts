/**
 * The parser of Node, llhttp, as a second opinion: every message it finds in a buffer, in the terms of our tests. It is reached
 * through `node:_http_common` because only there it can be asked synchronously, thousands of times.
 */

import { METHODS } from 'node:http'
import { createRequire } from 'node:module'

/** One message, as far as llhttp understood it. */
export interface LlhttpMessage {
  /** Method and target, or status and reason. */
  readonly start: readonly [string, string]
  readonly version: string
  readonly list: readonly string[]
  body: string
  readonly trailers: string[]
  complete: boolean
}

export interface LlhttpRead {
  readonly messages: readonly LlhttpMessage[]
  /** Its reason for refusing; null when it had none. */
  readonly error: string | null
}

type OnHeadersComplete = (
  major: number,
  minor: number,
  list: readonly string[] | undefined,
  method: number | undefined,
  url: string | undefined,
  status: number | undefined,
  reason: string | undefined,
) => number

interface Parser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void
  execute(bytes: Buffer): number | (Error & { code: string; reason: string })
  [callback: number]: unknown
}

interface ParserClass {
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
  new (): Parser
}

const { HTTPParser, methods } = createRequire(import.meta.url)('node:_http_common') as {
  HTTPParser: ParserClass
  methods: readonly string[]
}

/** llhttp knows a list of methods where HTTP/1 has any token; some of its list are not for HTTP. */
export const isLlhttpMethod = (method: string): boolean =>
  METHODS.includes(method) && method !== 'SOURCE'

/**
 * @param bytes in one piece or several
 * @param askedWith the methods of the requests, in order, when these are responses.
 */
export function readWithLlhttp(
  bytes: Buffer | readonly Buffer[],
  askedWith: readonly string[] | null,
): LlhttpRead {
  const parser = new HTTPParser()
  const messages: LlhttpMessage[] = []
  // Sections of more than 32 fields come in several parts; those after the head are trailers.
  let early: string[] = []
  let earlyUrl = ''
  let answered = 0
  let inHead = true
  parser.initialize(askedWith ? HTTPParser.RESPONSE : HTTPParser.REQUEST, {}, 1_000_000, 0)
  parser[HTTPParser.kOnHeaders] = (list: readonly string[], url: string) => {
    if (inHead) early.push(...list)
    else messages.at(-1)?.trailers.push(...list)
    if (inHead && url) earlyUrl = url
  }
  const onHeadersComplete: OnHeadersComplete = (
    major,
    minor,
    list,
    method,
    url,
    status,
    reason,
  ) => {
    const start = askedWith
      ? ([String(status), reason ?? ''] as const)
      : ([methods[method ?? -1] ?? '', url ?? earlyUrl] as const)
    const fields = list ?? early
    messages.push({
      start,
      version: `${major}.${minor}`,
      list: fields,
      body: '',
      trailers: [],
      complete: false,
    })
    early = []
    inHead = false
    if (!askedWith || (status ?? 0) < 200) return 0
    return askedWith[answered++] === 'HEAD' ? 1 : 0
  }
  parser[HTTPParser.kOnHeadersComplete] = onHeadersComplete
  parser[HTTPParser.kOnBody] = (piece: Buffer) => {
    const message = messages.at(-1)
    if (message) message.body += piece.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    const message = messages.at(-1)
    if (message) message.complete = true
    inHead = true
  }
  for (const piece of Array.isArray(bytes) ? (bytes as readonly Buffer[]) : [bytes as Buffer]) {
    const result = parser.execute(piece)
    if (typeof result !== 'number') return { messages, error: result.reason }
  }
  return { messages, error: null }
}
