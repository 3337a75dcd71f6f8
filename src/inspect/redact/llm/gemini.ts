/** Gemini and Vertex: `candidates[].content.parts[]`, each event in the form of a whole answer; over WebSockets `serverContent`. Calls come whole. */

import { at, id, list, Shape } from './shape.ts'

export function readGeminiChunk(event: unknown): Shape | null {
  const candidates = at(event, 'candidates')
  if (!Array.isArray(candidates)) return null
  const shape = new Shape()
  candidates.forEach((candidate, i) => {
    const text = `candidate/${id(at(candidate, 'index'), i)}/`
    addParts(shape, at(candidate, 'content'), `candidates.${i}.content`, text)
    if (id(at(candidate, 'finishReason'), at(candidate, 'finish_reason')) !== '') shape.end(text)
  })
  return shape
}

/** The Live API. */
export function readLiveMessage(event: unknown): Shape | null {
  const content = at(event, 'serverContent')
  if (content === undefined) return null
  const shape = new Shape()
  addParts(shape, at(content, 'modelTurn'), 'serverContent.modelTurn', 'live/')
  for (const field of ['inputTranscription', 'outputTranscription']) {
    shape.add(at(at(content, field), 'text'), `serverContent.${field}.text`, `live/${field}`)
  }
  const isOver = ['generationComplete', 'turnComplete', 'interrupted'].some(
    (field) => at(content, field) === true,
  )
  if (isOver) shape.end('live/')
  return shape
}

function addParts(shape: Shape, content: unknown, path: string, text: string): void {
  list(at(content, 'parts')).forEach((part, i) => {
    const isThought = at(part, 'thought') === true
    const own = `${path}.parts.${i}`
    shape.add(at(part, 'text'), `${own}.text`, text + (isThought ? 'thought' : 'text'))
    for (const field of ['thoughtSignature', 'thought_signature']) {
      shape.addSealed(at(part, field), `${own}.${field}`, null)
    }
  })
}
