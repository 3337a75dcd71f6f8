/** Messages as api.anthropic.com speaks them. */

import { argumentsOf, type Block, type ModelApi, sse, type Turn, USAGE } from './turn.ts'

export const anthropic: ModelApi = {
  path: /^\/v1\/messages$/,
  streamType: 'text/event-stream; charset=utf-8',
  isStream: (_, body) => JSON.parse(body).stream === true,
  stream: (turn) => messageEvents(turn).map((event) => sse(event.type, event)),
  whole: message,
}

type Event = { readonly type: string } & Record<string, unknown>

/** As they are in every framing. */
export function messageEvents(turn: Turn): Event[] {
  const { stop_reason } = message(turn)
  return [
    { type: 'message_start', message: { ...message([]), stop_reason: null } },
    ...turn.flatMap((block, i) => blockEvents(block, i)),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens: 34 },
    },
    { type: 'message_stop' },
  ]
}

export function message(turn: Turn) {
  return {
    model: 'claude-sonnet-4-5-20250929',
    id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    type: 'message',
    role: 'assistant',
    content: turn.map(toContent),
    stop_reason: turn.some(({ kind }) => kind === 'call') ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { ...USAGE, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  }
}

function toContent(block: Block): object {
  switch (block.kind) {
    case 'text':
      return { type: 'text', text: block.pieces.join('') }
    case 'call':
      return { type: 'tool_use', id: block.id, name: block.name, input: argumentsOf(block) }
    case 'thinking':
      return { type: 'thinking', thinking: block.text, signature: block.signature }
    case 'sealed':
      return { type: 'redacted_thinking', data: block.data }
    default:
      return block satisfies never
  }
}

function blockEvents(block: Block, index: number): Event[] {
  const start = (content_block: object) => ({ type: 'content_block_start', index, content_block })
  const delta = (of: object) => ({ type: 'content_block_delta', index, delta: of })
  const stop = { type: 'content_block_stop', index }
  switch (block.kind) {
    case 'text':
      return [
        start({ type: 'text', text: '' }),
        { type: 'ping' },
        ...block.pieces.map((text) => delta({ type: 'text_delta', text })),
        stop,
      ]
    case 'call':
      return [
        start({ type: 'tool_use', id: block.id, name: block.name, input: {} }),
        delta({ type: 'input_json_delta', partial_json: '' }),
        ...block.pieces.map((piece) => delta({ type: 'input_json_delta', partial_json: piece })),
        stop,
      ]
    case 'thinking':
      return [
        start({ type: 'thinking', thinking: '', signature: '' }),
        ...[...block.text].map((thinking) => delta({ type: 'thinking_delta', thinking })),
        delta({ type: 'signature_delta', signature: block.signature }),
        stop,
      ]
    case 'sealed':
      return [start(toContent(block)), stop]
    default:
      return block satisfies never
  }
}
