/** A body: by its declared type and by how it begins, what it is read as. */

import { parseContentType } from './content-type.ts'
import { EventQueue } from './event-queue.ts'
import { JsonReader } from './json.ts'
import { LineReader } from './lines.ts'
import { readModelEvent } from './llm/read-shape.ts'
import { openText } from './open-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { SseReader } from './sse.ts'

const JSON_TYPE = /^(?:application|text)\/(?:[^/]*\+)?json$/
const LINES_TYPE =
  /^(?:application|text)\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|json-seq|stream\+json)$/

export function openBody(job: Job, contentType: string | null, patch: Patch): Reader {
  const place: Place = { path: 'body', key: '', kind: 'text', context: job.scan.under('') }
  const { type } = parseContentType(contentType)
  if (type === 'text/event-stream') {
    return new SseReader(job, place, patch, new EventQueue(job, place, readModelEvent))
  }
  if (LINES_TYPE.test(type)) {
    return new LineReader(job, place, patch, new EventQueue(job, place, readModelEvent))
  }
  if (JSON_TYPE.test(type)) return new JsonReader(job, place, 0, patch)
  return openText(job, place, 0, patch)
}
