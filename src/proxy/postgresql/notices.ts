/**
 * What a server of PostgreSQL says in words, of errors or by itself, and what other sessions send by NOTIFY: values stand in it as they do in rows,
 * and are taken out of it by the same plan.
 */

import type { Released } from '../statements/judge.ts'
import type { Conversation, Onward } from './conversation.ts'
import { HEAD, readText, toMessage } from './messages.ts'
import { addFound } from './rows.ts'

/**
 * Fields of errors and notices in which there may be values: message, detail, hint, context, query, and names of a schema, a table, a column, a type and a
 * constraint, which RAISE takes from anywhere.
 */
const IN_WORDS = new Set(['M', 'D', 'H', 'W', 'q', 's', 't', 'c', 'd', 'n'])

/** ErrorResponse and NoticeResponse. */
export function redactNotice(
  conversation: Conversation,
  released: Released | null,
  message: Buffer,
): Onward {
  if (!released?.permit.redact) return true
  const fields = message.subarray(HEAD).toString('latin1').split('\0')
  const words = fields.filter((field) => IN_WORDS.has(field.slice(0, 1)))
  const now = redactWords(
    conversation,
    released,
    words.map((field) => field.slice(1)),
  )
  if (!now) return true
  let i = 0
  const changed = fields.map((field) =>
    IN_WORDS.has(field.slice(0, 1)) ? `${field.slice(0, 1)}${now[i++] ?? ''}` : field,
  )
  return toMessage(message[0] ?? 0, Buffer.from(changed.join('\0'), 'latin1'))
}

/** NotificationResponse: process, channel, and what was sent. */
export function redactNotification(
  conversation: Conversation,
  released: Released | null,
  message: Buffer,
): Onward {
  return redactTexts(conversation, released, message, HEAD + 4)
}

/** ParameterStatus: a setting, and its value, which a statement may have taken from anywhere. */
export function redactParameter(
  conversation: Conversation,
  released: Released | null,
  message: Buffer,
): Onward {
  return redactTexts(conversation, released, message, HEAD)
}

/** Two texts, which is all that the message has from there on. */
function redactTexts(
  conversation: Conversation,
  released: Released | null,
  message: Buffer,
  at: number,
): Onward {
  const first = readText(message, at)
  const second = first && readText(message, at + first.length + 1)
  if (!released?.permit.redact || !second) return true
  const words = [first, second].map((text) => text.toString('latin1'))
  const now = redactWords(conversation, released, words)
  if (!now) return true
  const texts = now.map((text) => Buffer.from(`${text}\0`, 'latin1'))
  return toMessage(message[0] ?? 0, message.subarray(HEAD, at), ...texts)
}

/** @param words bytes as latin-1  @returns null where all stays */
function redactWords(
  { inspectorFor }: Conversation,
  { permit, redactions }: Released,
  words: readonly string[],
): string[] | null {
  if (!permit.redact || words.length === 0) return null
  const columns = words.map(() => ({ name: '', type: TEXT, isBinary: false }))
  const agent = permit.admission.flow.agent.id
  const redactor = inspectorFor(permit).openValues('in', columns, permit.redact, agent)
  const values = toValues(words)
  const now = redactor.push(values)
  if (now === null || now === values) return null
  addFound(redactions, 'in', redactor.found)
  return fromValues(now)
}

/** The type `text`. */
const TEXT = 25

function toValues(texts: readonly string[]): Buffer {
  const parts = [Buffer.alloc(2)]
  parts[0]?.writeInt16BE(texts.length)
  for (const text of texts) {
    const length = Buffer.alloc(4)
    length.writeInt32BE(text.length)
    parts.push(length, Buffer.from(text, 'latin1'))
  }
  return Buffer.concat(parts)
}

function fromValues(values: Buffer): string[] {
  const texts: string[] = []
  for (let at = 2; at < values.length; ) {
    const length = Math.max(values.readInt32BE(at), 0)
    texts.push(values.toString('latin1', at + 4, at + 4 + length))
    at += 4 + length
  }
  return texts
}
