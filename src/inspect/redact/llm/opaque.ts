/**
 * Where APIs of models have what is not for people to read: signatures, encrypted thoughts, pictures, sound, embeddings. By the end of the
 * path, so the same in a request, in an answer, in an event and in a line of a batch. What stands there has to look like that as well.
 *
 * INVARIANT: nothing is left unread for where it stands but between an agent and a host that is known for such an API (`Sealed`).
 */

import { Base64Reader } from '../base64.ts'
import type { JsonPath } from '../json-path.ts'
import { openText } from '../open-text.ts'
import type { Job, Patch, Reader, Sealed } from '../reader.ts'
import { Unread } from '../unread.ts'

type Kind =
  /** Base64. */
  | 'sealed'
  /** What a model thought: left as it is where its signature stands beside it. */
  | 'thought'

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
  thought: {
    thinking: ['content.#'],
    text: ['reasoningContent.reasoningText', 'reasoning_details.#'],
  },
})

/** How what OpenAI encrypts begins: a version and a time (Fernet). */
const SEALED_PREFIX = 'gAAAA'

/** Whether the value of a key may be such a thing. */
export function mayBeOpaque(key: string): boolean {
  return PATHS.has(key)
}

/** @returns null for what is like any other text */
export function opaqueKind(path: JsonPath, sealed: Sealed): Kind | null {
  const { steps } = path
  const key = steps[steps.length - 1]
  for (const each of (typeof key === 'string' && PATHS.get(key)) || []) {
    // Thoughts are text like any other for whoever does not check their signature.
    const isText = each.kind === 'thought' && sealed === 'read'
    if (!isText && endsWith(steps, each.steps)) return each.kind
  }
  return null
}

/**
 * @param depth texts that it is in
 * @param begin called for a text that may turn out to be signed: with what it is read until then
 */
export function openOpaque(
  kind: Kind,
  job: Job,
  path: JsonPath,
  depth: number,
  patch: Patch,
  begin: () => Job,
): Reader {
  if (kind === 'sealed') {
    const isSignature = path.key === 'signature'
    return new Base64Reader(job, path.text, depth, patch, {
      contentType: null,
      prefix: SEALED_PREFIX,
      onSealed: () => isSignature && path.mark(),
    })
  }
  return path.isMarked ? new Unread() : openText(begin(), path.text, depth, patch)
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
