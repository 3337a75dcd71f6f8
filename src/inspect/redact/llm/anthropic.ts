/**
 * Messages of Anthropic: `content_block_delta`, one block after another. What the model thought is signed and comes back with the next
 * request: to change a letter of it would break that, so it is left as it is, as are signatures.
 */

import { at, id, Shape } from './shape.ts'

export function readMessagesEvent(event: unknown): Shape | null {
  const type = at(event, 'type')
  const text = `block/${id(at(event, 'index'))}/`
  const shape = new Shape()
  switch (type) {
    case 'content_block_start':
      addBlock(shape, at(event, 'content_block'), text)
      return shape
    case 'content_block_delta':
      addDelta(shape, at(event, 'delta'), text)
      return shape
    case 'content_block_stop':
      shape.end(text)
      return shape
    case 'message_delta':
    case 'message_stop':
      shape.end('block/')
      return shape
    default:
      return null
  }
}

function addBlock(shape: Shape, block: unknown, text: string): void {
  const type = at(block, 'type')
  if (type === 'text') shape.add(at(block, 'text'), 'content_block.text', `${text}text`)
  if (type !== 'thinking' && type !== 'redacted_thinking') return
  for (const field of ['thinking', 'signature', 'data']) {
    shape.addSealed(at(block, field), `content_block.${field}`, text + field)
  }
}

function addDelta(shape: Shape, delta: unknown, text: string): void {
  switch (at(delta, 'type')) {
    case 'text_delta':
      return shape.add(at(delta, 'text'), 'delta.text', `${text}text`)
    case 'input_json_delta':
      return shape.add(at(delta, 'partial_json'), 'delta.partial_json', `${text}input`)
    case 'thinking_delta':
      return shape.addSealed(at(delta, 'thinking'), 'delta.thinking', `${text}thinking`)
    case 'signature_delta':
      return shape.addSealed(at(delta, 'signature'), 'delta.signature', `${text}signature`)
    default:
  }
}
