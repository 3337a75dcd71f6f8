/** Streams of Ollama, Cohere, text-generation-inference, and of what calls its pieces a delta, as protocols between agents and pages do. */

import { at, id, Shape } from './shape.ts'

/** One line each, the last with `done`. */
export function readOllamaLine(event: unknown): Shape | null {
  if (typeof at(event, 'done') !== 'boolean') return null
  const shape = new Shape()
  const message = at(event, 'message')
  for (const field of ['response', 'thinking'])
    shape.add(at(event, field), field, `ollama/${field}`)
  for (const field of ['content', 'thinking']) {
    shape.add(at(message, field), `message.${field}`, `ollama/message/${field}`)
  }
  if (at(event, 'done') === true) shape.end('ollama/')
  return shape
}

export function readCohereEvent(event: unknown): Shape | null {
  const type = at(event, 'type') ?? at(event, 'event_type')
  const text = `cohere/${id(at(event, 'index'))}/`
  const shape = new Shape()
  const message = at(at(event, 'delta'), 'message')
  switch (type) {
    case 'content-delta': {
      const content = at(message, 'content')
      shape.add(at(content, 'text'), 'delta.message.content.text', `${text}text`)
      shape.add(at(content, 'thinking'), 'delta.message.content.thinking', `${text}thinking`)
      return shape
    }
    case 'tool-plan-delta':
      shape.add(at(message, 'tool_plan'), 'delta.message.tool_plan', 'cohere/plan')
      return shape
    case 'tool-call-delta': {
      const path = 'delta.message.tool_calls.function.arguments'
      const call = at(at(message, 'tool_calls'), 'function')
      shape.add(at(call, 'arguments'), path, `${text}call`)
      return shape
    }
    case 'text-generation':
      shape.add(at(event, 'text'), 'text', 'cohere/text')
      return shape
    case 'content-end':
    case 'tool-call-end':
      shape.end(text)
      return shape
    case 'tool-call-start':
      shape.end('cohere/plan')
      return shape
    case 'message-end':
    case 'stream-end':
      shape.end('cohere/')
      return shape
    default:
      return null
  }
}

/** `token.text`, the last with `generated_text`. */
export function readTokenEvent(event: unknown): Shape | null {
  const token = at(event, 'token')
  if (typeof at(token, 'text') !== 'string') return null
  const shape = new Shape()
  shape.add(at(token, 'text'), 'token.text', 'token/')
  if (typeof at(event, 'generated_text') === 'string') shape.end('token/')
  return shape
}

/** AI SDK, AG-UI and the like: `{type, id, delta}`. */
export function readDeltaEvent(event: unknown): Shape | null {
  const shape = new Shape()
  const owner = id(
    at(event, 'id'),
    at(event, 'messageId'),
    at(event, 'toolCallId'),
    at(event, 'index'),
  )
  for (const field of ['delta', 'textDelta', 'inputTextDelta', 'argsTextDelta']) {
    shape.add(at(event, field), field, `delta/${owner}/${id(at(event, 'type'))}/${field}`)
  }
  if (shape.pieces.size > 0) return shape
  const type = at(event, 'type')
  if (typeof type !== 'string' || !/(?:end|finish|done|stop|result)$/i.test(type)) return null
  shape.end(`delta/${owner === '' ? '' : `${owner}/`}`)
  return shape
}
