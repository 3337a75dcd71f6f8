/** Nouns of the model, made up for tests that need one but do not care which. */

import { parseIp } from '../../src/model/address.ts'
import { ANONYMOUS } from '../../src/model/agent.ts'
import type { DecisionContext, DecisionRecord } from '../../src/model/audit-record.ts'
import { type Authority, parseAuthority } from '../../src/model/authority.ts'
import type { Destination } from '../../src/model/destination.ts'
import type { Flow } from '../../src/model/flow.ts'
import type { Verdict } from '../../src/model/verdict.ts'

export function authority(text: string): Authority {
  const parsed = parseAuthority(text, 443)
  if ('fault' in parsed) throw new Error(`${text}: ${parsed.fault}`)
  return parsed.value
}

export function ip(text: string) {
  const address = parseIp(text)
  if (!address) throw new Error(`${text} is no address`)
  return address
}

export function flow(changes: Partial<Flow> = {}): Flow {
  return {
    mode: 'connect',
    scheme: 'https',
    clientIp: '127.0.0.1',
    agent: ANONYMOUS,
    inspection: 'headers',
    ...changes,
  }
}

export function destination(changes: Partial<Destination> = {}): Destination {
  return {
    authority: authority('api.de.test'),
    addresses: [ip('192.0.2.10')],
    delegated: false,
    cnames: [],
    regions: ['DE'],
    network: ['DE'],
    places: [],
    dropped: [],
    instead: [],
    why: 'stated by the test',
    evidence: [],
    allowed: [],
    validUntil: Number.POSITIVE_INFINITY,
    fault: null,
    ...changes,
  }
}

export function verdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    action: 'allow',
    code: null,
    placement: 'inside',
    zone: { name: 'EEA', countries: new Set(['DE']) },
    rule: null,
    because: null,
    reason: 'DE is inside',
    upgrades: false,
    rules: [],
    terms: null,
    holding: [],
    redact: null,
    would: null,
    ...changes,
  }
}

export function context(changes: Partial<DecisionContext> = {}): DecisionContext {
  const to = destination()
  return {
    flow: flow(),
    authority: to.authority,
    destination: to,
    verdict: verdict(),
    policyDigest: 'f'.repeat(64),
    enforced: true,
    hold: null,
    would: null,
    ...changes,
  }
}

export function decision(changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    context: context(),
    at: Date.UTC(2026, 10, 20, 12),
    method: 'GET',
    path: '/v1',
    protocol: 'HTTP/1.1',
    ending: null,
    ...changes,
  }
}
