/** Clients that have chosen the address themselves: what the name they give it is worth, with the real locator and the real rules. */

import { describe, expect, test } from 'vitest'
import { partiesOf } from '../src/admission.ts'
import { createEnforcer, type Enforcer } from '../src/enforce.ts'
import { NO_INSPECTOR } from '../src/inspector.ts'
import type { Geoip } from '../src/locate/geoip.ts'
import { createKnowledge } from '../src/locate/knowledge.ts'
import { createLocator } from '../src/locate/locate.ts'
import { NO_TABLES } from '../src/locate/tables/prefix-tables.ts'
import type { CatalogueEntry } from '../src/model/catalogue.ts'
import { toCloudRegions } from '../src/model/cloud-region.ts'
import type { Resolution } from '../src/model/destination.ts'
import { NO_EDGES } from '../src/model/edge-space.ts'
import type { Problem } from '../src/model/errors.ts'
import type { Flow } from '../src/model/flow.ts'
import type { Placement } from '../src/model/placement.ts'
import type { Action } from '../src/model/verdict.ts'
import { compilePolicy } from '../src/policy/compile.ts'
import type { DestinationEntry, RuleEntry } from '../src/policy/document.ts'
import { NO_DECODER, NO_HOLDS, NO_LEDGER, NO_METER, NO_OUTLINE, type Ports } from '../src/ports.ts'
import { authority, flow, ip } from './support/nouns.ts'

const GERMAN = '9.9.9.1'
const AMERICAN = '9.9.9.2'
const NOWHERE = '9.9.9.3'
const COUNTRIES: Readonly<Record<string, string>> = { [GERMAN]: 'DE', [AMERICAN]: 'US' }

const GEOIP: Geoip = {
  files: () => [],
  lookup: (address) =>
    ['one', 'two'].map((source) => ({
      source,
      asOf: '2026-06-01',
      country: COUNTRIES[address.text] ?? null,
    })),
  reload: async () => {},
}

const GET = { method: 'GET', path: '/', protocol: 'HTTP/1.1' }

function leadingTo(addresses: string[], earlier: string[] = []): Resolution {
  const found = { addresses: addresses.map(ip), cnames: [], source: 'test', validUntil: 9_000 }
  return earlier.length > 0 ? { ...found, earlier: earlier.map(ip) } : found
}

interface Case {
  readonly destinations?: readonly DestinationEntry[]
  readonly rules?: readonly RuleEntry[]
  readonly placement?: Readonly<Partial<Record<Placement, Action>>>
  readonly found?: Resolution | Problem
}

function enforcing(given: Case): Enforcer {
  const { destinations = [], rules = [], placement = {}, found = leadingTo([]) } = given
  const compiled = compilePolicy(
    { destinations, rules, placement },
    {
      builtinZones: new Map([['EEA', new Set(['DE', 'FR'])]]),
      digest: 'd',
      enforced: true,
      tunnelOnly: [],
      answers: 'steer',
    },
  )
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const knowledge = createKnowledge(toCloudRegions('2026-01-31', [], []), [MODELS])
  const ports: Ports = {
    clock: { now: () => 1_000 },
    resolver: { resolve: async () => found },
    locator: createLocator({
      geoip: GEOIP,
      tables: () => NO_TABLES,
      edges: () => NO_EDGES,
      knowledge: () => knowledge,
      isOwnListener: (address, port) => address.text === '9.9.9.8' && port === 3129,
    }),
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    audit: { decide: async () => 1, settle: () => {}, note: async () => {} },
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => compiled.policy,
    report: (_, error) => {
      throw error
    },
  }
  return createEnforcer(ports)
}

const MODELS: CatalogueEntry = {
  ...{ id: 'models', vendor: 'Models', operator: null, followsRequest: false, servesModels: true },
  hosts: [{ text: 'models.test', tail: ['test', 'models'], head: [], open: false }],
  ...{ regions: ['*'], requests: [], instead: [], source: 'test', asOf: '2026-01-31', note: null },
}

const going = (to: string): Flow => flow({ mode: 'redirect', original: ip(to) })

