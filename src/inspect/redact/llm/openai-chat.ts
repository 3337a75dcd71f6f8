/**
 * Chat completions of OpenAI, and of all who speak like it (Mistral, Groq, vLLM, llama.cpp, Azure…): `choices[].delta`, also the older
 * `choices[].text`.
 */

import { at, id, list, Shape } from './shape.ts'

const FIELDS = ['content', 'refusal', 'reasoning_content', 'reasoning', 'thinking']

export function readChatChunk(event: unknown): Shape | null {
  const choices = at(event, 'choices')
  if (!Array.isArray(choices)) return null
  const shape = new Shape()
  choices.forEach((choice, i) => {
    const text = `chat/${id(at(choice, 'index'), i)}/`
    const path = `choices.${i}`
    const delta = at(choice, 'delta')
    shape.add(at(choice, 'text'), `${path}.text`, `${text}text`)
    for (const field of FIELDS) {
      shape.add(at(delta, field), `${path}.delta.${field}`, text + field)
      addParts(shape, at(delta, field), `${path}.delta.${field}`, text + field)
    }
    shape.add(
      at(at(delta, 'audio'), 'transcript'),
      `${path}.delta.audio.transcript`,
      `${text}transcript`,
    )
    addCalls(shape, delta, `${path}.delta`, text)
    if (id(at(choice, 'finish_reason')) !== '') shape.end(text)
  })
  return shape
}

/** Content in parts. */
function addParts(shape: Shape, parts: unknown, path: string, text: string): void {
  list(parts).forEach((part, i) => {
    shape.add(at(part, 'text'), `${path}.${i}.text`, text)
  })
}

function addCalls(shape: Shape, delta: unknown, path: string, text: string): void {
  const single = at(at(delta, 'function_call'), 'arguments')
  shape.add(single, `${path}.function_call.arguments`, `${text}call`)
  list(at(delta, 'tool_calls')).forEach((call, i) => {
    const name = `${text}call/${id(at(call, 'index'), i)}`
    for (const [kind, field] of [
      ['function', 'arguments'],
      ['custom', 'input'],
    ] as const) {
      shape.add(at(at(call, kind), field), `${path}.tool_calls.${i}.${kind}.${field}`, name)
    }
  })
}
