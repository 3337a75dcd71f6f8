/** Formats of bodies, each with how texts are written in it and how whoever gets them reads them; reading fails where it is not that format any more. */

import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { FRAMED_FORMATS } from './framed-formats.ts'
import { anthropic } from './models/anthropic.ts'
import { bedrockConverse, bedrockInvoke } from './models/bedrock.ts'
import { gemini } from './models/gemini.ts'
import { openaiChat } from './models/openai-chat.ts'
import { openaiResponses } from './models/openai-responses.ts'
import type { ModelApi, Turn } from './models/turn.ts'

export interface BodyFormat {
  readonly name: string
  readonly type: string
  /** @param cut of a text, the pieces in which a stream says it */
  write(texts: readonly string[], cut: (text: string) => string[]): Buffer
  read(body: Buffer): string[]
  /** Letters that cannot be written in it. */
  readonly without?: RegExp
}

const NUMBERS = { n: 7, f: -1.5e3, yes: true, nothing: null, empty: [] }

/** JSON in which nothing but texts may change. */
function toJson(texts: readonly string[]): object {
  return { items: texts.map((content) => ({ role: 'user', content, ...NUMBERS })) }
}

function fromJson(value: unknown): string[] {
  const { items } = value as { items: { content: string }[] }
  for (const item of items) assert.deepEqual(item, { ...item, role: 'user', ...NUMBERS })
  return items.map(({ content }) => content)
}

const BOUNDARY = 'x5Zb--3'

