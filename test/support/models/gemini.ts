/** generateContent as generativelanguage.googleapis.com speaks it: each event in the form of a whole answer, calls all at once. */

import { argumentsOf, type Block, type ModelApi } from './turn.ts'

const head = {
  usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 34, totalTokenCount: 46 },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'Vq4kaZ3nLrqKmtkP2eCQ0Ao',
}

export const gemini: ModelApi = {
  path: /^\/v1beta\/models\/[^/]+:(?:g|streamG)enerateContent/,
  streamType: 'text/event-stream',
  isStream: (url) => url.includes(':streamGenerateContent'),
  stream(turn) {
    const parts = turn.flatMap(toParts)
    return parts.map((part, i) => {
      const isLast = i === parts.length - 1
      const content = { parts: [part], role: 'model' }
      const candidate = { content, ...(isLast ? { finishReason: 'STOP' } : {}), index: 0 }
      return `data: ${JSON.stringify({ candidates: [candidate], ...head })}\r\n\r\n`
    })
  },
  whole: (turn) => ({
    candidates: [
      { content: { parts: turn.flatMap(toPart), role: 'model' }, finishReason: 'STOP', index: 0 },
    ],
    ...head,
  }),
}

function toParts(block: Block): object[] {
  if (block.kind === 'text') return block.pieces.map((text) => ({ text }))
  if (block.kind !== 'thinking') return toPart(block)
  const thoughts = [...block.text].map((text) => ({ text, thought: true }))
  return [...thoughts, { text: '', thoughtSignature: block.signature }]
}

function toPart(block: Block): object[] {
  switch (block.kind) {
    case 'text':
      return [{ text: block.pieces.join('') }]
    case 'call':
      return [{ functionCall: { id: block.id, name: block.name, args: argumentsOf(block) } }]
    case 'thinking':
      return [{ text: block.text, thought: true, thoughtSignature: block.signature }]
    case 'sealed':
      return [{ text: '', thoughtSignature: block.data }]
    default:
      return block satisfies never
  }
}
