/** Bodies as they pass through a proxy, of every format, and the worst of each. Clean: what it costs when there is nothing to find. */

import { prose } from './clean/prose.ts'
import { cleanText } from './clean/text.ts'
import { Random } from './random.ts'

export interface Body {
  readonly type: string
  readonly bytes: Buffer
}

const JSON_TYPE = 'application/json'
const SSE = 'text/event-stream'
const FORM = 'application/x-www-form-urlencoded'

/** A request for a chat of about so many bytes, with a system prompt, a tool and paragraphs. */
export function chatRequest(seed: number, size: number): Body {
  const random = new Random(seed)
  const tool = {
    type: 'function',
    function: {
      name: 'find_page',
      description: prose(random, 12),
      parameters: {
        type: 'object',
        properties: { query: { type: 'string', description: prose(random, 6) } },
        required: ['query'],
      },
    },
  }
  const messages = [{ role: 'system', content: prose(random, 30) }]
  const write = () =>
    JSON.stringify({
      model: 'gpt-4.1-2025-04-14',
      messages,
      temperature: 0.7,
      max_tokens: 1024,
      stream: true,
      ...(size < 1000 ? {} : { tools: [tool], tool_choice: 'auto' }),
    })
  for (let i = 0, now = write().length; now < size; i++) {
    const words = Math.max(4, Math.min(120, Math.floor((size - now) / 8)))
    const half = words >> 1
    const content = `${prose(random, half)}\n\n${prose(random, words - half)}`
    messages.push({ role: i % 2 === 0 ? 'user' : 'assistant', content })
    now += content.length + 40
  }
  return { type: JSON_TYPE, bytes: Buffer.from(write()) }
}

/** The pieces of a text as models give them: a word each. */
function tokens(random: Random, size: number): string[] {
  const out: string[] = []
  for (let length = 0; length < size; ) {
    const piece = ` ${prose(random, 1).toLowerCase()}`
    out.push(piece)
    length += 160
  }
  return out
}

function chatStream(random: Random, size: number): Buffer {
  const id = `chatcmpl-${random.chars('abcdefghijklmnop', 24)}`
  const events = tokens(random, size).map((content) => ({
    id,
    object: 'chat.completion.chunk',
    created: 1_764_500_000,
    model: 'gpt-4.1-2025-04-14',
    system_fingerprint: 'fp_abcdefghij',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  }))
  return Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
}

function messagesStream(random: Random, size: number): Buffer {
  const events = tokens(random, size).map((text) => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text },
  }))
  return Buffer.from(
    events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  )
}

function responsesStream(random: Random, size: number): Buffer {
  const events = tokens(random, size).map((delta, i) => ({
    type: 'response.output_text.delta',
    item_id: 'msg_abcdefghijklmnop',
    output_index: 0,
    content_index: 0,
    delta,
    logprobs: [],
    obfuscation: 'abcdefgh',
    sequence_number: i,
  }))
  return Buffer.from(
    events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  )
}

function rows(size: number, row: (i: number) => string): Buffer {
  const out: string[] = []
  for (let length = 0, i = 0; length < size; i++) {
    const text = row(i)
    out.push(text)
    length += text.length + 1
  }
  return Buffer.from(out.join('\n'))
}

