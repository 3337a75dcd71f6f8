/** What says in another form what a text says: tokens of a model with how likely they were. */

const MAX_DEPTH = 8
const MARK = Buffer.from('"logprobs"')

type Path = readonly (string | number)[]

/** @param bytes the same as JSON. @returns where such values stand */
export function findRepeats(bytes: Buffer): Path[] {
  if (!bytes.includes(MARK)) return []
  const found: Path[] = []
  walk(JSON.parse(bytes.toString('utf8')), [], found)
  return found
}

function walk(value: unknown, path: Path, found: Path[]): void {
  if (typeof value !== 'object' || value === null || path.length > MAX_DEPTH) return
  for (const [key, inner] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(key) : key
    if (step === 'logprobs' && inner !== null) found.push([...path, step])
    else walk(inner, [...path, step], found)
  }
}
