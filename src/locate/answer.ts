/**
 * What an answer says about the place where it was made: headers of the provider, and one field of one vendor's bodies. Read after
 * the fact, to hold it against what was concluded before. Pure. What is compressed or long gone by is not seen.
 */

import type { AnswerWatch } from '../model/answer.ts'
import type { CloudRegions } from '../model/cloud-region.ts'
import type { Evidence } from '../model/evidence.ts'

type Header = (name: string) => readonly string[]

interface Family {
  readonly provider: string
  readonly suffixes: readonly string[]
  readonly header: string
}

/** Headers in which a provider names a region. Only under suffixes it owns: anybody can send a header. */
const FAMILIES: readonly Family[] = [
  {
    provider: 'aws',
    suffixes: ['.amazonaws.com', '.amazonaws.eu', '.amazonaws.com.cn'],
    header: 'x-amz-bucket-region',
  },
  { provider: 'azure', suffixes: ['.azure.com', '.microsoft.com'], header: 'x-ms-region' },
]

const ANTHROPIC = 'api.anthropic.com'

/** Whether answers of the host may say anything. */
export function mayAnswer(host: string): boolean {
  return host === ANTHROPIC || familyOf(host) !== null
}

function familyOf(host: string): Family | null {
  return FAMILIES.find(({ suffixes }) => suffixes.some((suffix) => host.endsWith(suffix))) ?? null
}

/** @returns null when this one says nothing. */
export function watchAnswer(
  host: string,
  header: Header,
  regions: CloudRegions,
): AnswerWatch | null {
  if (host === ANTHROPIC) return header('content-encoding').length > 0 ? null : new GeoWatch()
  const family = familyOf(host)
  if (!family) return null
  const evidence = header(family.header).flatMap((value) => readRegion(family, value, regions))
  return evidence.length > 0 ? { evidence, feed: null } : null
}

/** `Sweden Central` is `swedencentral`. A name nobody knows says nothing. */
function readRegion(
  { provider, header }: Family,
  value: string,
  regions: CloudRegions,
): Evidence[] {
  const region = regions.find(provider, value.replaceAll(' ', '').toLowerCase())
  if (!region) return []
  return [toEvidence(header, [region.country], `${header} says ${region.name} (${region.country})`)]
}

function toEvidence(source: string, claim: readonly string[], detail: string): Evidence {
  return {
    kind: 'response',
    source: `answer: ${source}`,
    asOf: null,
    claim,
    strength: 'strong',
    address: null,
    detail,
  }
}

/**
 * Finds `"inference_geo": "…"` in a body that passes by, JSON or an event stream. Inside a text the quotes would be escaped, so
 * what a model writes cannot be mistaken for it. Keeps no more than the end of the last piece.
 */
class GeoWatch implements AnswerWatch {
  evidence: readonly Evidence[] = []
  #tail = ''

  feed = (bytes: Uint8Array): void => {
    if (this.evidence.length > 0) return
    const { buffer, byteOffset, length } = bytes
    const text = this.#tail + Buffer.from(buffer, byteOffset, length).toString('latin1')
    const geo = FIELD.exec(text)?.[1]
    if (geo) this.evidence = placesOf(geo)
    this.#tail = text.slice(-TAIL)
  }
}

/** Longer than the field can be. */
const TAIL = 128
const FIELD = /(?<!\\)"inference_geo"\s{0,8}:\s{0,8}"([a-z][a-z_-]{0,31})"/

/** `us` is a country; `global` and what is not known here says nothing that could be compared. */
function placesOf(geo: string): readonly Evidence[] {
  if (geo !== 'us') return []
  return [toEvidence('usage.inference_geo', ['US'], 'usage.inference_geo says us')]
}
