/** ConverseStream of Amazon Bedrock: what kind of event it is stands in the frame. What the model thought is signed, as with Anthropic. */

import { at, id, Shape } from './shape.ts'

export function readConverseEvent(event: unknown, name: string): Shape | null {
  const shape = new Shape()
  const text = `converse/${id(at(event, 'contentBlockIndex'))}/`
  switch (name) {
    case 'contentBlockDelta': {
      const delta = at(event, 'delta')
      shape.add(at(delta, 'text'), 'delta.text', `${text}text`)
      shape.add(at(at(delta, 'toolUse'), 'input'), 'delta.toolUse.input', `${text}input`)
      for (const field of ['text', 'signature', 'redactedContent']) {
        const path = `delta.reasoningContent.${field}`
        shape.addSealed(at(at(delta, 'reasoningContent'), field), path, text + field)
      }
      return shape
    }
    case 'contentBlockStop':
      shape.end(text)
      return shape
    case 'messageStop':
      shape.end('converse/')
      return shape
    default:
      return null
  }
}
