/** What is bound to a statement, as Bind has it: formats, values, and the formats of results. */

import type { ValueColumn } from '../../inspector.ts'
import { FRONTEND, HEAD, readText, toMessage } from './messages.ts'

export interface Bind {
  readonly portal: Buffer
  readonly statement: Buffer
}

/** @param message may be its beginning */
export function readBind(message: Buffer): Bind | null {
  const portal = readText(message, HEAD)
  const statement = portal && readText(message, HEAD + portal.length + 1)
  return statement && { portal, statement }
}

/** A parameter, as far as it is known. */
export interface Parameters {
  readonly names: readonly string[]
  /** By the numbers of their types, 0 for what is not known. */
  types: readonly number[]
}

export interface BoundValues {
  readonly columns: readonly ValueColumn[]
  /** How many there are, and each with its length before it. */
  readonly values: Buffer
  /** The message with others in their place. */
  with(values: Buffer): Buffer
}

/** @returns null for what is no Bind */
export function readBoundValues(
  message: Buffer,
  { portal, statement }: Bind,
  { names, types }: Parameters,
): BoundValues | null {
  let at = HEAD + portal.length + statement.length + 2
  const formats = readInt16s(message, at)
  if (!formats) return null
  at += 2 + 2 * formats.length
  const end = endOfValues(message, at)
  if (end === null) return null
  const values = message.subarray(at, end)
  const count = values.readUInt16BE(0)
  if (formats.length > 1 && formats.length !== count) return null
  const columns = Array.from({ length: count }, (_, i) => ({
    name: names[i] ?? '',
    type: types[i] ?? 0,
    isBinary: (formats.length === 1 ? formats[0] : formats[i]) === 1,
  }))
  const [head, tail] = [message.subarray(HEAD, at), message.subarray(end)]
  return { columns, values, with: (now) => toMessage(FRONTEND.bind, head, now, tail) }
}

/** Types of parameters as Parse declares them, and as a ParameterDescription tells them. */
export function readTypes(message: Buffer, at: number): readonly number[] | null {
  if (message.length < at + 2) return null
  const count = message.readUInt16BE(at)
  if (message.length !== at + 2 + 4 * count) return null
  return Array.from({ length: count }, (_, i) => message.readUInt32BE(at + 2 + 4 * i))
}

function readInt16s(message: Buffer, at: number): readonly number[] | null {
  if (message.length < at + 2) return null
  const count = message.readUInt16BE(at)
  if (message.length < at + 2 + 2 * count) return null
  return Array.from({ length: count }, (_, i) => message.readUInt16BE(at + 2 + 2 * i))
}

function endOfValues(message: Buffer, from: number): number | null {
  if (message.length < from + 2) return null
  let at = from + 2
  for (let left = message.readUInt16BE(from); left > 0; left--) {
    if (message.length < at + 4) return null
    const size = message.readInt32BE(at)
    at += 4 + Math.max(size, 0)
    if (size < -1 || at > message.length) return null
  }
  return at
}
