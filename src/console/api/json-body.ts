/** The body of a request to the API: JSON, and said to be that, because a form of another site cannot say so. */

import type { IncomingMessage } from 'node:http'
import type { Fault } from '../answers.ts'
import { MAX_BODY } from '../server.ts'
import { invalid } from './handler.ts'

export interface JsonBody {
  /** `{}` where there was none. */
  readonly value: unknown
  readonly bytes: Buffer
}

export async function readBody(request: IncomingMessage): Promise<JsonBody | Fault> {
  const bytes = await collect(request)
  if (!Buffer.isBuffer(bytes)) return bytes
  if (bytes.length === 0) return { value: {}, bytes }
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return invalid('the body is not said to be application/json')
  }
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), bytes }
  } catch {
    return invalid('the body is not JSON')
  }
}

/** Not by iteration: that would close the connection of whoever sends too much, before they have heard why. */
export function collect(request: IncomingMessage): Promise<Buffer | Fault> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let size = 0
    request.on('data', (piece: Buffer) => {
      size += piece.length
      if (size <= MAX_BODY) pieces.push(piece)
      else {
        request.pause()
        resolve(TOO_LARGE)
      }
    })
    request.on('end', () => resolve(Buffer.concat(pieces)))
    request.on('close', () => resolve(invalid('the body did not come to its end')))
  })
}

const TOO_LARGE: Fault = {
  fault: 'too-large',
  detail: `a body has at most ${MAX_BODY} bytes`,
  hint: null,
}
