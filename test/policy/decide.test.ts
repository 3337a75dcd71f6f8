/** Verdicts: what each placement means, which rule wins, what is done where something is hidden. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ANONYMOUS } from '../../src/model/agent.ts'
import { PLACEMENTS, type Placement } from '../../src/model/placement.ts'
import { sayRegions } from '../../src/model/region.ts'
import type { Action } from '../../src/model/verdict.ts'
import {
  assess,
  blockFor,
  decide,
  decideFaulty,
  decideName,
  zoneFor,
} from '../../src/policy/decide.ts'
import type { PolicyDocument, RuleEntry, WhenEntry } from '../../src/policy/document.ts'
import { authority, destination } from '../support/nouns.ts'
import { type Asked, ask, assessed, policyOf, rule, token } from './support.ts'

/** A place for each placement, seen from Germany. */
const PLACES: Record<Placement, string[]> = {
  inside: ['DE'],
  outside: ['US'],
  straddling: ['DE', 'US'],
  unknown: [],
}

describe('where data may go when no rule speaks', () => {
  test.each<[regions: string[], Placement, Action, code: string | null]>([
    [['DE'], 'inside', 'allow', null],
    [['DE', 'FR', 'NO'], 'inside', 'allow', null],
    [['US'], 'outside', 'block', 'placement-outside'],
    [['GB'], 'outside', 'block', 'placement-outside'],
    [['CH', 'US'], 'outside', 'block', 'placement-outside'],
    [['IE', 'US'], 'straddling', 'hold', 'hold-pending'],
    [['*'], 'straddling', 'hold', 'hold-pending'],
    [[], 'unknown', 'hold', 'hold-pending'],
  ])('%j: %s, %s', (regions, placement, action, code) => {
    expect(ask(policyOf({}), { regions })).toMatchObject({ placement, action, code, rule: null })
  })

  test.each(
    PLACEMENTS.flatMap((placement) =>
      (['allow', 'block', 'hold'] as const).map((action) => [placement, action] as const),
    ),
  )('%s: %s, when the policy says so', (placement, action) => {
    const policy = policyOf({ home: 'DE', placement: { [placement]: action } })
    const verdict = ask(policy, { regions: PLACES[placement] })
    expect(verdict).toMatchObject({ placement, action })
    expect(verdict.code).toBe(
      { allow: null, block: `placement-${placement}`, hold: 'hold-pending' }[action],
    )
  })

  test.each<[regions: string[], reason: string]>([
    [['DE'], 'DE is inside the allowed zone (EEA), and the policy says allow for inside'],
    [['US'], 'US is outside the allowed zone (EEA), and the policy says block for outside'],
    [
      ['DE', 'US'],
      'DE, US is not wholly inside the allowed zone (EEA), and the policy says hold for straddling',
    ],
    [
      ['*'],
      'anywhere is not wholly inside the allowed zone (EEA), and the policy says hold for straddling',
    ],
    [
      [],
      'nothing says for sure where it would be processed (allowed zone: EEA), and the policy says hold for unknown',
    ],
  ])('%j is said as: %s', (regions, reason) => {
    expect(ask(policyOf({}), { regions }).reason).toBe(reason)
  })

  test('many countries make a short sentence', () => {
    expect(sayRegions('AT BE BG CY CZ DE DK EE ES FI'.split(' '))).toBe(
      'AT, BE, BG, CY, CZ, DE, DK, EE and 2 more',
    )
  })
})

describe('block beats hold beats allow', () => {
  const always = { port: 443 }
  test.each<[rules: Action[], Action, settledBy: string]>([
    [['allow'], 'allow', 'r0'],
    [['block'], 'block', 'r0'],
    [['hold'], 'hold', 'r0'],
    [['allow', 'block'], 'block', 'r1'],
    [['block', 'allow'], 'block', 'r0'],
    [['allow', 'hold'], 'hold', 'r1'],
    [['hold', 'allow'], 'hold', 'r0'],
    [['hold', 'block'], 'block', 'r1'],
    [['block', 'hold'], 'block', 'r0'],
    [['allow', 'hold', 'block'], 'block', 'r2'],
    // Of equals, the first by id.
    [['block', 'block'], 'block', 'r0'],
    [['allow', 'hold', 'hold'], 'hold', 'r1'],
  ])('%j: %s by %s', (actions, action, settledBy) => {
    const rules = actions.map((then, i) => rule(`r${i}`, then, always))
    // Whatever the default would have been.
    for (const regions of Object.values(PLACES)) {
      const verdict = ask(policyOf({ rules: rules.toReversed() }), { regions })
      expect(verdict).toMatchObject({
        action,
        rule: settledBy,
        because: `reason of ${settledBy}`,
        rules: rules.map(({ id }) => id),
      })
      expect(verdict.code).toBe(
        { allow: null, block: `rule-${settledBy}`, hold: 'hold-pending' }[action],
      )
    }
  })

  test('a rule that says what the default says changes who settles it, nothing else', () => {
    const same = policyOf({ rules: [rule('same', 'block', { placement: 'outside' })] })
    const without = ask(policyOf({}), { regions: ['US'] })
    const verdict = ask(same, { regions: ['US'] })
    expect(verdict).toEqual({
      ...without,
      code: 'rule-same',
      rule: 'same',
      because: 'reason of same',
      rules: ['same'],
      reason: 'rule `same` says block (reason of same); US is outside the allowed zone (EEA)',
    })
  })

  test('a rule that does not match leaves no trace', () => {
    const verdict = ask(policyOf({ rules: [rule('r', 'block', { port: 1 })] }), {})
    expect(verdict).toMatchObject({ action: 'allow', rule: null, rules: [] })
  })
})

