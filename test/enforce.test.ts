/** The spine alone, with ports that do what the test says: every failure ends in a refusal, nothing is permitted before its row. */

import { describe, expect, test } from 'vitest'
import { createEnforcer } from '../src/enforce.ts'
import { NO_INSPECTOR } from '../src/inspector.ts'
import type { DecisionRecord, OutcomeRecord } from '../src/model/audit-record.ts'
import type { Authority } from '../src/model/authority.ts'
import type { Destination } from '../src/model/destination.ts'
import { AuditUnavailable } from '../src/model/errors.ts'
import type { Flow } from '../src/model/flow.ts'
import { ANYWHERE, UNKNOWN } from '../src/model/region.ts'
import type { Action } from '../src/model/verdict.ts'
import { compilePolicy, type Policy } from '../src/policy/compile.ts'
import type { PolicyDocument, RuleEntry } from '../src/policy/document.ts'
import {
  type Locator,
  NO_DECODER,
  NO_HOLDS,
  NO_LEDGER,
  NO_METER,
  NO_OUTLINE,
  type Ports,
} from '../src/ports.ts'
import { judge } from '../src/release.ts'
import { authority, destination, flow, ip } from './support/nouns.ts'

const EEA = new Map([['EEA', new Set(['DE', 'FR', 'IE'])]])
const GET = { method: 'GET', path: '/', protocol: 'HTTP/1.1' }
const TO = authority('api.test:443')

function policy(document: PolicyDocument = {}, enforced = true): Policy {
  const result = compilePolicy(document, {
    builtinZones: EEA,
    digest: 'd',
    enforced,
    tunnelOnly: [],
    answers: 'steer',
  })
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.policy
}

interface Lab extends Ports {
  readonly decided: (DecisionRecord & { readonly durable: boolean })[]
  readonly settled: OutcomeRecord[]
  readonly reported: unknown[]
}

/** A locator of destinations about which no request says anything. */
function locating(locate: (authority: Authority) => Destination): Locator {
  return {
    locate,
    wantsBody: () => false,
    read: () => null,
    refine: (to) => to,
    watchAnswer: () => null,
  }
}

/** Ports that work, with some replaced. */
function ports(changes: Partial<Ports> = {}): Lab {
  const decided: Lab['decided'] = []
  const settled: OutcomeRecord[] = []
  const reported: unknown[] = []
  const inForce = policy()
  return {
    decided,
    settled,
    reported,
    clock: { now: () => 1_000 },
    resolver: {
      resolve: async () => ({
        addresses: [ip('192.0.2.1')],
        cnames: [],
        source: 'test',
        validUntil: 9_000,
      }),
    },
    locator: locating((authority) => destination({ authority })),
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    audit: {
      decide: async (record, durable) => decided.push({ ...record, durable }),
      settle: (record) => settled.push(record),
      note: async () => {},
    },
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => inForce,
    report: (_, error) => reported.push(error),
    ...changes,
  }
}

const located = (
  regions: readonly string[],
  changes: Partial<Destination> = {},
): Partial<Ports> => ({
  locator: locating((authority) => destination({ authority, regions, ...changes })),
})

async function release(lab: Ports) {
  const enforcer = createEnforcer(lab)
  return enforcer.release(await enforcer.admit(flow(), TO), GET)
}

test('what a destination is made to fetch from is looked up again when that has expired', async () => {
  let now = 1_000
  let place = 'DE'
  const views: Locator['read'] = () => ({
    evidence: [],
    creates: null,
    onward: ['b.test'],
    instead: [],
  })
  const lab = ports({
    clock: { now: () => now },
    locator: {
      locate: (to) =>
        to.host.text === 'b.test'
          ? destination({ authority: to, regions: [place], validUntil: now + 10 })
          : destination({ authority: to, validUntil: 9_000 }),
      wantsBody: () => false,
      read: views,
      refine: (to, { evidence }) => ({ ...to, regions: evidence.flatMap(({ claim }) => claim) }),
      watchAnswer: () => null,
    },
  })
  const enforcer = createEnforcer(lab)
  const view = { host: 'a', method: 'POST', target: '/', header: () => [], body: null }
  const admission = await enforcer.admit(flow(), TO)
  const regions = async () => (await enforcer.consider(admission, view)).destination.regions
  expect(await regions()).toEqual(['DE'])
  place = 'US'
  expect(await regions()).toEqual(['DE'])
  now += 10
  expect(await regions()).toEqual(['US'])
})

