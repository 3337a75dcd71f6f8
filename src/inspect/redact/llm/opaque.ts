/**
 * Where APIs of models have what is not for people to read: signatures, encrypted thoughts, pictures, sound, embeddings. By the end of the
 * path, so the same in a request, in an answer, in an event and in a line of a batch. What stands there has to look like that as well.
 */

import { Base64Reader } from '../base64.ts'
import type { JsonPath } from '../json-path.ts'
import { openText } from '../open-text.ts'
import type { Job, Patch, Reader } from '../reader.ts'
import { Unread } from '../unread.ts'

type Kind =
  /** Base64. */
  | 'sealed'
  /** Says of a block what it is. */
  | 'kind'
  /** What a model thought, which is signed: left as it is in a block that said that it is one, or had its signature. */
  | 'thought'
  /** The same where nothing else can stand. */
  | 'signed'

/** Keys up to the name; `#` is any element of a list, `^` the outermost object. */
const PATHS = compile({
  sealed: {
    // Anthropic; Bedrock; OpenRouter.
    signature: ['content.#', 'reasoningContent.reasoningText', 'reasoning_details.#'],
    // Anthropic and MCP; Gemini; OpenAI.
    data: [
      'content.#',
      'content_block',
      'source',
      'inlineData',
      'inline_data',
      'input_audio',
      'audio',
      'reasoning_details.#',
    ],
    // MCP.
    blob: ['resource', 'contents.#'],
    // Bedrock.
    bytes: ['source'],
    redactedContent: ['reasoningContent'],
    // Gemini.
    thoughtSignature: ['parts.#'],
    thought_signature: ['parts.#', 'extra_content.google'],
    // OpenAI; results of Anthropic's searches.
    encrypted_content: ['input.#', 'output.#', 'item', 'content.#', '^'],
    encrypted_index: ['citations.#', 'citation'],
    b64_json: ['data.#', '^'],
    partial_image_b64: ['^'],
    result: ['output.#', 'input.#', 'item'],
    file_data: ['file', 'content.#'],
    embedding: ['data.#'],
  },
  kind: { type: ['content.#', 'reasoning_details.#'] },
  thought: { thinking: ['content.#'], text: ['reasoning_details.#'] },
  signed: { text: ['reasoningContent.reasoningText'] },
})

/** How what OpenAI encrypts begins: a version and a time (Fernet). */
const SEALED_PREFIX = 'gAAAA'

const THOUGHTS = ['thinking', 'reasoning.text']

/** Whether the value of a key may be such a thing. */
export function mayBeOpaque(key: string): boolean {
  return PATHS.has(key)
}

/** @returns null for what is like any other text */
export function opaqueKind(path: JsonPath): Kind | null {
  const { steps } = path
  const key = steps[steps.length - 1]
  for (const each of (typeof key === 'string' && PATHS.get(key)) || []) {
    if (!endsWith(steps, each.steps)) continue
    return each.kind !== 'thought' || path.isMarked ? each.kind : null
  }
  return null
}

/** @param text what a block says that it is */
export function noteKind(path: JsonPath, text: string): void {
  if (THOUGHTS.includes(text)) path.mark()
}

/** @param depth texts that it is in */
export function openOpaque(
  kind: Kind,
  job: Job,
  path: JsonPath,
  depth: number,
  patch: Patch,
): Reader {
  switch (kind) {
    case 'sealed':
      return new Base64Reader(job, path.text, depth, patch, {
        contentType: null,
        prefix: SEALED_PREFIX,
        onSealed: () => path.mark(),
      })
    case 'kind':
      return new KindReader(openText(job, path.text, depth, patch), (text) => noteKind(path, text))
    case 'thought':
    case 'signed':
      return new Unread()
    default:
      return kind satisfies never
  }
}

interface OpaquePath {
  readonly kind: Kind
  readonly steps: readonly string[]
}

function compile(
  kinds: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>>,
): ReadonlyMap<string, readonly OpaquePath[]> {
  const paths = new Map<string, OpaquePath[]>()
  for (const [kind, keys] of Object.entries(kinds) as [Kind, Record<string, string[]>][]) {
    for (const [key, ends] of Object.entries(keys)) {
      const steps = ends.map((end) => ({ kind, steps: [...end.split('.'), key] }))
      paths.set(key, [...(paths.get(key) ?? []), ...steps])
    }
  }
  return paths
}

function endsWith(steps: readonly (string | number)[], path: readonly string[]): boolean {
  if (path[0] === '^') return steps.length === path.length - 1
  const from = steps.length - path.length
  if (from < 0) return false
  for (let i = path.length - 1; i >= 0; i--) {
    const step = steps[from + i]
    if (path[i] === '#' ? typeof step !== 'number' : step !== path[i]) return false
  }
  return true
}

/** A short text that is also to be known. */
class KindReader implements Reader {
  readonly #reader: Reader
  readonly #done: (text: string) => void
  #text = ''

  constructor(reader: Reader, done: (text: string) => void) {
    this.#reader = reader
    this.#done = done
  }

  get decided(): number {
    return this.#reader.decided
  }

  push(bytes: Buffer): void {
    if (this.#text.length < 32) this.#text += bytes.toString('latin1', 0, 32)
    this.#reader.push(bytes)
  }

  settle(): void {
    this.#reader.settle()
  }

  end(): void {
    this.#reader.end()
    this.#done(this.#text)
  }
}
