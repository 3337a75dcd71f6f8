/** What frames of HTTP/2 are made of (RFC 9113 sections 4 to 7). */

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const FLAG = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const

/** RFC 9113 section 7. */
export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
} as const

/** RFC 9113 section 6.5.2, RFC 8441 section 3. */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const

/** What a client opens its connection with (section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export const FRAME_HEADER_BYTES = 9
/** The largest payload everybody has to take, and the largest we take (section 4.2). */
export const MAX_FRAME_BYTES = 16_384
/** Of every flow-control window before anything else was said, and at most (section 6.9). */
export const DEFAULT_WINDOW = 65_535
export const MAX_WINDOW = 0x7fff_ffff

/** Something that ends the whole connection. */
/** Whether these bytes are how a server of HTTP/2 opens a connection (section 3.4): SETTINGS, and no beginning of an answer of HTTP/1. */
export function beginsAsServer(bytes: Buffer): boolean {
  if (bytes.length < FRAME_HEADER_BYTES || bytes[3] !== FRAME.settings || bytes[4] !== 0)
    return false
  return bytes.readUIntBE(0, 3) % 6 === 0 && bytes.readUInt32BE(5) === 0
}

export interface ConnectionFault {
  readonly code: number
  readonly detail: string
}
