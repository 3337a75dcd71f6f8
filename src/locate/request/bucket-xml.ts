/**
 * The place in the body that creates a bucket (S3 CreateBucket, and Cloud Storage, which speaks the same XML): a reader for exactly
 * that shape. No document type, no entities, no comments, no CDATA, no prefixes, no other encoding than UTF-8: whatever
 * has one of these cannot be read, and then nobody knows where the bucket will be.
 */

export interface BucketPlace {
  /** The text of every `LocationConstraint`, in order; empty when there is none. */
  readonly constraints: readonly string[]
  /** Whether a `Location` (directory buckets: a zone of some kind) is there too. */
  readonly hasZone: boolean
}

const MAX_XML = 16_384
const MAX_DEPTH = 8

const DECLARATION =
  /^<\?xml\s+version="1\.[01]"(?:\s+encoding="utf-?8")?(?:\s+standalone="(?:yes|no)")?\s*\?>/i
const TAG = /<(\/?)([A-Za-z]{1,64})((?:\s+[A-Za-z:]{1,64}="[^"<>&]{0,256}")*)\s*(\/?)>/y
const TEXT = /[^<&]*/y

/** Null when it cannot be read. An empty body is a bucket without a place. */
export function parseBucketXml(text: string): BucketPlace | null {
  if (text.length > MAX_XML) return null
  const body = text.replace(DECLARATION, '').trim()
  if (body === '') return { constraints: [], hasZone: false }
  const open: string[] = []
  const constraints: string[] = []
  let hasZone = false
  let at = 0
  while (at < body.length) {
    TAG.lastIndex = at
    const tag = TAG.exec(body)
    if (!tag) return null
    const [, isEnd, name = '', attributes, isEmpty] = tag
    if (isEnd ? isEmpty || attributes || open.pop() !== name : false) return null
    if (!isEnd && open.length === 0 && (at > 0 || name !== ROOT)) return null
    TEXT.lastIndex = TAG.lastIndex
    const between = TEXT.exec(body)?.[0] ?? ''
    at = TEXT.lastIndex
    if (!isEnd) {
      const path = [...open, name].join('/')
      hasZone ||= path === `${ROOT}/Location`
      if (path === `${ROOT}/LocationConstraint` && !isEmpty) constraints.push(between.trim())
      if (!isEmpty) open.push(name)
      if (open.length > MAX_DEPTH) return null
    }
    if (open.length === 0 && at < body.length) return null
  }
  return open.length > 0
    ? null
    : { constraints: constraints.filter((each) => each !== ''), hasZone }
}

const ROOT = 'CreateBucketConfiguration'
