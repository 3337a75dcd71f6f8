/**
 * `geoip/edges.yaml`: which address space is served from many places at once. A file of facts that comes with the product; with one
 * mistake in it there are no facts at all.
 */

import { z } from 'zod'
import { type Cidr, cidrContains, parseCidr } from '../model/address.ts'
import { type EdgeSpace, toEdgeSpace } from '../model/edge-space.ts'
import { ConfigError } from './config-error.ts'
import { FileReader } from './files.ts'

/** Nobody holds more than this. */
const LEAST_BITS = { 4: 8, 6: 16 } as const

const prefix = z.string().transform((text, context): Cidr => {
  const cidr = parseCidr(text)
  if (cidr && cidr.bits >= LEAST_BITS[cidr.base.version]) return cidr
  const message = cidr
    ? 'too wide to be somebody’s'
    : 'not a prefix; write for example 192.0.2.0/24'
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const edge = z.strictObject({
  name: z.string().min(1).max(80),
  as_of: z.iso.date(),
  source: z.string().min(1).max(500),
  prefixes: z.array(prefix).min(1).max(2000),
})

const edgeFile = z.strictObject({
  version: z.literal(1),
  edges: z.array(edge).max(200),
})

type EdgeFile = z.infer<typeof edgeFile>

/**
 * @param path absolute
 * @param cwd problems name the file relative to it
 * @throws ConfigError
 */
export function loadEdges(path: string, cwd: string): EdgeSpace {
  const reader = new FileReader(cwd)
  const edges = readEdges(reader, path)
  if (!edges || reader.problems.length > 0) throw new ConfigError(reader.problems, reader)
  return edges
}

/** The same with a reader that others use too: what is wrong is in its `problems`. */
export function readEdges(reader: FileReader, path: string): EdgeSpace | null {
  const yaml = reader.read(path)
  const file = reader.check(yaml, edgeFile)
  if (!yaml || !file) return null
  for (const { at, message } of findOverlaps(file)) {
    reader.problems.push(yaml.problemAt(at, message))
  }
  return toEdgeSpace(
    file.edges.map(({ name, as_of: asOf, prefixes }) => ({ name, asOf, prefixes })),
  )
}

interface Overlap {
  readonly at: readonly (string | number)[]
  readonly message: string
}

/** A prefix within another one is a mistake: only one of them would ever be found. */
function findOverlaps({ edges }: EdgeFile): readonly Overlap[] {
  const all = edges.flatMap(({ prefixes }, i) =>
    prefixes.map((cidr, k) => ({ cidr, at: ['edges', i, 'prefixes', k] })),
  )
  all.sort((a, b) => Buffer.compare(keyOf(a.cidr), keyOf(b.cidr)))
  return all.flatMap(({ cidr, at }, i) => {
    const before = all[i - 1]?.cidr
    if (!before || !cidrContains(before, cidr.base)) return []
    return [{ at, message: `\`${sayCidr(cidr)}\` lies within \`${sayCidr(before)}\`` }]
  })
}

/** Sorts by family, then address, then length: what is around comes before what is inside. */
function keyOf({ base, bits }: Cidr): Buffer {
  return Buffer.from([base.version, ...base.bytes, bits])
}

function sayCidr({ base, bits }: Cidr): string {
  return `${base.text}/${bits}`
}