describe('what a condition is compared with', () => {
  test.each<[when: WhenEntry, Asked, matches: boolean]>([
    [{ placement: 'outside' }, { regions: ['US'] }, true],
    [{ placement: ['outside', 'unknown'] }, { regions: [] }, true],
    [{ placement: 'outside' }, { regions: [] }, false],
    [{ placement: 'outside' }, { regions: ['*'] }, false],
    [{ zone: 'US' }, { regions: ['US'] }, true],
    [{ zone: 'EFTA' }, { regions: ['CH', 'NO'] }, true],
    [{ zone: 'US' }, { regions: ['DE'] }, false],
    [{ host: 'api.test' }, {}, true],
    [{ host: '*.api.test' }, {}, false],
    [{ host: 'api.test' }, { to: 'api.test.evil.test' }, false],
    [{ host: '*.test' }, { to: 'API.TEST.:443' }, true],
    [{ host: '192.0.2.1' }, { to: '0xC0000201:443' }, true],
    [{ port: 443 }, { to: 'api.test:443' }, true],
    [{ port: [80, 443] }, { to: 'api.test:8443' }, false],
    [{ scheme: 'http' }, { scheme: 'http' }, true],
    [{ scheme: 'http' }, { scheme: 'https' }, false],
    [{ method: ['POST', 'PUT'] }, { method: 'PUT' }, true],
    [{ method: 'POST' }, { method: 'GET' }, false],
    [{ path: '/v1/*' }, { path: '/v1/files' }, true],
    [{ path: '/v1/*' }, { path: '/v2/files' }, false],
    [{ agent: 'ci' }, { agent: token('ci') }, true],
    [{ agent: 'anonymous' }, {}, true],
    [{ agent: 'ci' }, {}, false],
    [{ group: 'staff' }, { agent: token('x', 'batch', 'staff') }, true],
    [{ group: 'staff' }, { agent: token('staff') }, false],
    // All conditions, any value of each.
    [{ host: ['a.test', 'api.test'], method: ['GET', 'PUT'], port: 443 }, {}, true],
    [{ host: 'api.test', method: 'POST' }, {}, false],
    [{ host: 'other.test', method: 'GET' }, {}, false],
  ])('%j, %j: %s', (when, asked, matches) => {
    for (const action of ['allow', 'hold', 'block'] as const) {
      const verdict = ask(policyOf({ rules: [rule('r', action, when)] }), asked)
      expect(verdict.rules).toEqual(matches ? ['r'] : [])
    }
  })
})