async function judged(name: string, to: string, given: Case) {
  const enforcer = enforcing(given)
  const admission = await enforcer.admit(going(to), authority(name))
  const released = await enforcer.release(admission, GET)
  const { destination, assessment } = admission
  return {
    placement: assessment.placement,
    servesModels: partiesOf(admission).servesModels,
    host: destination.authority.text,
    dialled: destination.addresses.map(({ text }) => text),
    code: 'refusal' in released ? released.refusal.code : null,
    destination,
  }
}

test('a name that nothing shows to be right serves no models', async () => {
  const shown = await judged('models.test:443', GERMAN, { found: leadingTo([GERMAN]) })
  expect(shown).toMatchObject({ host: 'models.test:443', servesModels: true })
  const claimed = await judged('models.test:443', GERMAN, { found: leadingTo([AMERICAN]) })
  expect(claimed.servesModels).toBe(false)
})

describe('a name that leads to the address', () => {
  test.each([
    { name: 'by the answer of now', found: leadingTo([AMERICAN, GERMAN]) },
    { name: 'by an answer of a while ago', found: leadingTo([AMERICAN], [GERMAN]) },
  ])('$name: it is the host, and only the address is dialled', async ({ found }) => {
    expect(await judged('api.test:443', GERMAN, { found })).toMatchObject({
      host: 'api.test:443',
      placement: 'inside',
      dialled: [GERMAN],
      code: null,
    })
  })

  test('where another of its addresses would be inside, the one that was chosen counts', async () => {
    const found = leadingTo([AMERICAN, GERMAN])
    expect(await judged('api.test:443', AMERICAN, { found })).toMatchObject({
      placement: 'outside',
      code: 'placement-outside',
    })
  })

  test('its declarations and rules count', async () => {
    const given = {
      found: leadingTo([NOWHERE]),
      destinations: [{ host: 'api.test', region: 'FR' }],
    }
    expect(await judged('api.test:443', NOWHERE, given)).toMatchObject({ placement: 'inside' })
    const rule: RuleEntry = {
      id: 'let',
      because: 'the test',
      when: { host: 'api.test' },
      // biome-ignore lint/suspicious/noThenProperty: the published name of the key
      then: 'allow',
    }
    const allowed = { found: leadingTo([AMERICAN]), rules: [rule] }
    expect(await judged('api.test:443', AMERICAN, allowed)).toMatchObject({ code: null })
  })
})

const NOT_FOUND: Problem = { code: 'dns-not-found', detail: 'there is no such name' }

