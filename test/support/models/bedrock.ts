/** Converse and InvokeModel as bedrock-runtime speaks them: events in binary frames, those of the second once more in Base64. */

import { crc32 } from 'node:zlib'
import { message, messageEvents } from './anthropic.ts'
import { argumentsOf, type Block, type ModelApi } from './turn.ts'

const streamType = 'application/vnd.amazon.eventstream'
const usage = { inputTokens: 12, outputTokens: 34, totalTokens: 46 }

export const bedrockConverse: ModelApi = {
  path: /^\/model\/[^/]+\/converse(?:-stream)?$/,
  streamType,
  isStream: (url) => url.endsWith('-stream'),
  stream: (turn) => [
    toAwsEvent('messageStart', { p: 'abcdefghij', role: 'assistant' }),
    ...turn.flatMap((block, i) => blockEvents(block, i)),
    toAwsEvent('messageStop', { p: 'abcd', stopReason: stopReason(turn) }),
    toAwsEvent('metadata', { metrics: { latencyMs: 711 }, p: 'abcdefg', usage }),
  ],
  whole: (turn) => ({
    metrics: { latencyMs: 711 },
    output: { message: { content: turn.map(toContent), role: 'assistant' } },
    stopReason: stopReason(turn),
    usage,
  }),
}

export const bedrockInvoke: ModelApi = {
  path: /^\/model\/[^/]+\/invoke(?:-with-response-stream)?$/,
  streamType,
  isStream: (url) => url.endsWith('-stream'),
  stream: (turn) =>
    messageEvents(turn).map((event) =>
      toAwsEvent('chunk', {
        bytes: Buffer.from(JSON.stringify(event)).toString('base64'),
        p: 'abc',
      }),
    ),
  whole: message,
}

function stopReason(turn: readonly Block[]): string {
  return turn.some(({ kind }) => kind === 'call') ? 'tool_use' : 'end_turn'
}

function toContent(block: Block): object {
  switch (block.kind) {
    case 'text':
      return { text: block.pieces.join('') }
    case 'call':
      return { toolUse: { input: argumentsOf(block), name: block.name, toolUseId: block.id } }
    case 'thinking': {
      const { text, signature } = block
      return { reasoningContent: { reasoningText: { signature, text } } }
    }
    case 'sealed':
      return { reasoningContent: { redactedContent: block.data } }
    default:
      return block satisfies never
  }
}

function blockEvents(block: Block, contentBlockIndex: number): Buffer[] {
  const delta = (of: object) =>
    toAwsEvent('contentBlockDelta', { contentBlockIndex, delta: of, p: 'abcdefghijkl' })
  const stop = toAwsEvent('contentBlockStop', { contentBlockIndex, p: 'abcde' })
  switch (block.kind) {
    case 'text':
      return [...block.pieces.map((text) => delta({ text })), stop]
    case 'call': {
      const { id: toolUseId, name } = block
      const start = { toolUse: { name, toolUseId } }
      return [
        toAwsEvent('contentBlockStart', { contentBlockIndex, p: 'ab', start }),
        ...block.pieces.map((input) => delta({ toolUse: { input } })),
        stop,
      ]
    }
    case 'thinking':
      return [
        ...[...block.text].map((text) => delta({ reasoningContent: { text } })),
        delta({ reasoningContent: { signature: block.signature } }),
        stop,
      ]
    case 'sealed':
      return [delta({ reasoningContent: { redactedContent: block.data } }), stop]
    default:
      return block satisfies never
  }
}

/** A message of AWS's event stream encoding: lengths, their CRC, headers, payload, CRC of all. */
export function toAwsEvent(type: string, payload: object): Buffer {
  const headers = Object.entries({
    ':event-type': type,
    ':content-type': 'application/json',
    ':message-type': 'event',
  }).map(([name, value]) =>
    Buffer.concat([
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([7, value.length >> 8, value.length & 255]),
      Buffer.from(value),
    ]),
  )
  const head = Buffer.concat(headers)
  const body = Buffer.from(JSON.stringify(payload))
  const prelude = uint32(head.length + body.length + 16, head.length)
  const all = Buffer.concat([prelude, uint32(crc32(prelude)), head, body])
  return Buffer.concat([all, uint32(crc32(all))])
}

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}
