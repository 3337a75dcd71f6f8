/**
 * Responses of OpenAI: `response.*.delta` with one string, ended by its `.done`, which says the whole of it again. What is said again is
 * looked at for itself, and comes out the same.
 */

import { at, id, list, Shape } from './shape.ts'

/** Sound and pictures. */
const BINARY = /[._](?:audio|partial_image)\.(?:delta|done)$/

/** What Realtime says of what somebody has said ends so. */
const TRANSCRIBED = /^conversation\.item\..*(\.(?:completed|failed))$/

export function readResponsesEvent(event: unknown): Shape | null {
  const type = at(event, 'type')
  if (typeof type !== 'string' || !/^(?:response|conversation)\./.test(type)) return null
  const shape = new Shape()
  const item = id(at(event, 'item_id'), at(event, 'output_index'))
  const part = id(at(event, 'content_index'), at(event, 'summary_index'))
  const text = (end: string) => `responses/${item}/${type.slice(0, -end.length)}/${part}/`
  if (type.endsWith('.delta')) {
    if (BINARY.test(type)) shape.addSealed(at(event, 'delta'), 'delta', text('.delta'))
    else shape.add(at(event, 'delta'), 'delta', text('.delta'))
  } else if (type.endsWith('.done')) shape.end(text('.done'))
  else if (TRANSCRIBED.test(type)) shape.end(text(TRANSCRIBED.exec(type)?.[1] ?? ''))
  else if (/^response\.(?:completed|incomplete|failed|done)$/.test(type)) shape.end('responses/')
  shape.addSealed(at(at(event, 'item'), 'encrypted_content'), 'item.encrypted_content', null)
  list(at(at(event, 'response'), 'output')).forEach((output, i) => {
    const path = `response.output.${i}.encrypted_content`
    shape.addSealed(at(output, 'encrypted_content'), path, null)
  })
  return shape
}