describe('a name that leads elsewhere, or nowhere', () => {
  test.each([
    { name: 'elsewhere', found: leadingTo([AMERICAN]) },
    { name: 'nowhere', found: NOT_FOUND },
    { name: 'left to another proxy', found: { ...leadingTo([]), delegated: true } },
  ])('$name: the address is the host, and is judged by itself', async ({ found }) => {
    expect(await judged('api.test:443', GERMAN, { found })).toMatchObject({
      host: `${GERMAN}:443`,
      placement: 'inside',
      dialled: [GERMAN],
      code: null,
    })
    expect(await judged('api.test:443', AMERICAN, { found })).toMatchObject({
      code: 'placement-outside',
    })
  })

  test('what is declared of it places nothing inside', async () => {
    const destinations = [{ host: 'api.test', region: 'FR' }]
    expect(await judged('api.test:443', NOWHERE, { destinations })).toMatchObject({
      placement: 'unknown',
    })
    expect(await judged('api.test:443', AMERICAN, { destinations })).toMatchObject({
      placement: 'outside',
      destination: { regions: ['FR', 'US'] },
    })
  })

  test('what is declared of it counts against', async () => {
    const destinations = [{ host: 'api.test', region: 'US' }]
    expect(await judged('api.test:443', GERMAN, { destinations })).toMatchObject({
      placement: 'outside',
      code: 'placement-outside',
      destination: { regions: ['DE', 'US'] },
    })
  })

  test('an inner address is not opened by it', async () => {
    const destinations = [{ host: 'api.test', region: 'DE' }]
    expect(await judged('api.test:443', '10.1.2.3', { destinations })).toMatchObject({
      code: 'address-prohibited',
      dialled: [],
    })
  })

  test('a zone that is allowed for it does not take the place of home, but counts besides', async () => {
    const wider = [{ host: 'api.test', allowed: ['DE', 'US'] }]
    expect(await judged('api.test:443', AMERICAN, { destinations: wider })).toMatchObject({
      code: 'placement-outside',
    })
    const narrower = [{ host: 'api.test', allowed: 'FR' }]
    expect(await judged('api.test:443', GERMAN, { destinations: narrower })).toMatchObject({
      code: 'placement-outside',
    })
  })

  test('no rule about a placement that only one of the two has lets it pass, any that restricts does', async () => {
    const destinations = [{ host: 'api.test', region: 'US' }]
    const rule = (placement: Placement, then: Action): RuleEntry => ({
      id: 'of-a-place',
      because: 'the test',
      when: { placement },
      then,
    })
    const codeOf = async (to: string, ...rules: RuleEntry[]) =>
      (await judged('api.test:443', to, { destinations, rules })).code
    expect(await codeOf(NOWHERE, rule('outside', 'allow'))).toBe('placement-outside')
    expect(await codeOf(NOWHERE, rule('unknown', 'allow'))).toBe('placement-outside')
    expect(await codeOf(AMERICAN, rule('outside', 'allow'))).toBe(null)
    expect(await codeOf(GERMAN, rule('inside', 'block'))).toBe('rule-of-a-place')
    expect(await codeOf(GERMAN, rule('unknown', 'block'))).toBe('placement-outside')
  })

  test('by default the stricter of the two counts, whichever that is', async () => {
    const destinations = [{ host: 'api.test', region: 'US' }]
    const placement = { outside: 'allow', unknown: 'block' } as const
    expect(await judged('api.test:443', NOWHERE, { destinations, placement })).toMatchObject({
      code: 'placement-unknown',
    })
    expect(await judged('api.test:443', GERMAN, { destinations, placement })).toMatchObject({
      code: null,
    })
  })

  test.each([
    { action: 'allow', to: AMERICAN, code: 'placement-outside' },
    { action: 'block', to: GERMAN, code: 'rule-of-the-name' },
    { action: 'hold', to: GERMAN, code: 'hold-unavailable' },
  ] as const)('a rule by that name: $action', async ({ action, to, code }) => {
    const when = { host: 'api.test' }
    const rule = {
      id: 'of-the-name',
      because: 'the test',
      when, // biome-ignore lint/suspicious/noThenProperty: the published name of the key
      then: action,
    }
    expect(await judged('api.test:443', to, { rules: [rule] })).toMatchObject({ code })
  })

  test('the record says what the client called it', async () => {
    const { destination } = await judged('api.test:443', GERMAN, {})
    expect(destination.evidence.map(({ detail }) => detail)).toContain(
      'it is named api.test, which no answer of our name servers leads to it',
    )
    expect(destination.evidence.filter(({ kind }) => kind === 'geoip')).toHaveLength(2)
  })

  test('connections are not shared with those who call it something else', async () => {
    const enforcer = enforcing({})
    const one = going(GERMAN)
    const [a, b, c] = await Promise.all(
      ['a.test:443', 'b.test:443', `${GERMAN}:443`].map((name) =>
        enforcer.admit(one, authority(name)),
      ),
    )
    expect(new Set([a?.key, b?.key, c?.key]).size).toBe(3)
  })

  test('it is remembered by what was asked for', async () => {
    const enforcer = enforcing({})
    const one = going(GERMAN)
    const first = await enforcer.admit(one, authority('a.test:443'))
    expect(await enforcer.admit(one, authority('a.test:443'))).toBe(first)
    expect(await enforcer.admit(one, authority(`${GERMAN}:443`))).not.toBe(first)
  })
})

test.each(['api.test:3129', '9.9.9.8:3129'])(
  'what comes back to one of our own listeners is a loop, as %s too',
  async (name) => {
    const found = name.startsWith('api') ? NOT_FOUND : leadingTo(['9.9.9.8'])
    expect(await judged(name, '9.9.9.8', { found })).toMatchObject({ code: 'proxy-loop' })
  },
)
