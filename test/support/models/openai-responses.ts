/** Responses as api.openai.com speaks them: every text is said in deltas, in its `.done`, in its part, in its item and at the end. */

import { type Block, type ModelApi, sse, type Turn, USAGE } from './turn.ts'

const usage = {
  ...USAGE,
  total_tokens: 46,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens_details: { reasoning_tokens: 0 },
}

export const openaiResponses: ModelApi = {
  path: /^\/v1\/responses$/,
  streamType: 'text/event-stream; charset=utf-8',
  isStream: (_, body) => JSON.parse(body).stream === true,
  stream(turn) {
    let sequence = 0
    const started = { ...response([]), status: 'in_progress', completed_at: null, usage: null }
    const events = [
      { type: 'response.created', response: started },
      { type: 'response.in_progress', response: started },
      ...turn.flatMap((block, i) => toEvents(block, i)),
      { type: 'response.completed', response: response(turn) },
    ]
    return events.map((event) => sse(event.type, { ...event, sequence_number: sequence++ }))
  },
  whole: response,
}

function response(turn: Turn): object {
  return {
    id: 'resp_68f0c1a29d5c8190a7b3e4f5061728390abcdef012345678',
    object: 'response',
    created_at: 1_764_400_000,
    status: 'completed',
    completed_at: 1_764_400_002,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: 'gpt-5-mini-2025-08-07',
    output: turn.map((block, i) => toItem(block, i)),
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage,
    user: null,
    metadata: {},
  }
}

type Event = { readonly type: string } & Record<string, unknown>

function toEvents(block: Block, output_index: number): Event[] {
  const done = toItem(block, output_index)
  const at = { item_id: done.id, output_index }
  const added = (rest: object) => ({
    type: 'response.output_item.added',
    output_index,
    item: { ...done, ...rest },
  })
  const end = { type: 'response.output_item.done', output_index, item: done }
  switch (block.kind) {
    case 'text': {
      const text = block.pieces.join('')
      const place = { ...at, content_index: 0 }
      const part = { type: 'output_text', annotations: [], logprobs: [], text: '' }
      return [
        added({ status: 'in_progress', content: [] }),
        { type: 'response.content_part.added', ...place, part },
        ...block.pieces.map((delta) => ({
          type: 'response.output_text.delta',
          ...place,
          delta,
          logprobs: [],
          obfuscation: 'Kb3xQ9vZ',
        })),
        { type: 'response.output_text.done', ...place, text, logprobs: [] },
        { type: 'response.content_part.done', ...place, part: { ...part, text } },
        end,
      ]
    }
    case 'call':
      return [
        added({ status: 'in_progress', arguments: '' }),
        ...block.pieces.map((delta) => ({
          type: 'response.function_call_arguments.delta',
          ...at,
          delta,
          obfuscation: 'Kb3xQ9vZ',
        })),
        {
          type: 'response.function_call_arguments.done',
          ...at,
          arguments: block.pieces.join(''),
        },
        end,
      ]
    case 'thinking': {
      const place = { ...at, summary_index: 0 }
      const part = { type: 'summary_text', text: block.text }
      return [
        added({ summary: [] }),
        {
          type: 'response.reasoning_summary_part.added',
          ...place,
          part: { ...part, text: '' },
        },
        ...[...block.text].map((delta) => ({
          type: 'response.reasoning_summary_text.delta',
          ...place,
          delta,
        })),
        { type: 'response.reasoning_summary_text.done', ...place, text: block.text },
        { type: 'response.reasoning_summary_part.done', ...place, part },
        end,
      ]
    }
    case 'sealed':
      return [added({}), end]
    default:
      return block satisfies never
  }
}

function toItem(block: Block, i: number): Record<string, unknown> {
  const id = (prefix: string) => `${prefix}_68f0c1a29d5c8190a7b3e4f5061728390abcdef01234567${i}`
  switch (block.kind) {
    case 'text': {
      const text = block.pieces.join('')
      const content = [{ type: 'output_text', annotations: [], logprobs: [], text }]
      return { id: id('msg'), type: 'message', status: 'completed', content, role: 'assistant' }
    }
    case 'call':
      return {
        id: id('fc'),
        type: 'function_call',
        status: 'completed',
        arguments: block.pieces.join(''),
        call_id: block.id,
        name: block.name,
      }
    case 'thinking': {
      const summary = [{ type: 'summary_text', text: block.text }]
      return { id: id('rs'), type: 'reasoning', encrypted_content: block.signature, summary }
    }
    case 'sealed':
      return { id: id('rs'), type: 'reasoning', encrypted_content: block.data, summary: [] }
    default:
      return block satisfies never
  }
}
