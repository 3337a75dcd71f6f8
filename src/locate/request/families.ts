/**
 * Which hosts have requests worth reading, and who reads them: an index by the last two labels, so that a host that belongs to no
 * family costs one look. A name counts only under a suffix its provider owns.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import { ARM_HOSTS, armNeedsBody, readArm } from './arm.ts'
import { awsNeedsBody, readAws } from './aws.ts'
import { AWS_SUFFIXES } from './aws-host.ts'
import type { Call } from './call.ts'
import { googleNeedsBody, readGoogle } from './google.ts'
import { readAnthropic, readFireworks, readOpenRouter } from './model-geography.ts'
import { readOnward } from './onward.ts'
import type { Findings } from './view.ts'

export interface Family {
  /** Each covers itself and every name under it. */
  readonly suffixes: readonly string[]
  /** Judged from the head alone. */
  needsBody(call: Call): boolean
  read(call: Call, regions: CloudRegions): readonly Findings[]
}

/** Interfaces of models that may be told to fetch, beside those with a geography of their own. */
const MODEL_APIS = [
  'ai-gateway.vercel.sh',
  'api.cohere.com',
  'api.deepinfra.com',
  'api.deepseek.com',
  'api.groq.com',
  'api.minimax.io',
  'api.eu.mistral.ai',
  'api.mistral.ai',
  'api.us.mistral.ai',
  'api.moonshot.ai',
  'api.openai.com',
  'api.perplexity.ai',
  'api.replicate.com',
  'api.together.ai',
  'api.together.xyz',
  'api.x.ai',
  'api.z.ai',
  'ark.ap-southeast.bytepluses.com',
  'ark.cn-beijing.volces.com',
  'ca-api.together.ai',
  'cognitiveservices.azure.com',
  'dashscope-intl.aliyuncs.com',
  'dashscope-us.aliyuncs.com',
  'dashscope.aliyuncs.com',
  'models.ai.azure.com',
  'openai.azure.com',
  'router.huggingface.co',
  'services.ai.azure.com',
  'us-api.together.ai',
] as const

const FAMILIES: readonly Family[] = [
  { suffixes: AWS_SUFFIXES, needsBody: awsNeedsBody, read: readAws },
  { suffixes: ['googleapis.com'], needsBody: googleNeedsBody, read: readGoogle },
  {
    suffixes: ARM_HOSTS,
    needsBody: armNeedsBody,
    read: (call, regions) => [readArm(call, regions)],
  },
  withOnward(['api.anthropic.com'], readAnthropic),
  withOnward(['api.fireworks.ai'], readFireworks),
  withOnward(['openrouter.ai'], readOpenRouter),
  withOnward(MODEL_APIS, () => ({})),
  {
    suffixes: ['googleapis.com'],
    needsBody: (call) => isModelOfGoogle(call) && call.isUpload,
    read: (call) => (isModelOfGoogle(call) ? [readOnward(call)] : []),
  },
]

function withOnward(suffixes: readonly string[], read: (call: Call) => Findings): Family {
  return {
    suffixes,
    needsBody: (call) => call.isUpload,
    read: (call) => [read(call), readOnward(call)],
  }
}

/** `europe-west4-aiplatform`, `aiplatform.eu.rep`, `generativelanguage` */
function isModelOfGoogle({ host }: Call): boolean {
  return /(?:^|-)(?:aiplatform|generativelanguage)\./.test(host)
}

type Entry = readonly [suffix: string, family: Family]

const INDEX: ReadonlyMap<string, readonly Entry[]> = Map.groupBy(
  FAMILIES.flatMap((family) => family.suffixes.map((suffix): Entry => [suffix, family])),
  ([suffix]) => lastTwoLabels(suffix),
)

const NONE: readonly Family[] = []

export function familiesOf(host: string): readonly Family[] {
  const entries = INDEX.get(lastTwoLabels(host))
  if (!entries) return NONE
  const found: Family[] = []
  for (const [suffix, family] of entries) {
    const isCovered = host === suffix || host.endsWith(`.${suffix}`)
    if (isCovered && !found.includes(family)) found.push(family)
  }
  return found
}

function lastTwoLabels(host: string): string {
  const last = host.lastIndexOf('.')
  return last <= 0 ? host : host.slice(host.lastIndexOf('.', last - 1) + 1)
}