/** @param size of each, in bytes */
export function bodies(size: number): Readonly<Record<string, Body>> {
  const random = new Random(11)
  const records = (kinds: readonly string[]) => cleanText(12, size, kinds).toString().split('\n')
  const objects = records(['event', 'chat', 'commit', 'ids'])
  const word = () => random.pick(['red', 'green', 'amber', 'north', 'east', 'open', 'closed'])
  const json = (text: string | Buffer): Body => ({ type: JSON_TYPE, bytes: Buffer.from(text) })
  const of = (type: string, bytes: string | Buffer): Body => ({ type, bytes: Buffer.from(bytes) })
  const filled = (type: string, fill: string) => of(type, Buffer.alloc(size, fill))
  const pairs = (count: number) => Array.from({ length: count }, (_, i) => `f${i % 40}=${word()}`)
  return {
    'JSON: events, chats': json(`[${objects.join(',')}]`),
    'JSON: chats': chatRequest(13, size),
    'JSON: indented': json(
      JSON.stringify(
        objects.map((text) => JSON.parse(text)),
        null,
        2,
      ),
    ),
    'JSON: embeddings': json(`[${records(['embedding']).join(',')}]`),
    'JSON: code in strings': json(JSON.stringify({ content: records(['code', 'log']).join('\n') })),
    'JSON: short strings': json(`[${'["a","bc","def","a","bc"],'.repeat(size / 26)}[]]`),
    'JSON: in strings': json(JSON.stringify(objects.map((text) => ({ arguments: text })))),
    'JSON lines': of('application/x-ndjson', objects.join('\n')),
    'SSE: chat completions': of(SSE, chatStream(random, size * 1.2)),
    'SSE: messages': of(SSE, messagesStream(random, size)),
    'SSE: responses': of(SSE, responsesStream(random, size)),
    'SSE: other JSON': of(SSE, objects.map((text) => `data: ${text}\n\n`).join('')),
    form: of(FORM, pairs(size / 10).join('&')),
    'form: JSON in it': of(FORM, `payload=${encodeURIComponent(objects.join('\n'))}`),
    CSV: of(
      'text/csv',
      rows(size, (i) => `${i},${word()},"${word()} ${word()}",${random.next()},${word()}`),
    ),
    HTML: of(
      'text/html',
      rows(size, () => `<p class="${word()}">${prose(random, 8)} <b>${word()}</b></p>`),
    ),
    multipart: of(
      'multipart/form-data; boundary=b',
      `${objects.map((text) => `--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n${text}\r\n`).join('')}--b--`,
    ),
    text: of('text/plain', records(['log', 'code']).join('\n')),
    'worst: {"a":1}': filled(JSON_TYPE, '{"a":1}'),
    'worst: "",': of(JSON_TYPE, `[${'"",'.repeat(size / 3)}""]`),
    'worst: \\n in JSON': of(JSON_TYPE, `["${'\\n'.repeat(size / 2)}"]`),
    'worst: \\u0061 in JSON': of(JSON_TYPE, `["${'\\u0061'.repeat(size / 6)}"]`),
    'worst: [[[[]]]]': of(JSON_TYPE, '[[[[[[[[]]]]]]]]'.repeat(size / 16)),
    'worst: , in CSV': filled('text/csv', ','),
    'worst: a, in CSV': filled('text/csv', 'a,'),
    'worst: "", in CSV': filled('text/csv', '"",'),
    'worst: & in a form': filled(FORM, '&'),
    'worst: a=& in a form': filled(FORM, 'a=&'),
    'worst: %61 in a form': of(FORM, `a=${'%61'.repeat(size / 3)}`),
    'worst: line feeds': filled('text/plain', '\n'),
    'worst: line feeds in SSE': filled(SSE, '\n'),
    'worst: :\\n in SSE': filled(SSE, ':\n'),
    'worst: data:\\n in SSE': filled(SSE, 'data:\n'),
    'worst: data:a\\n\\n in SSE': filled(SSE, 'data:a\n\n'),
    'worst: line feeds in JSON lines': filled('application/x-ndjson', '\n'),
    'worst: 1\\n in JSON lines': filled('application/x-ndjson', '1\n'),
    'worst: [\\n in JSON lines': filled('application/x-ndjson', '[\n'),
    'worst: data:,a in JSON': of(JSON_TYPE, `[${'"data:,a",'.repeat(size / 10)}""]`),
    'worst: [[[[ in strings of JSON': of(JSON_TYPE, `[${'"[[[[",'.repeat(size / 7)}""]`),
    'worst: {a} in GraphQL': filled('application/graphql', '{a}'),
    'worst: data: [DONE] in SSE': filled(SSE, 'data: [DONE]\n\n'),
    'worst: parts of a byte': filled('multipart/form-data; boundary=b', '--b\r\n\r\na\r\n'),
    'worst: <a> in HTML': filled('text/html', '<a>'),
    'worst: <a b=""> in HTML': filled('text/html', '<a b="">'),
    'worst: &#97; in HTML': filled('text/html', '&#97;'),
  }
}
