/**
 * Whether a request to AWS creates something: the action in `X-Amz-Target` (JSON services), in `Action` (EC2, RDS, CloudFormation …)
 * or, for the few REST services listed here, in the path. Read by what the action is called: AWS is strict about its verbs.
 */

import type { Call } from './call.ts'
import { walk } from './json-walk.ts'
import { type Pair, valuesOf } from './target.ts'

export interface AwsAction {
  readonly creates: boolean
  /** Further regions and zones it names: replicas, destinations, a zone to place a machine in. */
  readonly elsewhere: readonly string[]
  /** Whether what matters is in the body. */
  readonly inBody: boolean
  /** Whether it is, and the body could not be read. */
  readonly isUnread: boolean
}

const NOTHING: AwsAction = { creates: false, elsewhere: [], inBody: false, isUnread: false }

export function readAwsAction(call: Call): AwsAction {
  const targets = call.view.header('x-amz-target').map((value) => value.split('.').pop() ?? '')
  if (targets.some(isCreation)) return readJsonAction(call)
  if (targets.length > 0 && !isQueryService(call)) return NOTHING
  if (isQueryCall(call)) return readFormAction(call)
  const query = call.query ?? []
  if (valuesOf(query, 'action').some(isCreation)) {
    return { ...NOTHING, creates: true, elsewhere: regionsIn(query) }
  }
  if (isRpcCreation(call)) return { ...NOTHING, creates: true, isUnread: true }
  return { ...NOTHING, creates: isRestCreation(call) }
}

/** Services that know nothing of `X-Amz-Target`: a form behind one is a form. */
function isQueryService({ host }: Call): boolean {
  return QUERY_SERVICES.has(host.slice(0, host.indexOf('.')))
}

const QUERY_SERVICES: ReadonlySet<string> = new Set([
  'autoscaling',
  'cloudformation',
  'ec2',
  'elasticache',
  'elasticbeanstalk',
  'elasticloadbalancing',
  'iam',
  'rds',
  'redshift',
  'sns',
  'sts',
])

/** EC2, RDS and others take a form at `/`, whatever type it is said to be. */
function isQueryCall(call: Call): boolean {
  if (!call.isMethod('POST')) return false
  const types = call.view.header('content-type')
  const isForm = types.some((type) => /^\s*application\/x-www-form-urlencoded/i.test(type))
  return isForm || call.segments?.length === 0
}

/** `/service/S/operation/O` with a body in CBOR, which is not read here. */
function isRpcCreation(call: Call): boolean {
  const [service, , operation, name = ''] = call.segments ?? []
  return service === 'service' && operation === 'operation' && isCreation(name)
}

function isCreation(action: string): boolean {
  return /^(?:Create|Run|Restore|Import|Copy|Launch|Allocate|Provision|Replicate|Purchase)[A-Z]/.test(
    action,
  )
}

function readJsonAction(call: Call): AwsAction {
  const { json } = call
  if (!json.whole) return { creates: true, elsewhere: [], inBody: true, isUnread: true }
  const elsewhere: string[] = []
  walk(json.root, ({ key, value }) => {
    if (value.kind === 'string' && namesRegion(key)) elsewhere.push(value.text)
  })
  return { creates: true, elsewhere, inBody: true, isUnread: false }
}

function readFormAction(call: Call): AwsAction {
  const { form } = call
  if (form === null) return { creates: false, elsewhere: [], inBody: true, isUnread: true }
  const pairs = [...form, ...(call.query ?? [])]
  const creates = valuesOf(pairs, 'action').some(isCreation)
  return { creates, elsewhere: creates ? regionsIn(pairs) : [], inBody: true, isUnread: false }
}

/** `DestinationRegion`, `Placement.AvailabilityZone`, `AvailabilityZones.member.1` */
function regionsIn(pairs: readonly Pair[]): readonly string[] {
  return pairs
    .filter(([name, value]) => value !== '' && namesRegion(lastWord(name).toLowerCase()))
    .map(([, value]) => value)
}

function lastWord(name: string): string {
  return (
    name
      .split('.')
      .filter((word) => !/^(?:\d+|member)$/i.test(word))
      .pop() ?? ''
  )
}

/** @param key in lower case. What is copied from is not where something is made. */
function namesRegion(key: string): boolean {
  return /(?:region|regionname|availabilityzones?)$/.test(key) && !key.startsWith('source')
}

/** Services whose actions are a method and a path. */
function isRestCreation(call: Call): boolean {
  const path = `/${(call.segments ?? []).join('/')}`
  return (
    call.isMethod('POST', 'PUT') &&
    REST.some(([service, pattern]) => call.host.split('.').includes(service) && pattern.test(path))
  )
}

const REST: readonly (readonly [service: string, path: RegExp])[] = [
  ['lambda', /^\/2015-03-31\/functions$/],
  ['elasticfilesystem', /^\/2015-02-01\/file-systems$/],
  ['eks', /^\/clusters$/],
  ['apigateway', /^\/(?:restapis|v2\/apis)$/],
]
