/** A body: by its declared type and by how it begins, what it is read as. */

import { parseContentType } from './content-type.ts'
import { EventQueue } from './event-queue.ts'
import { JsonReader } from './json.ts'
import { openText } from './open-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { SseReader } from './sse.ts'

export function openBody(job: Job, contentType: string | null, patch: Patch): Reader {
  const place: Place = { path: 'body', key: '', kind: 'text', context: job.scan.under('') }
  const { type } = parseContentType(contentType)
  if (type === 'text/event-stream') {
    return new SseReader(job, place, patch, new EventQueue(job, place, () => null))
  }
  if (/^application\/(?:.*\+)?json$/.test(type)) return new JsonReader(job, place, 0, patch)
  return openText(job, place, 0, patch)
}