describe('connections are shared by admissions', () => {
  const token = { id: 'a', groups: ['g'], by: 'token' } as const
  const keyOf = async (changes: Partial<Flow>, lab: Ports = ports()) =>
    (await createEnforcer(lab).admit(flow(changes), TO)).key

  test.each<[string, Partial<Flow>, Partial<Flow>, boolean]>([
    ['of one anonymous address', {}, {}, true],
    ['of two anonymous addresses', {}, { clientIp: '127.0.0.2' }, false],
    ['of one agent at two addresses', { agent: token }, { agent: token, clientIp: '::1' }, true],
    ['of two agents', { agent: token }, { agent: { ...token, id: 'b' } }, false],
    ['of other groups', { agent: token }, { agent: { ...token, groups: [] } }, false],
    ['of two schemes', {}, { scheme: 'http' }, false],
    ['that prove less', { agent: token }, { agent: { ...token, by: 'source' } }, false],
    [
      'of one entry for many addresses',
      { agent: { ...token, by: 'source' } },
      { agent: { ...token, by: 'source' }, clientIp: '127.0.0.2' },
      false,
    ],
  ])('%s: %s, %s: %s', async (_, one, other, want) => {
    expect((await keyOf(one)) === (await keyOf(other))).toBe(want)
  })

  test('under one conclusion only, inside as both are', async () => {
    expect(await keyOf({}, ports(located(['DE'])))).not.toBe(
      await keyOf({}, ports(located(['FR']))),
    )
  })

  test('that are both left to the proxy behind us, or both not', async () => {
    const left: Partial<Ports> = {
      locator: locating((authority) =>
        destination({ authority, addresses: [], delegated: true, regions: ['DE'] }),
      ),
    }
    expect(await keyOf({}, ports(left))).toBe(await keyOf({}, ports(left)))
    expect(await keyOf({}, ports(left))).not.toBe(await keyOf({}, ports(located(['DE']))))
  })
})

test('what cannot even be asked about its body shows it', () => {
  const lab = ports({
    locator: {
      ...ports().locator,
      wantsBody: () => {
        throw new Error('broken')
      },
    },
  })
  const view = { host: 'a', method: 'POST', target: '/', header: () => [], body: null }
  expect(createEnforcer(lab).wantsBody(view)).toBe(true)
  expect(lab.reported).toHaveLength(1)
})

