/** A request as the readers of this folder see it: the head taken apart, the body read once and only when somebody asks. */

import { isCoded } from '../../model/request-view.ts'
import { fields, type JsonFields, UNREADABLE } from './json-fields.ts'
import { type Pair, parsePairs, parseTarget } from './target.ts'
import type { BodyView, RequestView } from './view.ts'

export class Call {
  readonly view: RequestView
  readonly host: string
  /** Null when the path can be read in more than one way. */
  readonly segments: readonly string[] | null
  readonly query: readonly Pair[] | null
  readonly #methods: readonly string[]
  #json: JsonFields | null = null

  constructor(view: RequestView) {
    this.view = view
    this.host = view.host
    const overrides = OVERRIDES.flatMap((name) => view.header(name))
    this.#methods = [view.method, ...overrides].map((value) => value.trim().toUpperCase())
    const { segments, query } = parseTarget(view.target)
    this.segments = segments
    this.query = query
  }

  /** Some servers take the method from a field (`X-HTTP-Method-Override`), in any case: each of them counts. */
  isMethod(...methods: readonly string[]): boolean {
    return this.#methods.some((method) => methods.includes(method))
  }

  /** The body as JSON, whatever its media type says: a lying type changes nothing for a server that does not look at it. */
  get json(): JsonFields {
    this.#json ??= readJson(this.view.body)
    return this.#json
  }

  /** The body as text of at most that many bytes; null when it was not seen, is coded, longer, or not all there. */
  text(limit: number): string | null {
    const { body } = this.view
    if (!body?.complete || body.bytes.length > limit || !isPlain(body)) return null
    const { buffer, byteOffset, length } = body.bytes
    return Buffer.from(buffer, byteOffset, length).toString('utf8')
  }

  /** Name and value pairs of a form body; null when it is none or cannot be read. */
  get form(): readonly Pair[] | null {
    const text = this.text(MAX_FORM_BYTES)
    return text === null ? null : parsePairs(text)
  }

  /** Whether the method is one that usually comes with a body. */
  get isUpload(): boolean {
    return this.isMethod('POST', 'PUT', 'PATCH')
  }

  /** Whether it may carry JSON with fields, as far as anybody could say who has not read it. */
  get mayHoldFields(): boolean {
    return this.isUpload && !cannotBeJson(this.view.body)
  }
}

/** White space, `{`, `[`, a comment as some readers skip them, and what UTF-16 and byte order marks begin with. */
const JSON_STARTS: ReadonlySet<number> = new Set([
  0x00, 0x09, 0x0a, 0x0d, 0x20, 0x2f, 0x5b, 0x7b, 0xef, 0xfe, 0xff,
])

const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override']
const MAX_FORM_BYTES = 262_144

/** As every reader would read it, or not at all. */
export function readJson(body: BodyView | null): JsonFields {
  if (!body || !isPlain(body)) return UNREADABLE
  // Nothing at all says nothing, and everybody reads it so.
  if (body.complete && body.bytes.length === 0) return fields(Buffer.from('null'))
  return fields(body.bytes, body.complete)
}

/** A multipart form, an image, sound: no reader takes it for JSON. In another encoding the first byte tells nothing. */
function cannotBeJson(body: BodyView | null): boolean {
  if (!body || !isPlain(body) || OTHER_FIELDS.test(body.contentType ?? '')) return false
  const first = body.bytes[0]
  return first !== undefined && !JSON_STARTS.has(first)
}

/** Types in which some services take the same fields as in JSON. */
const OTHER_FIELDS = /proto|grpc|cbor|msgpack/i

/** Nothing at all is nothing in every coding. */
function isPlain(body: BodyView): boolean {
  if (body.complete && body.bytes.length === 0) return true
  return !isCoded(body) && /^utf-?8$/i.test(charsetOf(body.contentType) ?? 'utf-8')
}

function charsetOf(contentType: string | null): string | null {
  if (contentType === null) return null
  const found = [...contentType.matchAll(/charset\s*=\s*"?([^\s";,]*)/gi)].map((each) => each[1])
  // Two of them: one reader takes the first, another the last.
  return found.length === 0 ? null : found.length > 1 ? '' : (found[0] ?? '')
}
