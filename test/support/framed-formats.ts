/** Formats of bodies whose texts stand in frames or between the quotes of another language than JSON: Protocol Buffers, gRPC, GraphQL. */

import assert from 'node:assert/strict'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { BodyFormat } from './body-formats.ts'
import { codecOf } from './protobuf.ts'

const NOTES = codecOf(
  `syntax = "proto3";
   message Notes { repeated Note notes = 1; bytes id = 2; repeated double vector = 3; }
   message Note { string text = 1; sint64 n = 2; Note again = 9; }`,
  'Notes',
)

const AROUND = {
  id: Buffer.from('\xff\x00\x80', 'latin1').toString('base64'),
  vector: [0.5, -1e300],
}

/** No field begins with such a letter: what can only be a text is read as that alone. */
const toText = (text: string) => `g ${text}`

function toNotes(texts: readonly string[]): Buffer {
  const notes = texts.map((text, n) => ({ text: toText(text), n, again: { text: toText(text) } }))
  return NOTES.encode({ notes, ...AROUND })
}

function fromNotes(message: Buffer): string[] {
  const { notes = [], ...around } = NOTES.decode(message) as {
    notes?: { text: string; n: string; again: { text: string } }[]
  }
  assert.deepEqual(around, AROUND)
  return notes.map(({ text, n, again }, i) => {
    assert.equal(n, String(i))
    assert.equal(again.text, text)
    return text.slice(2)
  })
}

const HEAD = 5

function toEnvelope(message: Buffer, flags: number): Buffer {
  const head = Buffer.alloc(HEAD)
  head.writeUInt8(flags)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function fromEnvelopes(body: Buffer): { flags: number; message: Buffer }[] {
  const all: { flags: number; message: Buffer }[] = []
  for (let at = 0; at < body.length; ) {
    const end = at + HEAD + body.readUInt32BE(at + 1)
    assert.ok(end <= body.length)
    all.push({ flags: body.readUInt8(at), message: body.subarray(at + HEAD, end) })
    at = end
  }
  return all
}

const BLOCKS = /"""((?:\\"""|(?!""")[\s\S])*)"""/g
const STRINGS = /"((?:[^"\\\n]|\\.)*)"/g

export const FRAMED_FORMATS: readonly BodyFormat[] = [
  {
    name: 'Protocol Buffers',
    type: 'application/x-protobuf',
    write: (texts) => toNotes(texts),
    read: fromNotes,
  },
  {
    name: 'gRPC',
    type: 'application/grpc',
    write: (texts) => Buffer.concat(texts.map((text) => toEnvelope(toNotes([text]), 0))),
    read: (body) => fromEnvelopes(body).flatMap(({ message }) => fromNotes(message)),
  },
  {
    name: 'gRPC, compressed, and its trailers on the web',
    type: 'application/grpc-web+proto',
    write: (texts) =>
      Buffer.concat([
        ...texts.map((text) => toEnvelope(gzipSync(toNotes([text])), 1)),
        toEnvelope(Buffer.from('grpc-status: 0\r\n'), 0x80),
      ]),
    read: (body) => {
      const all = fromEnvelopes(body)
      assert.deepEqual(all.pop(), { flags: 0x80, message: Buffer.from('grpc-status: 0\r\n') })
      return all.flatMap(({ flags, message }) => {
        assert.equal(flags, 1)
        return fromNotes(gunzipSync(message))
      })
    },
  },
  {
    name: 'strings of GraphQL',
    type: 'application/graphql',
    write: (texts) => {
      const fields = texts.map(
        (text, i) => `n${i}: add(note: ${JSON.stringify(text)}, n: 7) { id }`,
      )
      return Buffer.from(`mutation ($v: Int = 3) {\n  ${fields.join('\n  ')}\n}`)
    },
    read: (body) => {
      const skeleton = `${body}`.replace(STRINGS, 'S')
      assert.match(
        skeleton,
        /^mutation \(\$v: Int = 3\) \{\n( {2}n\d: add\(note: S, n: 7\) \{ id \}\n)*\}$/,
      )
      return [...`${body}`.matchAll(STRINGS)].map(([text]) => JSON.parse(text))
    },
  },
  {
    name: 'blocks of GraphQL in JSON',
    type: 'application/json',
    write: (texts) => {
      const list = texts.map((text) => `""" ${text.replaceAll('"""', '\\"""')} """`)
      const query = `# all of them\n{ add(notes: [${list.join(', ')}]) { id } }`
      return Buffer.from(JSON.stringify({ query, variables: {} }))
    },
    read: (body) => {
      const { query, variables } = JSON.parse(`${body}`)
      assert.deepEqual(variables, {})
      const skeleton = query.replace(BLOCKS, 'B')
      assert.match(skeleton, /^# all of them\n\{ add\(notes: \[B(, B)*\]\) \{ id \} \}$/)
      return [...query.matchAll(BLOCKS)].map(([, text = '']) =>
        text.slice(1, -1).replaceAll('\\"""', '"""'),
      )
    },
  },
]
