/** Gemini and Vertex: `candidates[].content.parts[]`, each event in the form of a whole answer. Calls come whole. */

import { at, id, list, Shape } from './shape.ts'

export function readGeminiChunk(event: unknown): Shape | null {
  const candidates = at(event, 'candidates')
  if (!Array.isArray(candidates)) return null
  const shape = new Shape()
  candidates.forEach((candidate, i) => {
    const text = `candidate/${id(at(candidate, 'index'), i)}/`
    list(at(at(candidate, 'content'), 'parts')).forEach((part, j) => {
      const path = `candidates.${i}.content.parts.${j}`
      const isThought = at(part, 'thought') === true
      shape.add(at(part, 'text'), `${path}.text`, text + (isThought ? 'thought' : 'text'))
      for (const field of ['thoughtSignature', 'thought_signature']) {
        shape.add(at(part, field), `${path}.${field}`, null)
      }
    })
    if (id(at(candidate, 'finishReason'), at(candidate, 'finish_reason')) !== '') shape.end(text)
  })
  return shape
}