describe('a permit', () => {
  test('is given for what is inside, with the number of its row', async () => {
    const lab = ports()
    expect(await release(lab)).toMatchObject({ permit: { id: 1 } })
    expect(lab.decided).toMatchObject([{ durable: false, ending: null, method: 'GET', path: '/' }])
  })

  test('waits for its row', async () => {
    let commit: (id: number) => void = () => {}
    const lab = ports({
      audit: { ...ports().audit, decide: () => new Promise((resolve) => (commit = resolve)) },
    })
    let released = false
    const pending = release(lab).then(() => (released = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(released).toBe(false)
    commit(7)
    await pending
    expect(released).toBe(true)
  })

  test('for what leaves home waits for stable storage', async () => {
    const allowed = policy({ placement: { outside: 'allow' } })
    const lab = ports({ ...located(['US']), policy: () => allowed })
    expect(await release(lab)).toHaveProperty('permit')
    expect(lab.decided).toMatchObject([{ durable: true }])
  })
})

describe('placements mean what the policy says', () => {
  test.each<[readonly string[], Action, string | null]>([
    [['DE'], 'allow', null],
    [['DE', 'IE'], 'allow', null],
    [['US'], 'block', 'placement-outside'],
    [['DE', 'US'], 'hold', 'hold-unavailable'],
    [ANYWHERE, 'hold', 'hold-unavailable'],
    [UNKNOWN, 'hold', 'hold-unavailable'],
  ])('%j: %s', async (regions, action, code) => {
    const lab = ports(located(regions))
    const result = await release(lab)
    expect('refusal' in result ? result.refusal.code : null).toBe(code)
    expect(lab.decided.at(0)?.context.verdict.action).toBe(action)
    if (code) {
      expect(lab.decided.at(0)?.ending).toMatchObject({
        outcome: 'blocked',
        status: 403,
        bytesOut: 0,
      })
    }
  })
})

describe('INVARIANT 5: whatever fails ends in a refusal, and the client is not told why', () => {
  const boom = () => {
    throw new Error('sesame')
  }
  const later = async () => boom()
  test.each<[string, Partial<Ports>, string]>([
    ['the resolver throws', { resolver: { resolve: boom } }, 'gate-failed'],
    ['the resolver rejects', { resolver: { resolve: later } }, 'gate-failed'],
    [
      'the resolver fails',
      { resolver: { resolve: async () => ({ code: 'dns-timeout', detail: 'x' }) } },
      'dns-timeout',
    ],
    ['the locator throws', { locator: locating(boom) }, 'gate-failed'],
    [
      'the log rejects',
      { audit: { ...ports().audit, decide: () => Promise.reject(new AuditUnavailable('x')) } },
      'audit-unavailable',
    ],
    ['the log throws', { audit: { ...ports().audit, decide: boom } }, 'gate-failed'],
    [
      'the log breaks in another way',
      { audit: { ...ports().audit, decide: later } },
      'gate-failed',
    ],
  ])('%s', async (_, changes, code) => {
    const result = await release(ports(changes))
    expect(result).toMatchObject({ refusal: { code } })
    expect(JSON.stringify(result)).not.toContain('sesame')
  })

  test('and the operator is told', async () => {
    const lab = ports({ resolver: { resolve: boom } })
    await release(lab)
    expect(lab.reported).toHaveLength(1)
  })

  test('a refusal that cannot be recorded is a refusal still', async () => {
    const lab = ports({ audit: { ...ports().audit, decide: later } })
    const refusal = await createEnforcer(lab).refuse(
      flow(),
      null,
      { code: 'request-malformed', detail: 'x' },
      GET,
    )
    expect(refusal).toMatchObject({ code: 'gate-failed', flow: null })
  })
})

describe('what no policy can allow', () => {
  const fault = { code: 'address-prohibited', detail: 'an inner address' } as const
  const faulty: Partial<Ports> = {
    locator: locating((authority) => destination({ authority, fault, addresses: [] })),
  }

  test('is refused although its place would be allowed', async () => {
    expect(await release(ports(faulty))).toMatchObject({ refusal: { code: 'address-prohibited' } })
  })

  test('is refused although the policy is only observed', async () => {
    const observed = policy({}, false)
    expect(await release(ports({ ...faulty, policy: () => observed }))).toMatchObject({
      refusal: { code: 'address-prohibited' },
    })
  })
})

test('an observed policy lets pass what it would block, and the row says both', async () => {
  const observed = policy({}, false)
  const lab = ports({ ...located(['US']), policy: () => observed })
  expect(await release(lab)).toHaveProperty('permit')
  expect(lab.decided).toMatchObject([
    {
      durable: true,
      ending: null,
      context: { enforced: false, would: 'block', verdict: { action: 'block' } },
    },
  ])
})

describe('what would have been', () => {
  const rules = (then: RuleEntry['then'], mode: RuleEntry['mode']): PolicyDocument => ({
    rules: [{ id: 'a', because: 'b', when: { port: 443 }, then, mode }],
  })
  test.each<
    [
      why: string,
      document: PolicyDocument,
      enforced: boolean,
      regions: readonly string[],
      would: string | null,
    ]
  >([
    ['all is enforced and allowed', {}, true, ['DE'], null],
    ['all is enforced and blocked', {}, true, ['US'], null],
    ['observed and allowed', {}, false, ['DE'], null],
    ['observed and blocked', {}, false, ['US'], 'block'],
    ['observed and held', {}, false, UNKNOWN, 'hold'],
    ['one rule is observed', rules('block', 'observe'), true, ['DE'], 'block'],
    ['one that holds', rules('hold', 'observe'), true, ['DE'], 'hold'],
    ['it is in force', rules('block', 'enforce'), true, ['DE'], null],
    ['a rule in an observed policy', rules('hold', 'observe'), false, ['DE'], 'hold'],
    ['what would be blocked anyway', rules('hold', 'observe'), false, ['US'], 'block'],
  ])('%s', async (_, document, enforced, regions, would) => {
    const inForce = policy(document, enforced)
    const lab = ports({ ...located(regions), policy: () => inForce })
    await release(lab)
    expect(lab.decided).toMatchObject([{ context: { would } }])
  })

  test('nothing else for what no policy can allow', async () => {
    const observed = policy({}, false)
    const fault = { code: 'address-prohibited', detail: 'it is inside' } as const
    const lab = ports({ ...located(['US'], { fault }), policy: () => observed })
    expect(await release(lab)).toHaveProperty('refusal')
    expect(lab.decided).toMatchObject([{ context: { would: null } }])
  })
})

describe('an admission', () => {
  test('is remembered for the flow, and made anew when its answer, or the policy, is out of date', async () => {
    let now = 1_000
    let current = policy()
    let asked = 0
    const lab = ports({
      clock: { now: () => now },
      policy: () => current,
      resolver: {
        resolve: async () => {
          asked++
          return { addresses: [ip('192.0.2.1')], cnames: [], source: 'test', validUntil: 9_000 }
        },
      },
      locator: locating((authority) => destination({ authority, validUntil: 2_000 })),
    })
    const enforcer = createEnforcer(lab)
    const caller = flow()
    const first = await enforcer.admit(caller, TO)
    expect(await enforcer.admit(caller, TO)).toBe(first)
    expect(await enforcer.admit(flow(), TO)).not.toBe(first)
    now = 2_000
    const second = await enforcer.admit(caller, TO)
    expect(second).not.toBe(first)
    current = policy()
    now = 1_500
    expect(await enforcer.admit(caller, TO)).not.toBe(second)
    expect(asked).toBe(4)
  })

  test('gives equal requests one verdict object and one context, so that the log stores it once', async () => {
    const lab = ports()
    const enforcer = createEnforcer(lab)
    const admission = await enforcer.admit(flow(), TO)
    expect(judge(admission, GET)).toBe(judge(admission, GET))
    await enforcer.release(admission, GET)
    await enforcer.release(admission, { ...GET, path: '/other' })
    expect(lab.decided[0]?.context).toBe(lab.decided[1]?.context)
  })
})

test('what was taken out of a flow is counted when it ends', async () => {
  const counted: unknown[] = []
  const redacted = (...args: unknown[]) => counted.push(args)
  const lab = ports({ ...located(['DE']), meter: { ...NO_METER, redacted } })
  const enforcer = createEnforcer(lab)
  const released = await enforcer.release(await enforcer.admit(flow(), TO), GET)
  if (!('permit' in released)) throw new Error('it should pass')
  const ending = {
    outcome: 'forwarded',
    status: 200,
    dialedIp: '192.0.2.1',
    bytesOut: 1,
    bytesIn: 2,
    error: null,
  } as const
  enforcer.settle(released.permit, ending)
  const one = { direction: 'out', type: 'iban', path: '$', count: 2 } as const
  enforcer.settle(released.permit, { ...ending, redactions: [one, { ...one, direction: 'in' }] })
  expect(counted).toEqual([
    ['out', 'iban', 2],
    ['in', 'iban', 2],
  ])
})
