/**
 * How far a call to Amazon Bedrock may travel. A bare model id stays in the region of the endpoint; the prefix of an inference
 * profile spreads it over a geography (`eu.`, `us.` …) or over all of them (`global.`). Which regions a profile
 * reaches differs by model, so a geography counts with all its regions. What only the account knows (application
 * profiles, prompts, agents, names without a vendor) may be anything.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import type { Evidence } from '../../model/evidence.ts'
import { ANYWHERE, type Regions, toRegions } from '../../model/region.ts'
import { type AwsHost, parseS3Host } from './aws-host.ts'
import type { Call } from './call.ts'
import { breadth, namedRegion, record } from './claims.ts'
import { walk } from './json-walk.ts'
import type { Findings } from './view.ts'

export function isBedrock(host: AwsHost): boolean {
  return serviceAt(host.labels) >= 0 && parseS3Host(host) === null
}

/** Whether the model is named in the body. */
export function bedrockNeedsBody(call: Call): boolean {
  if (call.segments === null || !call.isMethod('POST', 'PUT')) return false
  return modelInPath(call) === null && !isOpaquePath(call)
}

export function readBedrock(call: Call, host: AwsHost, regions: CloudRegions): Findings {
  const from = host.labels[serviceAt(host.labels) + 1] ?? ''
  if (call.segments === null) return { evidence: [anywhere('path', 'cannot be read in one way')] }
  const inPath = modelInPath(call)
  if (inPath !== null) return { evidence: readModel(inPath, 'model in path', from, regions) }
  if (!call.isMethod('POST', 'PUT')) return {}
  if (isOpaquePath(call)) {
    return {
      evidence: [anywhere('path', 'names an agent or flow whose models only the account knows')],
    }
  }
  const models = modelsInBody(call, host)
  if (models === null) {
    return { evidence: [anywhere('body', 'may name a model and could not be read')], unread: true }
  }
  return {
    evidence: models.flatMap((model) => readModel(model, 'model in body', from, regions)),
  }
}

/** In front, or behind the name of an endpoint in a private network. */
function serviceAt(labels: readonly string[]): number {
  return labels.findIndex(
    (label, index) =>
      (label === 'bedrock' || label.startsWith('bedrock-')) &&
      (index === 0 || (index === 1 && labels[0]?.startsWith('vpce-'))),
  )
}

/** `/model/{id or ARN}/invoke`; an ARN has slashes of its own. */
function modelInPath({ segments }: Call): string | null {
  if (segments?.[0]?.toLowerCase() !== 'model' || segments.length < 2) return null
  return segments.slice(1, segments.length > 2 ? -1 : undefined).join('/')
}

function isOpaquePath({ segments }: Call): boolean {
  return ['agents', 'flows'].includes(segments?.[0]?.toLowerCase() ?? '')
}

function modelsInBody(call: Call, { labels }: AwsHost): readonly string[] | null {
  const { json } = call
  if (!json.whole) return null
  // The OpenAI-compatible interfaces have one place for it; a tool may well speak of other models.
  const isCompatible =
    labels.some((label) => label.startsWith('bedrock-mantle')) || call.segments?.includes('v1')
  if (isCompatible) return json.values('model')
  const models: string[] = []
  walk(json.root, ({ key, value }) => {
    if (MODEL_KEYS.has(key) && value.kind === 'string') models.push(value.text)
  })
  return models
}

const MODEL_KEYS: ReadonlySet<string> = new Set(['modelid', 'modelarn', 'foundationmodel', 'model'])

/** @param from the region of the endpoint, where a call is taken in before it is sent on. */
function readModel(
  model: string,
  source: string,
  from: string,
  regions: CloudRegions,
): readonly Evidence[] {
  if (model.startsWith('arn:')) return readArn(model, source, from, regions)
  const [prefix = '', ...rest] = model.toLowerCase().split('.')
  if (rest.length === 0) return [anywhere(source, 'is a name only the account knows')]
  if (VENDORS.has(prefix)) return [record(source, 'names a model that stays in the region')]
  if (prefix === 'global') return [anywhere(source, 'is a global inference profile')]
  const reach = GEOGRAPHIES.get(prefix)
  if (!reach) return [anywhere(source, 'begins with neither a vendor nor a geography known here')]
  const countries = reachOf(reach, regions)
  const own = regions.find('aws', from)?.country
  const claim = countries.length === 0 || !own ? countries : toRegions([...countries, own])
  return [breadth(claim, source, `is an inference profile over \`${prefix}\``, regions.asOf)]
}

/** `arn:aws:bedrock:REGION:ACCOUNT:TYPE/ID` */
function readArn(
  arn: string,
  source: string,
  from: string,
  regions: CloudRegions,
): readonly Evidence[] {
  const [, , service, region = '', , ...rest] = arn.split(':')
  const resource = rest.join(':')
  const slash = resource.indexOf('/')
  const type = resource.slice(0, Math.max(slash, 0)).toLowerCase()
  const place = namedRegion(regions, 'aws', region, `region of the ${source}`, 'strong')
  if (service === 'bedrock' && type === 'inference-profile') {
    return [place, ...readModel(resource.slice(slash + 1), source, from, regions)]
  }
  const stays =
    service === 'sagemaker' ? type === 'endpoint' : service === 'bedrock' && STAYS.has(type)
  return stays
    ? [place]
    : [place, anywhere(source, 'is an ARN whose models only the account knows')]
}

const STAYS: ReadonlySet<string> = new Set([
  'foundation-model',
  'custom-model',
  'custom-model-deployment',
  'imported-model',
  'provisioned-model',
])

function anywhere(source: string, detail: string): Evidence {
  return breadth(ANYWHERE, source, detail)
}

/** Beginnings of region names, and whole names. */
type Reach = readonly string[]

const GEOGRAPHIES: ReadonlyMap<string, Reach> = new Map([
  ['us', ['us-']],
  ['eu', ['eu-']],
  // AWS lists a region in the Emirates among those of its APAC profiles.
  ['apac', ['ap-', 'me-central-1']],
  ['jp', ['ap-northeast-1', 'ap-northeast-3']],
  ['au', ['ap-southeast-2', 'ap-southeast-4']],
  ['ca', ['ca-']],
  ['us-gov', ['us-gov-']],
])

/** The countries of all regions in reach; models do not run in local zones, whose names are longer. */
function reachOf(reach: Reach, regions: CloudRegions): Regions {
  return toRegions(
    regions
      .of('aws')
      .filter(({ name }) => /^[a-z]+(?:-[a-z]+)+-\d+$/.test(name))
      .filter(({ name }) =>
        reach.some((each) => (each.endsWith('-') ? name.startsWith(each) : name === each)),
      )
      .map(({ country }) => country),
  )
}

/** Vendors at the front of a bare model id. One that is missing here is taken for a profile: wider, never narrower. */
const VENDORS: ReadonlySet<string> = new Set([
  'ai21',
  'amazon',
  'anthropic',
  'cohere',
  'deepseek',
  'google',
  'luma',
  'meta',
  'minimax',
  'mistral',
  'moonshot',
  'moonshotai',
  'nvidia',
  'openai',
  'qwen',
  'stability',
  'twelvelabs',
  'writer',
  'zai',
])