export const FORMATS: readonly BodyFormat[] = [
  {
    name: 'JSON',
    type: 'application/json',
    write: (texts) => Buffer.from(JSON.stringify(toJson(texts))),
    read: (body) => fromJson(JSON.parse(`${body}`)),
  },
  {
    name: 'JSON with all escapes',
    type: 'application/json',
    write: (texts) => Buffer.from(toEscaped(JSON.stringify(toJson(texts), null, 2))),
    read: (body) => fromJson(JSON.parse(`${body}`)),
  },
  {
    name: 'JSON in JSON in JSON',
    type: 'application/json; charset=utf-8',
    write: (texts) =>
      Buffer.from(JSON.stringify({ a: JSON.stringify({ b: JSON.stringify(toJson(texts)) }) })),
    read: (body) => fromJson(JSON.parse(JSON.parse(JSON.parse(`${body}`).a).b)),
  },
  {
    name: 'JSON in UTF-16',
    type: 'application/json',
    write: (texts) => Buffer.from(`\ufeff${JSON.stringify(toJson(texts))}`, 'utf16le'),
    read: (body) => fromJson(JSON.parse(body.toString('utf16le').slice(1))),
  },
  {
    name: 'lines of JSON',
    type: 'application/x-ndjson',
    write: (texts) =>
      Buffer.from(texts.map((text) => `${JSON.stringify({ text, ...NUMBERS })}\n`).join('')),
    read: (body) => toLines(body).map((line) => JSON.parse(line).text),
  },
  {
    name: 'events',
    type: 'text/event-stream',
    write: (texts) =>
      Buffer.from(
        texts
          .map((text, i) => `id: ${i}\nevent: e\ndata: ${JSON.stringify({ text })}\n\n`)
          .join(''),
      ),
    read: (body) => events(body).map(({ text }) => text as string),
  },
  {
    name: 'events of text',
    type: 'text/event-stream; charset=utf-8',
    without: /[\r\n]/g,
    write: (texts) => Buffer.from(texts.map((text) => `data: x ${text}\r\n\r\n`).join('')),
    read: (body) => {
      const all = `${body}`.split('\r\n\r\n')
      assert.equal(all.pop(), '')
      return all.map((event) => event.slice('data: x '.length))
    },
  },
  {
    name: 'form',
    type: 'application/x-www-form-urlencoded',
    write: (texts) => Buffer.from(`${new URLSearchParams(texts.map((text) => ['t', text]))}`),
    read: (body) => new URLSearchParams(`${body}`).getAll('t'),
  },
  {
    name: 'parts',
    type: `multipart/form-data; boundary="${BOUNDARY}"`,
    write: (texts) =>
      Buffer.from(
        `${texts
          .map((text, i) => {
            const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="t${i}"`
            return `${head}${i % 2 ? '; filename="a.txt"\r\nContent-Type: text/plain' : ''}\r\n\r\n${text}\r\n`
          })
          .join('')}--${BOUNDARY}--\r\n`,
      ),
    read: (body) => {
      const parts = `${body}`.split(`--${BOUNDARY}`)
      assert.equal(parts.pop(), '--\r\n')
      return parts.slice(1).map((part) => part.slice(part.indexOf('\r\n\r\n') + 4, -2))
    },
  },
  {
    name: 'XML',
    type: 'application/soap+xml',
    without: /\r/g,
    write: (texts) =>
      Buffer.from(
        `<?xml version="1.0"?>\n<a>${texts.map((text) => `<t u="1">${toXml(text)}</t>`).join('\n')}</a>`,
      ),
    read: (body) => {
      assert.match(`${body}`, /^<\?xml version="1.0"\?>\n<a>.*<\/a>$/s)
      return [...`${body}`.matchAll(/<t u="1">([^<]*)<\/t>/g)].map(([, text]) => fromXml(text))
    },
  },
  {
    name: 'HTML',
    type: 'text/html',
    without: /\r/g,
    write: (texts) =>
      Buffer.from(
        `<!doctype html><body>${texts.map((text) => `<p title="${toXml(text)}">x</p>`).join('')}`,
      ),
    read: (body) =>
      [...`${body}`.matchAll(/<p title="([^"]*)">x<\/p>/g)].map(([, text]) => fromXml(text)),
  },
  {
    name: 'CSV',
    type: 'text/csv',
    write: (texts) =>
      Buffer.from(
        `id,note\r\n${texts.map((text, i) => `${i},"${text.replaceAll('"', '""')}"\r\n`).join('')}`,
      ),
    read: (body) =>
      [...`${body}`.matchAll(/(\d+),"((?:[^"]|"")*)"\r\n/g)].map(([, i, text = ''], at) => {
        assert.equal(Number(i), at)
        return text.replaceAll('""', '"')
      }),
  },
  {
    name: 'text',
    type: 'text/plain',
    without: /\x1e/g,
    write: (texts) => Buffer.from(`x ${texts.join('\x1e')}`),
    read: (body) => `${body}`.slice(2).split('\x1e'),
  },
  {
    name: 'text in UTF-16, the other way round',
    type: 'text/plain; charset=utf-16be',
    without: /\0/g,
    write: (texts) => Buffer.from(`x ${texts.join('|')}`, 'utf16le').swap16(),
    read: (body) => Buffer.from(body).swap16().toString('utf16le').slice(2).split('|'),
  },
  {
    name: 'text in Base64',
    type: 'application/json',
    write: (texts) =>
      Buffer.from(
        JSON.stringify({
          contents: [
            {
              parts: texts.map((text) => ({
                inlineData: { mimeType: 'text/plain', data: toBase64(`Note: ${text}`) },
              })),
            },
          ],
        }),
      ),
    read: (body) =>
      JSON.parse(`${body}`).contents[0].parts.map(
        ({ inlineData }: { inlineData: { data: string } }) =>
          Buffer.from(inlineData.data, 'base64').toString().slice('Note: '.length),
      ),
  },
  {
    name: 'data: URLs',
    type: 'application/json',
    write: (texts) =>
      Buffer.from(
        JSON.stringify(
          texts.map((text, i) =>
            i % 2
              ? `data:text/plain,x%20${encodeURIComponent(text)}`
              : `data:text/plain;charset=utf-8;base64,${toBase64(`x ${text}`)}`,
          ),
        ),
      ),
    read: (body) =>
      JSON.parse(`${body}`).map((url: string, i: number) =>
        (i % 2
          ? decodeURIComponent(url.slice(url.indexOf(',') + 1))
          : Buffer.from(url.slice(url.indexOf(',') + 1), 'base64').toString()
        ).slice(2),
      ),
  },
  model('chat completions', openaiChat, (body) => {
    const deltas = events(body).flatMap((event) => {
      assert.equal(event.object, 'chat.completion.chunk')
      return (event.choices as { delta: ChatDelta }[]).map(({ delta }) => delta)
    })
    const calls = deltas.map(({ tool_calls }) => tool_calls?.[0]?.function.arguments ?? '')
    return [deltas.map(({ content }) => content ?? '').join(''), calls.join('')]
  }),
  model('responses', openaiResponses, (body) => {
    const all = events(body) as { type: string; delta: string; response: ResponseOutput }[]
    const said = (type: string) =>
      all.flatMap((event) => (event.type === type ? event.delta : [])).join('')
    const texts = [
      said('response.output_text.delta'),
      said('response.function_call_arguments.delta'),
    ]
    // All that says it again says the same.
    const output = all.at(-1)?.response.output ?? []
    assert.deepEqual([output[0]?.content?.[0]?.text, output[1]?.arguments], texts)
    const again = JSON.stringify(all.filter(({ type }) => /\.done$/.test(type)))
    for (const text of texts) assert.ok(again.includes(JSON.stringify(text)))
    return texts
  }),
  model('messages', anthropic, (body) => readMessages(events(body))),
  model('Converse of Bedrock', bedrockConverse, (body) => {
    const all = frames(body) as { delta?: { text?: string; toolUse?: { input: string } } }[]
    return [
      all.map(({ delta }) => delta?.text ?? '').join(''),
      all.map(({ delta }) => delta?.toolUse?.input ?? '').join(''),
    ]
  }),
  model('InvokeModel of Bedrock', bedrockInvoke, (body) =>
    readMessages(
      frames(body).map(({ bytes }) =>
        JSON.parse(Buffer.from(bytes as string, 'base64').toString()),
      ),
    ),
  ),
  model('Gemini', gemini, (body) => readChunks(events(body))),
  model(
    'Gemini in a list',
    {
      ...gemini,
      streamType: 'application/json; charset=UTF-8',
      stream: (turn) => {
        const chunks = gemini.stream(turn).flatMap((event) => events(Buffer.from(event)))
        const texts = chunks.map((chunk) => JSON.stringify(chunk, null, 2))
        return [`[${texts.join('\n,\r\n')}\n]\n`]
      },
    },
    (body) => readChunks(JSON.parse(`${body}`)),
  ),
  {
    name: 'Ollama',
    type: 'application/x-ndjson',
    write: (texts, cut) =>
      Buffer.from(
        texts
          .flatMap((text) => [
            ...cut(text).map((content) => ({ message: { content }, done: false })),
            { message: { content: '' }, done: true },
          ])
          .map((line) => `${JSON.stringify(line)}\n`)
          .join(''),
      ),
    read: (body) => {
      const texts = ['']
      for (const line of toLines(body).map((each) => JSON.parse(each))) {
        texts.push(texts.pop() + line.message.content)
        if (line.done) texts.push('')
      }
      return texts.slice(0, -1)
    },
  },
  ...FRAMED_FORMATS,
]

interface ChatDelta {
  readonly content?: string
  readonly tool_calls?: { readonly function: { readonly arguments: string } }[]
}

interface ResponseOutput {
  readonly output: { content?: { text: string }[]; arguments?: string }[]
}

interface GeminiPart {
  readonly text?: string
  readonly functionCall?: { readonly args: unknown }
}

/** The first text is said, all of them are arguments of a call. */
function model(name: string, api: ModelApi, readTexts: (body: Buffer) => string[]): BodyFormat {
  return {
    name,
    type: api.streamType,
    write: (texts, cut) => {
      const args = JSON.stringify({ ...NUMBERS, texts })
      const turn: Turn = [
        { kind: 'text', pieces: cut(texts[0] ?? '') },
        { kind: 'call', id: 'call_Kb3xQ9vZm2', name: 'f', pieces: cut(args) },
      ]
      return Buffer.concat(api.stream(turn).map((event) => Buffer.from(event)))
    },
    read: (body) => {
      const [text = '', json = ''] = readTexts(body)
      const { texts, ...others } = JSON.parse(json)
      assert.deepEqual(others, NUMBERS)
      assert.equal(text, texts[0] ?? '')
      return texts
    },
  }
}

function readChunks(chunks: readonly Record<string, unknown>[]): string[] {
  const parts = chunks.flatMap(
    ({ candidates }) =>
      (candidates as { content: { parts: GeminiPart[] } }[])[0]?.content.parts ?? [],
  )
  return [
    parts.map(({ text }) => text ?? '').join(''),
    JSON.stringify(parts.find(({ functionCall }) => functionCall)?.functionCall?.args),
  ]
}

function readMessages(all: readonly Record<string, unknown>[]): string[] {
  const deltas = all.map(({ delta }) => delta as { text?: string; partial_json?: string })
  return [
    deltas.map((delta) => delta?.text ?? '').join(''),
    deltas.map((delta) => delta?.partial_json ?? '').join(''),
  ]
}

function events(body: Buffer): Record<string, unknown>[] {
  const all = `${body}`.split(/\r?\n\r?\n/)
  assert.equal(all.pop(), '')
  return all.flatMap((event) => {
    const data = /^data: (.*)$/m.exec(event)?.[1] ?? ''
    return data === '[DONE]' ? [] : [JSON.parse(data)]
  })
}

/** Messages of `application/vnd.amazon.eventstream`, whose checksums are right. */
function frames(body: Buffer): Record<string, unknown>[] {
  const all: Record<string, unknown>[] = []
  for (let at = 0; at < body.length; ) {
    const end = at + body.readUInt32BE(at)
    const head = body.readUInt32BE(at + 4)
    assert.equal(body.readUInt32BE(at + 8), crc32(body.subarray(at, at + 8)))
    assert.equal(body.readUInt32BE(end - 4), crc32(body.subarray(at, end - 4)))
    all.push(JSON.parse(body.toString('utf8', at + 12 + head, end - 4)))
    at = end
  }
  return all
}

function toLines(body: Buffer): string[] {
  const lines = `${body}`.split('\n')
  assert.equal(lines.pop(), '')
  return lines
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function toEscaped(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, (text) =>
    text.replace(/[0-9@A-D/]/g, (letter) => {
      return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
    }),
  )
}

function toXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('4', '&#x34;')
    .replaceAll('@', '&#64;')
}

function fromXml(text = ''): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)))
    .replaceAll('&quot;', '"')
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
}
