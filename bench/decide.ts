/**
 * `npm run bench:decide`: what one decision costs, in microseconds of CPU, without sockets, DNS and log. Warm is the second and every
 * later request to a destination on a connection, cold the first one to a host whose addresses were just looked up.
 */

import type { Admission } from '../src/admission.ts'
import { composeEvaluation } from '../src/cli/compose/evaluation.ts'
import { loadWithFacts } from '../src/cli/settings.ts'
import { createEnforcer } from '../src/enforce.ts'
import { NO_INSPECTOR } from '../src/inspector.ts'
import { parseIp } from '../src/model/address.ts'
import { ANONYMOUS } from '../src/model/agent.ts'
import { type Authority, parseAuthority } from '../src/model/authority.ts'
import type { Resolution } from '../src/model/destination.ts'
import type { Flow } from '../src/model/flow.ts'
import type { RequestView } from '../src/model/request-view.ts'
import { NO_DECODER, NO_HOLDS, NO_LEDGER, NO_METER, NO_OUTLINE } from '../src/ports.ts'
import { judge } from '../src/release.ts'

const ROUNDS = 7
const CALLS = 20_000
const COLD_CALLS = 2_000
const ADDRESSES = ['3.120.0.1', '2a05:d014::1']

interface Case {
  readonly name: string
  readonly host: string
  readonly method?: string
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const SIGNED = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
}
const JSON_BODY = { 'content-type': 'application/json' }
const MODEL = 'model/anthropic.claude-sonnet-4-v1%3A0/invoke'

const CASES: readonly Case[] = [
  { name: 'a host nobody knows', host: 'api.example.com' },
  { name: 'a host of the catalogue', host: 'eu.api.openai.com', target: '/v1/models' },
  {
    name: 'a chat of 4 KiB',
    host: 'eu.api.openai.com',
    method: 'POST',
    target: '/v1/chat/completions',
    headers: JSON_BODY,
    body: JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(4_096) }] }),
  },
  { name: 'S3, signed', host: 's3.eu-central-1.amazonaws.com', target: '/b/k', headers: SIGNED },
  {
    name: 'Bedrock',
    host: 'bedrock-runtime.eu-central-1.amazonaws.com',
    method: 'POST',
    target: `/${MODEL}`,
    headers: JSON_BODY,
    body: '{}',
  },
]

const settings = loadWithFacts({})
using evaluation = await composeEvaluation(() => settings)

console.log(`${'CPU µs a decision, median'.padEnd(28)}${'warm'.padStart(8)}${'cold'.padStart(8)}`)
for (const one of CASES) {
  const warm = median(await series(() => measureWarm(one)))
  const cold = median(await series(() => measureCold(one)))
  console.log(one.name.padEnd(28) + warm.toFixed(2).padStart(8) + cold.toFixed(1).padStart(8))
}

async function measureWarm(one: Case): Promise<number> {
  const enforcer = enforcerFor()
  const flow = toFlow()
  const authority = toAuthority(one.host)
  const view = toView(one)
  await enforcer.admit(flow, authority)
  return await perCall(CALLS, async () => {
    const admitted = enforcer.admit(flow, authority)
    const admission = admitted instanceof Promise ? await admitted : admitted
    if (view.body) enforcer.wantsBody(view)
    await decide(admission, view, one)
  })

  async function decide(admission: Admission, view: RequestView, { method = 'GET' }: Case) {
    const considered = enforcer.consider(admission, view)
    const final = considered instanceof Promise ? await considered : considered
    judge(final, { method, path: view.target, protocol: 'HTTP/1.1' })
  }
}

async function measureCold(one: Case): Promise<number> {
  const enforcer = enforcerFor()
  const view = toView(one)
  return await perCall(COLD_CALLS, async (i) => {
    // Another name each time, of the same family and form.
    const authority = toAuthority(one.name === CASES[0]?.name ? `api${i}.example.com` : one.host)
    const admission = await enforcer.admit(toFlow(), authority)
    const considered = await enforcer.consider(admission, view)
    judge(considered, { method: 'GET', path: view.target, protocol: 'HTTP/1.1' })
  })
}

function enforcerFor() {
  return createEnforcer({
    clock: { now: () => Date.now() },
    // A new object each time, as after a new answer: nothing is remembered about it.
    resolver: { resolve: async () => toResolution() },
    locator: evaluation.locator,
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    audit: { decide: async () => 1, settle: () => {}, note: async () => {} },
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => settings.policy,
    report: (where, error) => console.error(where, error),
  })
}

function toResolution(): Resolution {
  return {
    addresses: ADDRESSES.flatMap((text) => parseIp(text) ?? []),
    cnames: [],
    source: 'bench',
    validUntil: Date.now() + 60_000,
  }
}

function toFlow(): Flow {
  return {
    mode: 'connect',
    scheme: 'https',
    clientIp: '127.0.0.1',
    agent: ANONYMOUS,
    inspection: 'headers',
  }
}

function toAuthority(host: string): Authority {
  const parsed = parseAuthority(`${host}:443`, null)
  if ('fault' in parsed) throw new Error(`${host}: ${parsed.fault}`)
  return parsed.value
}

function toView({ host, method = 'GET', target = '/', headers = {}, body }: Case): RequestView {
  const bytes = body === undefined ? null : Buffer.from(body)
  return {
    host,
    method,
    target,
    header: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    body: bytes && {
      bytes,
      complete: true,
      contentType: headers['content-type'] ?? null,
      contentEncoding: null,
    },
  }
}

async function perCall(calls: number, call: (i: number) => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < calls; i++) await call(i)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

/** The first round warms up and does not count. */
async function series(measure: () => Promise<number>): Promise<readonly number[]> {
  const all: number[] = []
  for (let round = 0; round <= ROUNDS; round++) all.push(await measure())
  return all.slice(1)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