describe('where something is hidden or can be read two ways, rules that restrict match and rules that allow do not', () => {
  const tunnel = { scheme: 'tcp', method: null, path: null }
  test.each<[name: string, when: WhenEntry, Asked]>([
    ['the method in a tunnel', { method: 'POST' }, tunnel],
    ['the path in a tunnel', { path: '/v1/*' }, tunnel],
    ['any path in a tunnel', { path: '*' }, tunnel],
    ['the scheme in a tunnel', { scheme: 'https' }, tunnel],
    ['method and host in a tunnel', { method: 'POST', host: 'api.test' }, tunnel],
    ['a place that may be in the zone', { zone: 'US' }, { regions: ['DE', 'US'] }],
    ['a place that may be anywhere', { zone: 'US' }, { regions: ['*'] }],
    ['a place that nobody knows', { zone: 'US' }, { regions: [] }],
    ['a method in another case', { method: 'POST' }, { method: 'post' }],
    ['a path spelt otherwise', { path: '/v1/files' }, { path: '/v1/%66iles' }],
    ['a path that leads out', { path: '/v1/*' }, { path: '/v1/../admin' }],
  ])('%s', (_, when, asked) => {
    const allowing = policyOf({ rules: [rule('r', 'allow', when)] })
    expect(ask(allowing, asked).rules).toEqual([])
    for (const action of ['hold', 'block'] as const) {
      const restricting = policyOf({ rules: [rule('r', action, when)] })
      expect(ask(restricting, asked)).toMatchObject({ action, rules: ['r'] })
    }
  })

  test.each<[name: string, when: WhenEntry]>([
    ['the host is another', { method: 'POST', host: 'other.test' }],
    ['the port is another', { path: '/v1/*', port: 80 }],
    ['the place is surely another', { method: 'POST', zone: 'US' }],
  ])('but what is surely not so is not so: %s', (_, when) => {
    const policy = policyOf({ rules: [rule('r', 'block', when)] })
    expect(ask(policy, tunnel).rules).toEqual([])
  })
})

describe('the zone a call is measured against', () => {
  const policy = policyOf({
    home: 'EEA',
    agents: [
      { id: 'traveller', zones: ['EEA', 'US'] },
      { id: 'local', zones: 'DE' },
      { id: 'plain' },
    ],
  })
  const allowed = { name: 'US, DE', countries: new Set(['US', 'DE']) }

  test.each([
    ['anonymous', false, 'EEA', 30],
    ['an agent without an entry', false, 'EEA', 30],
    ['plain', false, 'EEA', 30],
    ['traveller', false, 'EEA, US', 31],
    ['local', false, 'DE', 1],
    // What is allowed for a destination takes the place of home …
    ['anonymous', true, 'US, DE', 2],
    ['plain', true, 'US, DE', 2],
    // … but never widens what an agent has of its own.
    ['traveller', true, 'US, DE within EEA, US', 2],
    ['local', true, 'US, DE within DE', 1],
  ])('%s, allowed %s: %s', (id, hasAllowed, name, size) => {
    const zone = zoneFor(policy, token(id), hasAllowed ? [allowed] : [])
    expect(zone.name).toBe(name)
    expect(zone.countries.size).toBe(size)
  })

  test('of several statements about one destination all have to hold', () => {
    const zone = (name: string, ...codes: string[]) => ({ name, countries: new Set(codes) })
    const policy = policyOf({ home: 'DE' })
    const codes = (...allowed: Parameters<typeof zoneFor>[2]) =>
      [...zoneFor(policy, ANONYMOUS, allowed).countries].sort()
    expect(codes(zone('a', 'US'), null)).toEqual([])
    expect(codes(zone('a', 'US', 'DE'), null)).toEqual(['DE'])
    expect(codes(zone('a', 'US', 'FR'), zone('b', 'FR'))).toEqual(['FR'])
    expect(codes(null, null)).toEqual(['DE'])
  })

  test.each<[agent: string, regions: string[], allowed: string[] | null, Placement]>([
    ['traveller', ['US'], null, 'inside'],
    ['local', ['FR'], null, 'outside'],
    ['local', ['DE', 'FR'], null, 'straddling'],
    ['plain', ['US'], ['US'], 'inside'],
    // A narrower zone for one destination: home does not count there.
    ['plain', ['FR'], ['DE'], 'outside'],
    ['local', ['US'], ['US'], 'outside'],
    ['local', ['DE', 'US'], ['DE', 'US'], 'straddling'],
    // Nothing in common: nothing is inside.
    ['local', ['DE'], ['US'], 'outside'],
    ['traveller', ['*'], ['US'], 'straddling'],
    ['traveller', [], ['US'], 'unknown'],
  ])('%s, %j, allowed %j: %s', (agent, regions, allowed, placement) => {
    const asked = { agent: token(agent), regions, ...(allowed ? { allowed } : {}) }
    expect(ask(policy, asked).placement).toBe(placement)
  })
})

const COUNTRIES = ['DE', 'FR', 'US', 'GB', 'CH']

const anyWhen: fc.Arbitrary<WhenEntry> = fc
  .record(
    {
      placement: fc.subarray([...PLACEMENTS], { minLength: 1 }),
      zone: fc.subarray(COUNTRIES, { minLength: 1 }),
      host: fc.subarray(['api.test', '*.test', '*', 'b.test'], { minLength: 1 }),
      port: fc.constantFrom(443, 80),
      scheme: fc.constantFrom('http' as const, 'https' as const),
      method: fc.subarray(['GET', 'POST'], { minLength: 1 }),
      path: fc.subarray(['/v1/*', '*', '/v1/files'], { minLength: 1 }),
      agent: fc.subarray(['anonymous', 'ci'], { minLength: 1 }),
      group: fc.constantFrom('staff'),
    },
    { requiredKeys: [] },
  )
  .filter((when) => Object.keys(when).length > 0)

