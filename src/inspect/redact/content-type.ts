/** The field Content-Type (RFC 9110 section 8.3.1), as far as readers of bodies need it. */

export interface ContentType {
  /** In lower case; empty for none. */
  readonly type: string
  /** @param name in lower case. @returns null for none */
  param(name: string): string | null
}

/** What a host sends is mostly of a few types. */
const known = new Map<string, ContentType>()
const MAX_KNOWN = 256
const MAX_SIZE = 256

export function parseContentType(text: string | null): ContentType {
  const before = known.get(text ?? '')
  if (before) return before
  const parsed = parse(text ?? '')
  if ((text ?? '').length > MAX_SIZE) return parsed
  if (known.size === MAX_KNOWN) known.clear()
  known.set(text ?? '', parsed)
  return parsed
}

function parse(text: string): ContentType {
  const [head = '', ...rest] = splitParams(text)
  const params = new Map<string, string>()
  for (const item of rest) {
    const at = item.indexOf('=')
    if (at < 0) continue
    const name = item.slice(0, at).trim().toLowerCase()
    if (!params.has(name)) params.set(name, unquote(item.slice(at + 1).trim()))
  }
  return { type: head.trim().toLowerCase(), param: (name) => params.get(name) ?? null }
}

/**
 * Whether its bytes are counted or hashed by whoever reads it, although some of it is text: the protocol of git, and manifests that are
 * known by their digest. Changed in any place they are good for nothing.
 */
export function isSealed(type: string): boolean {
  return SEALED.test(type)
}

const SEALED =
  /^application\/(?:x-git-[a-z-]+|vnd\.(?:oci\.image\.(?:manifest|index)|docker\.distribution\.manifest)\.[\w.+-]+)$/

/** A semicolon between quotes does not end anything. */
function splitParams(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^;"]|")+/g) ?? []
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text
  return text.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
}
