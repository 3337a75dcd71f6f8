/** An origin that speaks like all of the services, keeps every byte that it is sent, and answers as a test says. */

import type http from 'node:http'
import { anthropic } from './anthropic.ts'
import { bedrockConverse, bedrockInvoke } from './bedrock.ts'
import { gemini } from './gemini.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'
import type { Turn } from './turn.ts'

const APIS = [openaiChat, openaiResponses, anthropic, bedrockConverse, bedrockInvoke, gemini]

export interface Asked {
  readonly url: string
  /** Names and values, as they came. */
  readonly head: readonly string[]
  readonly body: string
}

export interface ModelStandIn {
  readonly handler: http.RequestListener
  readonly asked: readonly Asked[]
}

/**
 * @param speak what it says to a request
 * @param pause waited for in a stream when the first text has been said
 */
export function modelStandIn(
  speak: (asked: Asked, nth: number) => Turn,
  pause: () => Promise<void>,
): ModelStandIn {
  const asked: Asked[] = []
  const answer = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const body = Buffer.concat(await request.toArray()).toString('utf8')
    const one = { url: request.url ?? '', head: request.rawHeaders, body }
    const turn = speak(one, asked.push(one))
    const path = one.url.replace(/\?.*/, '')
    const api = APIS.find((each) => each.path.test(path))
    if (!api) return response.writeHead(404).end()
    if (!api.isStream(path, body)) {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      return response.end(JSON.stringify(api.whole(turn)))
    }
    response.writeHead(200, { 'Content-Type': api.streamType, 'Cache-Control': 'no-cache' })
    const events = api.stream(turn)
    // What it would say if it said no more than the beginning of its first text.
    const first = api.stream(upToFirstText(turn))
    const shared = events.findIndex((event, i) => !isSame(event, first[i]))
    for (const [i, event] of events.entries()) {
      if (i === shared) await pause()
      response.write(event)
    }
    return response.end()
  }
  return {
    asked,
    handler: (request, response) => {
      answer(request, response).catch((error) => response.destroy(error))
    },
  }
}

function upToFirstText(turn: Turn): Turn {
  const at = turn.findIndex(({ kind }) => kind === 'text')
  return turn.slice(0, at + 1).map((block) => {
    return block.kind === 'text' ? { ...block, pieces: block.pieces.slice(0, 3) } : block
  })
}

function isSame(one: string | Buffer, other: string | Buffer | undefined): boolean {
  return other !== undefined && Buffer.from(one).equals(Buffer.from(other))
}