const anyRules: fc.Arbitrary<RuleEntry[]> = fc.uniqueArray(
  fc
    .tuple(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,3}$/),
      fc.constantFrom<Action>('allow', 'hold', 'block'),
      anyWhen,
    )
    .map(([id, then, when]) => rule(id, then, when)),
  { selector: ({ id }) => id, maxLength: 12 },
)

const anyAsked: fc.Arbitrary<Asked> = fc.record({
  regions: fc.oneof(fc.subarray(COUNTRIES), fc.constant(['*'])),
  to: fc.constantFrom('api.test:443', 'b.test:80', '192.0.2.1:443'),
  scheme: fc.constantFrom('http', 'https', 'tcp'),
  agent: fc.constantFrom(ANONYMOUS, token('ci'), token('x', 'staff')),
  method: fc.constantFrom('GET', 'post', 'POST', null),
  path: fc.constantFrom('/v1/files', '/v1/%66iles', '/', '/v2/../v1/x', null),
})

const document = (rules: readonly RuleEntry[]): PolicyDocument => ({
  home: ['DE', 'FR'],
  agents: [{ id: 'ci', zones: ['DE', 'US'] }],
  rules,
})

describe('for every policy', () => {
  test('no rule’s position changes a verdict', () => {
    const shuffled = anyRules.chain((rules) =>
      fc.tuple(
        fc.constant(rules),
        fc.shuffledSubarray(rules, { minLength: rules.length, maxLength: rules.length }),
      ),
    )
    fc.assert(
      fc.property(shuffled, anyAsked, ([rules, other], asked) => {
        expect(ask(policyOf(document(other)), asked)).toEqual(ask(policyOf(document(rules)), asked))
      }),
    )
  })

  test('one more rule that restricts never lets more pass', () => {
    const STRENGTH = { allow: 0, hold: 1, block: 2 }
    fc.assert(
      fc.property(
        anyRules.filter((rules) => rules.some(({ then }) => then !== 'allow')),
        anyAsked,
        (rules, asked) => {
          const [removed] = rules.filter(({ then }) => then !== 'allow')
          const fewer = rules.filter((each) => each !== removed)
          const before = ask(policyOf(document(fewer)), asked)
          const after = ask(policyOf(document(rules)), asked)
          // Where no rule spoke, the default did; a hold in place of a block there is what the operator asked for.
          if (before.rule === null) return
          expect(STRENGTH[after.action]).toBeGreaterThanOrEqual(STRENGTH[before.action])
        },
      ),
    )
  })

  test('what is let pass in a tunnel is let pass in sight as well', () => {
    fc.assert(
      fc.property(anyRules, anyAsked, (rules, asked) => {
        const policy = policyOf(document(rules))
        const hidden = { method: null, path: null, scheme: 'tcp' }
        const unseen = ask(policy, { ...asked, ...hidden })
        if (unseen.rule === null || unseen.action !== 'allow') return
        const seen = ask(policy, { ...asked, scheme: 'https', method: 'POST', path: '/v1/files' })
        expect(seen.action).toBe('allow')
      }),
    )
  })

  test('nothing throws, and the verdict is one of three with its rules sorted', () => {
    const wild = fc.record({
      regions: fc.array(fc.string({ maxLength: 3 })),
      scheme: fc.string(),
      agent: fc.record({
        id: fc.string(),
        groups: fc.array(fc.string()),
        by: fc.constantFrom('token' as const, 'source' as const, 'none' as const),
      }),
      method: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null)),
      path: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null)),
    })
    fc.assert(
      fc.property(anyRules, wild, (rules, asked) => {
        const verdict = ask(policyOf(document(rules)), asked)
        expect(['allow', 'block', 'hold']).toContain(verdict.action)
        expect((verdict.code === null) === (verdict.action === 'allow')).toBe(true)
        expect(verdict.rules).toEqual([...verdict.rules].sort())
      }),
    )
  })
})

