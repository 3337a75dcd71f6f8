/** One server-sent event as it is written: what its data say, and where that stands. */

import { Layer } from './layer.ts'

const LF = 0x0a
const CR = 0x0d
const BLANK = 0x20

export interface SseEvent {
  readonly name: string
  /** The lines of its data, joined. */
  readonly data: Buffer
  readonly layer: Layer
  /** All lines that are not data. */
  readonly others: readonly { readonly start: number; readonly end: number }[]
}

/** @param base position of its first byte in the stream */
export function parseSseEvent(bytes: Buffer, base: number): SseEvent {
  const layer = new Layer(base)
  const others: { start: number; end: number }[] = []
  const data: Buffer[] = []
  let name = ''
  let inner = 0
  /** Position behind what of the event was made part of the data. */
  let outer = base
  const isMarked = base === 0 && bytes.subarray(0, 3).equals(MARK)
  for (let at = isMarked ? 3 : 0; at < bytes.length; ) {
    let end = at
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++
    const field = parseField(bytes, at, end)
    if (field.name === 'data') {
      const start = base + field.value
      // The field's name stands for nothing, and between two lines all there is for a line feed.
      layer.add(inner, outer, data.length > 0 ? 1 : 0, start - outer)
      if (data.length > 0) {
        data.push(Buffer.of(LF))
        inner++
      }
      data.push(bytes.subarray(field.value, end))
      inner += end - field.value
      outer = base + end
    } else {
      if (end > at) others.push({ start: at, end })
      if (field.name === 'event') name = bytes.toString('utf8', field.value, end)
    }
    at = end + 1
    if (bytes[end] === CR && bytes[at] === LF) at++
  }
  return {
    name,
    data: data.length === 1 ? (data[0] as Buffer) : Buffer.concat(data),
    layer,
    others,
  }
}

const MARK = Buffer.of(0xef, 0xbb, 0xbf)

function parseField(bytes: Buffer, start: number, end: number): { name: string; value: number } {
  const colon = bytes.indexOf(0x3a, start)
  if (colon < 0 || colon >= end) {
    // Without a colon it is the name, and the value is empty.
    return { name: bytes.toString('latin1', start, Math.min(end, start + 8)), value: end }
  }
  const name = bytes.toString('latin1', start, Math.min(colon, start + 8))
  return { name, value: bytes[colon + 1] === BLANK ? colon + 2 : colon + 1 }
}
