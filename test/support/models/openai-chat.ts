/** Chat completions as api.openai.com speaks them. */

import { type Block, type ModelApi, sse, type Turn } from './turn.ts'

const head = {
  id: 'chatcmpl-CfYpQ4Zk81yXwD2nLm0aVtB6',
  created: 1_764_400_000,
  model: 'gpt-5-mini-2025-08-07',
  service_tier: 'default',
  system_fingerprint: 'fp_50cad350e4',
}
const usage = { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46 }

const isCall = (block: Block) => block.kind === 'call'

export const openaiChat: ModelApi = {
  path: /^\/v1\/chat\/completions$/,
  streamType: 'text/event-stream; charset=utf-8',
  isStream: (_, body) => JSON.parse(body).stream === true,
  stream: (turn) => [
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...toDeltas(turn).map((delta) => chunk(delta)),
    chunk({}, turn.some(isCall) ? 'tool_calls' : 'stop'),
    sse(null, { ...head, object: 'chat.completion.chunk', choices: [], usage, obfuscation: '' }),
    sse(null, '[DONE]'),
  ],
  whole: (turn) => ({
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: turn.flatMap((b) => (b.kind === 'text' ? b.pieces : [])).join('') || null,
          refusal: null,
          annotations: [],
          ...(turn.some(isCall) ? { tool_calls: turn.flatMap(toCall) } : {}),
        },
        logprobs: null,
        finish_reason: turn.some(isCall) ? 'tool_calls' : 'stop',
      },
    ],
    usage,
  }),
}

function chunk(delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason }]
  const event = { ...head, object: 'chat.completion.chunk', choices, usage: null }
  return sse(null, { ...event, obfuscation: 'Kb3xQ9vZ' })
}

function toDeltas(turn: Turn): object[] {
  let index = -1
  return turn.flatMap((block): object[] => {
    if (block.kind === 'text') return block.pieces.map((content) => ({ content }))
    if (block.kind !== 'call') return []
    index++
    const { id, name, pieces } = block
    const call = (rest: object) => ({ tool_calls: [{ index, ...rest }] })
    return [
      call({ id, type: 'function', function: { name, arguments: '' } }),
      ...pieces.map((piece) => call({ function: { arguments: piece } })),
    ]
  })
}

function toCall(block: Block): object[] {
  if (block.kind !== 'call') return []
  const { id, name, pieces } = block
  return [{ id, type: 'function', function: { name, arguments: pieces.join('') } }]
}
