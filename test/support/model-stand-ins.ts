/** Stand-ins of model APIs: each answers as its SDKs expect it, whole or event by event. */

import type http from 'node:http'
import { toAwsEvent } from './models/bedrock.ts'

export interface StandIns {
  readonly handler: http.RequestListener
  /** Bodies that came, by host. */
  readonly bodies: ReadonlyMap<string, readonly string[]>
  /** By host, the stream that was asked for last. */
  readonly streams: ReadonlyMap<string, EventWriter>
}

export interface EventWriter {
  write(text: string): void
  end(): void
}

export function modelStandIns(): StandIns {
  const bodies = new Map<string, string[]>()
  const streams = new Map<string, EventWriter>()
  return {
    bodies,
    streams,
    async handler(request, response) {
      const pieces: Buffer[] = []
      for await (const piece of request) pieces.push(piece)
      const body = Buffer.concat(pieces).toString('latin1')
      const host = (request.headers.host ?? '').replace(/:\d+$/, '')
      bodies.set(host, [...(bodies.get(host) ?? []), body])
      const api = APIS.find(({ path }) => path.test(request.url ?? ''))
      if (!api) return void response.writeHead(404).end()
      if (/"stream": ?true/.test(body) || request.url?.endsWith('converse-stream')) {
        response.writeHead(200, { 'Content-Type': api.streamType ?? 'text/event-stream' })
        response.flushHeaders()
        streams.set(host, {
          write: (text) => response.write(api.event(text)),
          end: () => response.end(api.last),
        })
      } else {
        response.writeHead(200, { 'Content-Type': 'application/json', ETag: '"here"' })
        // What is uploaded is answered with a field alone.
        response.end(request.method === 'PUT' ? '' : JSON.stringify(api.answer('here')))
      }
    },
  }
}

interface Api {
  readonly path: RegExp
  answer(text: string): object
  event(text: string): string | Buffer
  /** Said before the end of a stream. */
  readonly last?: string | Buffer
  readonly streamType?: string
}

const usage = { input_tokens: 1, output_tokens: 1 }

const APIS: readonly Api[] = [
  {
    path: /^\/v1\/chat\/completions$/,
    answer: (content) => ({ choices: [{ index: 0, message: { role: 'assistant', content } }] }),
    event: (content) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
    last: 'data: [DONE]\n\n',
  },
  {
    path: /^\/v1\/messages$/,
    answer: (text) => ({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text }],
      usage,
    }),
    event(text) {
      const delta = { type: 'text_delta', text }
      const data = { type: 'content_block_delta', index: 0, delta }
      return `event: content_block_delta\ndata: ${JSON.stringify(data)}\n\n`
    },
    last: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  },
  {
    path: /^\/model\/.*\/converse(-stream)?$/,
    answer: (text) => ({
      output: { message: { role: 'assistant', content: [{ text }] } },
      stopReason: 'end_turn',
    }),
    event: (text) => toAwsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text } }),
    last: toAwsEvent('messageStop', { stopReason: 'end_turn' }),
    streamType: 'application/vnd.amazon.eventstream',
  },
  {
    path: /./,
    answer: (text) => ({ text, id: text }),
    event: (text) => `data: ${JSON.stringify({ text })}\n\n`,
  },
]
