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

const ROOT = 'CreateBucketConfiguration'
const CONSTRAINT = 'LocationConstraint'

/** Null when it cannot be read. An empty body is a bucket without a place. */
export function parseBucketXml(text: string): BucketPlace | null {
  if (text.length > MAX_XML) return null
  const body = text.replace(DECLARATION, '').trim()
  const open: string[] = []
  const constraints: string[] = []
  let hasZone = false
  let at = 0
  while (at < body.length) {
    TAG.lastIndex = at
    const tag = TAG.exec(body)
    if (!tag) return null
    const [, slash, name = '', attributes, isEmpty] = tag
    TEXT.lastIndex = TAG.lastIndex
    const content = TEXT.exec(body)?.[0] ?? ''
    at = TEXT.lastIndex
    if (slash) {
      if (isEmpty || attributes || open.pop() !== name) return null
    } else {
      const parent = open.at(-1)
      if (parent === CONSTRAINT || (parent === undefined && name !== ROOT)) return null
      if (parent === ROOT && name === 'Location') hasZone = true
      if (parent === ROOT && name === CONSTRAINT && !isEmpty) constraints.push(content.trim())
      if (!isEmpty && open.push(name) > MAX_DEPTH) return null
    }
    // The outermost element has ended, so the text has to.
    if (open.length === 0 && TAG.lastIndex < body.length) return null
  }
  return open.length > 0
    ? null
    : { constraints: constraints.filter((each) => each !== ''), hasZone }
}
