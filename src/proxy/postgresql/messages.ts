/**
 * Messages of PostgreSQL's protocol 3 (chapter 55 of its manual): what there is from each side, how long it may be, and those we write
 * ourselves. All but the first of a client have a type of one byte and a length of four, which counts itself.
 */

/** Bytes of type and length. */
export const HEAD = 5

/** What the server itself takes and makes at most: an allocation of 1 GB. */
export const MAX_MESSAGE = 0x3fff_ffff

/** Types by name, from the client. */
export const FRONTEND = {
  bind: code('B'),
  close: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  describe: code('D'),
  execute: code('E'),
  flush: code('H'),
  functionCall: code('F'),
  parse: code('P'),
  password: code('p'),
  query: code('Q'),
  sync: code('S'),
  terminate: code('X'),
} as const

/** Types by name, from the server. */
export const BACKEND = {
  authentication: code('R'),
  backendKeyData: code('K'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  commandComplete: code('C'),
  copyBothResponse: code('W'),
  copyData: code('d'),
  copyDone: code('c'),
  copyInResponse: code('G'),
  copyOutResponse: code('H'),
  dataRow: code('D'),
  emptyQueryResponse: code('I'),
  errorResponse: code('E'),
  functionCallResponse: code('V'),
  negotiateProtocolVersion: code('v'),
  noData: code('n'),
  noticeResponse: code('N'),
  notificationResponse: code('A'),
  parameterDescription: code('t'),
  parameterStatus: code('S'),
  parseComplete: code('1'),
  portalSuspended: code('s'),
  readyForQuery: code('Z'),
  rowDescription: code('T'),
} as const

function code(letter: string): number {
  return letter.charCodeAt(0)
}

/** A message of that type; its parts are joined. */
export function toMessage(type: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
  const length = bytes.reduce((sum, part) => sum + part.length, 0)
  const message = Buffer.allocUnsafe(HEAD + length)
  message[0] = type
  message.writeInt32BE(length + 4, 1)
  let at = HEAD
  for (const part of bytes) at += part.copy(message, at)
  return message
}

export function toInt16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeInt16BE(value)
  return bytes
}

/** A text up to its zero. @returns null where there is no zero */
export function readText(bytes: Buffer, at: number): Buffer | null {
  const end = bytes.indexOf(0, at)
  return end < 0 ? null : bytes.subarray(at, end)
}
