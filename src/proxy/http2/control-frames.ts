/** Frames other than DATA, HEADERS and CONTINUATION: which of them belong to the connection, which to a stream, and how long they are (RFC 9113 section 6). */

import { type ConnectionFault, ERROR, FLAG, FRAME } from './frames.ts'

/** What is wrong with the form of one; null when nothing is, or its type is not known here. */
export function controlFault(
  type: number,
  flags: number,
  stream: number,
  length: number,
): ConnectionFault | null {
  switch (type) {
    case FRAME.priority:
      if (stream === 0) return misplaced('PRIORITY belongs to no stream')
      return length === 5 ? null : WRONG_SIZE
    case FRAME.reset:
    case FRAME.windowUpdate:
      return length === 4 ? null : WRONG_SIZE
    case FRAME.settings:
      if (stream !== 0) return misplaced('SETTINGS belong to a stream')
      return ((flags & FLAG.ack) !== 0 ? length === 0 : length % 6 === 0) ? null : WRONG_SIZE
    case FRAME.ping:
      if (stream !== 0) return misplaced('PING belongs to a stream')
      return length === 8 ? null : WRONG_SIZE
    case FRAME.goAway:
      if (stream !== 0) return misplaced('GOAWAY belongs to a stream')
      return length >= 8 ? null : WRONG_SIZE
    default:
      return null
  }
}

function misplaced(detail: string): ConnectionFault {
  return { code: ERROR.protocol, detail }
}

const WRONG_SIZE: ConnectionFault = { code: ERROR.frameSize, detail: 'a frame has a wrong size' }