describe('verdicts that are remembered', () => {
  const located = destination({ authority: authority('api.test') })
  const asking = { agent: ANONYMOUS, scheme: 'https', creates: null }

  test('equal cases share one object', () => {
    const policy = policyOf({ rules: [rule('r', 'block', { path: '/a*' })] })
    const assessment = assess(policy, asking, located)
    const one = decide(assessment, { method: 'GET', path: '/a1' })
    expect(decide(assessment, { method: 'PUT', path: '/a2' })).toBe(one)
    expect(decide(assessment, { method: 'GET', path: '/b' })).not.toBe(one)
  })

  test('a client that visits every set of rules does not fill the memory', () => {
    const letters = 'abcdefghijkl'.split('')
    const rules = letters.map((letter) => rule(letter, 'block', { path: `*${letter}*` }))
    const assessment = assess(policyOf({ rules }), asking, located)
    for (let set = 0; set < 2 ** letters.length; set++) {
      const path = `/${letters.filter((_, i) => set & (1 << i)).join('')}`
      expect(decide(assessment, { method: 'GET', path }).rules.join('')).toBe(path.slice(1))
    }
    expect(assessment.verdicts.size).toBeLessThanOrEqual(256)
  })
})

describe('a request that a rule takes data out of, and that nobody can read', () => {
  const rules = [{ id: 'out', because: 'it stays' }]
  const unread = { code: 'body-unscannable', detail: 'it cannot be read', rules } as const
  const asked = { method: 'POST', path: '/' }
  const withRules = (...more: ReturnType<typeof rule>[]) => policyOf({ rules: more })
  const cases = [
    {
      name: 'blocked, in the name of the rule',
      ...{ policy: withRules(), regions: ['DE'], mayAsk: false },
      want: {
        ...{ action: 'block', code: 'body-unscannable', placement: 'inside' },
        ...{ rule: 'out', because: 'it stays' },
      },
    },
    {
      name: 'held, in the name of the rule',
      ...{ policy: withRules(), regions: ['DE'], mayAsk: true },
      want: { action: 'hold', code: 'hold-pending', rule: 'out', holding: ['out'] },
    },
    {
      name: 'held for its place as well: leave for one is none for the other',
      ...{ policy: withRules(), regions: ['DE', 'US'], mayAsk: true },
      want: { action: 'hold', rule: null, holding: ['out', 'placement-straddling'] },
    },
    {
      name: 'held by another rule as well',
      ...{
        policy: withRules(rule('ask', 'hold', { method: 'POST' })),
        regions: ['DE'],
        mayAsk: true,
      },
      want: { action: 'hold', rule: 'ask', holding: ['ask', 'out'] },
    },
    {
      name: 'nobody is asked about what is blocked',
      ...{
        policy: withRules(rule('no', 'block', { method: 'POST' })),
        regions: ['DE'],
        mayAsk: true,
      },
      want: { action: 'block', code: 'rule-no', rule: 'no' },
    },
  ]
  test.each(cases)('$name', ({ policy, regions, mayAsk, want }) => {
    const verdict = decideFaulty(assessed(policy, { regions }), asked, { ...unread, mayAsk })
    expect(verdict).toMatchObject(want)
    expect(verdict.terms === null).toBe(want.action !== 'hold')
  })
})

test('what no policy can allow is a block that no rule settled', () => {
  const { home } = policyOf({})
  expect(blockFor({ code: 'address-prohibited', detail: 'it is inside' }, home)).toEqual({
    action: 'block',
    code: 'address-prohibited',
    placement: 'unknown',
    zone: home,
    rule: null,
    because: null,
    reason: 'it is inside',
    upgrades: false,
    rules: [],
    terms: null,
    holding: [],
    redact: null,
    would: null,
  })
})

describe('who asks only for a name', () => {
  const put: WhenEntry = { method: 'PUT' }
  test.each<[string, string[], RuleEntry[], Action, string | null]>([
    ['inside', ['DE'], [], 'allow', null],
    ['outside', ['US'], [], 'block', 'placement-outside'],
    ['where a person may allow it', [], [], 'allow', null],
    ['where some calls are blocked', ['DE'], [rule('r', 'block', put)], 'allow', null],
    [
      'where all calls are blocked',
      ['DE'],
      [rule('r', 'block', { host: 'api.test' })],
      'block',
      'rule-r',
    ],
    ['of another host', ['DE'], [rule('r', 'block', { host: 'other.test' })], 'allow', null],
    ['outside, where some calls are allowed', ['US'], [rule('r', 'allow', put)], 'allow', null],
    ['outside, where some calls are held', ['US'], [rule('r', 'hold', put)], 'allow', null],
  ])('%s', (_, regions, rules, action, code) => {
    const verdict = decideName(assessed(policyOf({ rules }), { regions }))
    expect(verdict).toMatchObject({ action, code })
  })
})
