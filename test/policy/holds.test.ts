import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HoldTerms } from '../../src/model/hold.ts'
import { isAmong } from '../../src/model/reviewer.ts'
import { withoutWait } from '../../src/policy/decide.ts'
import type { PolicyDocument, RuleEntry, RuleHoldEntry } from '../../src/policy/document.ts'
import { type Asked, ask, assessed, policyOf, problemsOf, rule, token } from './support.ts'

const MINUTE = 60_000

describe('how a call is held', () => {
  test('by default: a short wait, a long hold, and anybody who may decide', () => {
    expect(ask(policyOf({}), { regions: [] })).toMatchObject({
      action: 'hold',
      terms: {
        approvals: [{ reviewers: null, quorum: 1 }],
        wait: 25_000,
        expires: 60 * MINUTE,
        durable: false,
      },
      holding: [],
    })
  })

  test.each<[why: string, asked: Asked]>([
    ['what is allowed', { regions: ['DE'] }],
    ['what is blocked', { regions: ['US'] }],
    ['what a rule blocks, though another holds it', { to: 'both.test:443' }],
  ])('%s has no terms', (_, asked) => {
    const rules = [
      rule('a', 'hold', { host: 'both.test' }),
      rule('b', 'block', { host: 'both.test' }),
    ]
    expect(ask(policyOf({ rules }), asked)).toMatchObject({ terms: null, holding: [] })
  })

  test('all rules that hold it are named, and no others', () => {
    const rules = [
      rule('b', 'hold', { port: 443 }),
      rule('c', 'allow', { port: 443 }),
      rule('a', 'hold', { host: '*' }),
      rule('d', 'hold', { method: 'PUT' }),
    ]
    expect(ask(policyOf({ rules }), {})).toMatchObject({
      rules: ['a', 'b', 'c'],
      holding: ['a', 'b'],
      code: 'hold-pending',
    })
  })
})

/** Anna is of the data protection office, Bert of security, Carl of both. */
const REVIEWERS = [
  { id: 'anna', groups: ['dpo'] },
  { id: 'bert', groups: ['security'] },
  { id: 'carl', groups: ['security', 'dpo'] },
]
const holding = (id: string, hold: RuleHoldEntry = {}): RuleEntry => ({
  ...rule(id, 'hold', { port: 443 }),
  hold,
})
const of = (document: PolicyDocument) => ({ reviewers: REVIEWERS, ...document })
const termsFor = (document: PolicyDocument, asked: Asked = {}) =>
  ask(policyOf(of(document)), asked).terms

describe('what several rules demand', () => {
  const GENERAL = { wait: 15_000, expires: 10 * MINUTE, reviewers: 'dpo', durable: true }
  test.each<[why: string, rules: RuleHoldEntry[], terms: Partial<HoldTerms>]>([
    [
      'one that says nothing: what the policy says',
      [{}],
      { approvals: [{ reviewers: ['dpo'], quorum: 1 }], wait: 15_000, expires: 600_000 },
    ],
    [
      'one that says who',
      [{ reviewers: 'bert' }],
      { approvals: [{ reviewers: ['bert'], quorum: 1 }] },
    ],
    ['one that says how many', [{ quorum: 2 }], { approvals: [{ reviewers: ['dpo'], quorum: 2 }] }],
    [
      'two different ones: both have to be met',
      [{ reviewers: 'security', quorum: 2 }, { reviewers: ['dpo', 'bert'] }],
      {
        approvals: [
          { reviewers: ['bert', 'dpo'], quorum: 1 },
          { reviewers: ['security'], quorum: 2 },
        ],
      },
    ],
    [
      'the same twice: once',
      [{ reviewers: ['security', 'dpo'] }, { reviewers: ['dpo', 'security', 'dpo'] }],
      { approvals: [{ reviewers: ['dpo', 'security'], quorum: 1 }] },
    ],
    [
      'the shortest time to decide',
      [{ expires: 5_000_000 }, { expires: 4_000_000 }],
      { expires: 4_000_000 },
    ],
    ['the usual time to decide, if shorter', [{ expires: 5_000_000 }, {}], { expires: 600_000 }],
    ['the shortest wait', [{ wait: 9_000 }, { wait: 8_000 }], { wait: 8_000 }],
    [
      'the wait that a rule asks for, if longer than usual',
      [{ wait: 30_000 }, {}],
      { wait: 30_000 },
    ],
    ['no wait beyond the end', [{ wait: 30_000, expires: 2_000 }], { wait: 2_000, expires: 2_000 }],
    ['to outlive the client: all', [{}, { durable: true }], { durable: true }],
    ['to outlive the client: not all', [{ durable: false }, { durable: true }], { durable: false }],
  ])('%s', (_, rules, terms) => {
    const entries = rules.map((hold, i) => holding(`r${i}`, hold))
    for (const each of [entries, entries.toReversed()]) {
      expect(termsFor({ hold: GENERAL, rules: each })).toMatchObject(terms)
    }
    // Nor do their names matter.
    const renamed = entries.map((entry, i) => ({ ...entry, id: `r${9 - i}` }))
    expect(termsFor({ hold: GENERAL, rules: renamed })).toMatchObject(terms)
  })

  test('an agent waits as long as its entry says, whatever the rules say', () => {
    const document = {
      agents: [{ id: 'ci', hold: { wait: 3_000 } }],
      rules: [holding('a', { wait: 8_000 })],
    }
    expect(termsFor(document, { agent: token('ci') })?.wait).toBe(3_000)
    expect(termsFor(document)?.wait).toBe(8_000)
    const byDefault = { agent: token('ci'), regions: [] }
    expect(termsFor({ ...document, rules: [] }, byDefault)?.wait).toBe(3_000)
  })

  test('one more rule that holds never asks for less', () => {
    const demand = fc.record(
      {
        reviewers: fc.subarray(['anna', 'bert', 'dpo', 'security'], { minLength: 1 }),
        quorum: fc.constant(1),
        expires: fc.integer({ min: 1, max: 9_999_999 }),
        durable: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(demand, { minLength: 1, maxLength: 5 }), demand, (rules, more) => {
        const entries = rules.map((hold, i) => holding(`r${i}`, hold as RuleHoldEntry))
        const before = termsFor({ rules: entries })
        const after = termsFor({ rules: [...entries, holding('x', more as RuleHoldEntry)] })
        expect(after?.approvals).toEqual(expect.arrayContaining([...(before?.approvals ?? [])]))
        expect(after?.expires).toBeLessThanOrEqual(before?.expires ?? 0)
        expect(after?.durable && !before?.durable).toBe(false)
      }),
    )
  })
})

describe('rules that are only observed', () => {
  const observed = (id: string, then: 'block' | 'hold'): RuleEntry => ({
    ...rule(id, then, { port: 443 }),
    mode: 'observe',
  })
  const ofForce = (id: string, then: RuleEntry['then']) => rule(id, then, { port: 443 })
  const INSIDE = ['DE']
  const OUTSIDE = ['US']
  test.each<
    [
      why: string,
      regions: string[],
      rules: RuleEntry[],
      action: string,
      would: [string, string] | null,
    ]
  >([
    ['a block that is allowed', INSIDE, [observed('a', 'block')], 'allow', ['block', 'a']],
    ['a hold that is allowed', INSIDE, [observed('a', 'hold')], 'allow', ['hold', 'a']],
    [
      'block beats hold',
      INSIDE,
      [observed('a', 'hold'), observed('b', 'block')],
      'allow',
      ['block', 'b'],
    ],
    [
      'of equals the first by id',
      INSIDE,
      [observed('b', 'hold'), observed('a', 'hold')],
      'allow',
      ['hold', 'a'],
    ],
    [
      'a rule that allows goes before the default',
      OUTSIDE,
      [ofForce('a', 'allow'), observed('b', 'block')],
      'allow',
      ['block', 'b'],
    ],
    ['blocked already', OUTSIDE, [observed('a', 'block')], 'block', null],
    [
      'blocked by a rule already',
      INSIDE,
      [ofForce('a', 'block'), observed('b', 'hold')],
      'block',
      null,
    ],
    ['held already', INSIDE, [ofForce('a', 'hold'), observed('b', 'hold')], 'hold', null],
    [
      'held, and would be blocked',
      INSIDE,
      [ofForce('a', 'hold'), observed('b', 'block')],
      'hold',
      ['block', 'b'],
    ],
    // In place of the default, as any rule.
    ['a hold in place of a block', OUTSIDE, [observed('a', 'hold')], 'block', ['hold', 'a']],
    ['nothing observed', INSIDE, [ofForce('a', 'hold')], 'hold', null],
  ])('%s', (_, regions, rules, action, would) => {
    const verdict = ask(policyOf({ rules }), { regions })
    expect(verdict).toMatchObject({
      action,
      would: would && { action: would[0], rule: would[1] },
      rules: rules.map(({ id }) => id).sort(),
    })
    // It says nothing else than without them.
    const without = ask(policyOf({ rules: rules.filter(({ mode }) => !mode) }), { regions })
    expect({ ...verdict, would: null, rules: [] }).toEqual({ ...without, rules: [] })
  })

  test('`mode: enforce` is what every rule is', () => {
    const enforced: RuleEntry = { ...ofForce('a', 'block'), mode: 'enforce' }
    expect(policyOf({ rules: [enforced] }).rules).toMatchObject([{ id: 'a', observed: false }])
  })
})

describe('a mistake', () => {
  const MORE = 'name more people under `reviewers`, or a lower `quorum`'
  const never = (quorum: number, people: string) =>
    `this could never be approved: ${quorum} have to agree, and there are only ${people}`
  const ruled = (changes: Partial<RuleEntry>): PolicyDocument => ({
    rules: [{ ...holding('a'), ...changes }],
  })
  const owned = (agents: string[], hold: RuleHoldEntry): PolicyDocument => ({
    agents: [{ id: 'ci', owner: 'anna' }, { id: 'bert' }, { id: 'other' }],
    rules: [{ ...rule('a', 'hold', { agent: agents }), hold }],
  })
  const barred = (agent: string, quorum: number, who: string) =>
    `calls of \`${agent}\` could never be approved: ${quorum} have to agree, and \`${who}\` may not decide about it`

  test.each<[why: string, PolicyDocument, path: string, message: string, hint?: string]>([
    [
      'a reviewer nobody knows',
      ruled({ hold: { reviewers: ['dpo', 'ana'] } }),
      'rules.0.hold.reviewers.1',
      '`ana` is neither a reviewer nor a group of them',
      'did you mean `anna`?',
    ],
    [
      'in general',
      { hold: { reviewers: 'legal' } },
      'hold.reviewers.0',
      '`legal` is neither a reviewer nor a group of them',
      'name them under `reviewers`',
    ],
    [
      'more than there are in the group',
      ruled({ hold: { reviewers: 'dpo', quorum: 3 } }),
      'rules.0.hold.quorum',
      never(3, '2 (anna, carl)'),
      MORE,
    ],
    [
      'one who stands in both is one',
      ruled({ hold: { reviewers: ['dpo', 'security', 'carl'], quorum: 4 } }),
      'rules.0.hold.quorum',
      never(4, '3 (anna, bert, carl)'),
      MORE,
    ],
    [
      'as many as in general, of fewer',
      { hold: { quorum: 2 }, ...ruled({ hold: { reviewers: 'bert' } }) },
      'rules.0.hold.reviewers',
      never(2, '1 (bert)'),
      MORE,
    ],
    [
      'in general more than all',
      { hold: { quorum: 5 } },
      'hold.quorum',
      never(5, '4 (admin, anna, bert, carl)'),
      MORE,
    ],
    [
      'who answers for the only agent',
      owned(['ci'], { reviewers: 'dpo', quorum: 2 }),
      'rules.0.hold',
      barred('ci', 2, 'anna'),
      MORE,
    ],
    [
      'who is the only agent',
      owned(['other', 'bert'], { reviewers: 'bert' }),
      'rules.0.hold',
      barred('bert', 1, 'bert'),
      MORE,
    ],
    [
      'how to hold what is blocked',
      { rules: [{ ...rule('a', 'block', { port: 443 }), hold: { quorum: 1 } }] },
      'rules.0.hold',
      '`hold` says how calls wait, and this rule says `block`',
      'take it out, or write `then: hold`',
    ],
    [
      'observing what allows',
      { rules: [{ ...rule('a', 'allow', { port: 443 }), mode: 'observe' }] },
      'rules.0.mode',
      'a rule that allows cannot only be observed: there is nothing it would have kept',
      'take `mode` out',
    ],
    [
      'an owner nobody knows',
      { agents: [{ id: 'a', owner: 'Anna' }] },
      'agents.0.owner',
      '`Anna` is not a reviewer',
      'did you mean `anna`?',
    ],
    [
      'a group as owner',
      { agents: [{ id: 'a', owner: 'dpo' }] },
      'agents.0.owner',
      '`dpo` is a group of reviewers: an owner is one of them',
    ],
    [
      'the same reviewer twice',
      { reviewers: [{ id: 'a' }, { id: 'a' }] },
      'reviewers.1.id',
      'reviewer `a` is defined twice',
    ],
    [
      'a reviewer called admin',
      { reviewers: [{ id: 'admin' }] },
      'reviewers.0.id',
      '`admin` is built in: who has the token of the first start',
      'give the person another name',
    ],
    [
      'a reviewer with a blank',
      { reviewers: [{ id: 'a b' }] },
      'reviewers.0.id',
      '`a b` cannot be the name of a reviewer',
    ],
    [
      'a group with a blank',
      { reviewers: [{ id: 'a', groups: ['b', 'c d'] }] },
      'reviewers.0.groups.1',
      '`c d` cannot be the name of a group',
    ],
    [
      'a group called as a reviewer',
      { reviewers: [{ id: 'a', groups: ['b'] }, { id: 'b' }] },
      'reviewers.0.groups.0',
      '`b` is a reviewer, and cannot be a group as well',
    ],
    [
      'a group called admin',
      { reviewers: [{ id: 'a', groups: ['admin'] }] },
      'reviewers.0.groups.0',
      '`admin` is a reviewer, and cannot be a group as well',
    ],
    [
      'a grant that is longer than the longest',
      { hold: { grant: { default: 7_200_000, max: 3_600_000 } } },
      'hold.grant.default',
      'this is longer than the longest a grant may last',
      'write a higher `max` beside it',
    ],
    [
      'more of one agent than of all',
      { hold: { max_pending: 10, max_pending_per_agent: 11 } },
      'hold.max_pending_per_agent',
      'this is more than `max_pending`, which is 10',
    ],
  ])('%s', (_, document, path, message, hint) => {
    const found = problemsOf(of(document)).map((each) => ({ ...each, path: each.path.join('.') }))
    expect(found).toEqual([{ path, message, ...(hint === undefined ? {} : { hint }) }])
  })

  test.each<[why: string, PolicyDocument]>([
    ['two of a group of two', ruled({ hold: { reviewers: 'dpo', quorum: 2 } })],
    ['the token of the first start counts where nobody is named', { hold: { quorum: 4 } }],
    ['and where it is named', ruled({ hold: { reviewers: ['admin', 'bert'], quorum: 2 } })],
    ['one of two, of whom one answers for the agent', owned(['ci'], { reviewers: 'dpo' })],
    [
      'whose rule is not for that agent alone',
      { ...owned([], { reviewers: 'dpo', quorum: 2 }), ...ruled({}) },
    ],
    ['an observed rule that holds', ruled({ mode: 'observe', hold: { reviewers: 'dpo' } })],
    ['always on_expiry: block', ruled({ hold: { on_expiry: 'block' } })],
  ])('is none: %s', (_, document) => {
    expect(problemsOf(of(document))).toEqual([])
  })
})

describe('what a policy says of holds', () => {
  test('everything', () => {
    const { holds, reviewers, agents } = policyOf({
      reviewers: REVIEWERS,
      agents: [{ id: 'ci', owner: 'anna' }, { id: 'b' }],
      hold: {
        wait: 1,
        expires: 2,
        reviewers: ['security', 'anna'],
        quorum: 2,
        durable: true,
        grant: { default: 3, max: 4 },
        preview: false,
        max_pending: 6,
        max_pending_per_agent: 5,
      },
    })
    expect(holds).toEqual({
      approval: { reviewers: ['anna', 'security'], quorum: 2 },
      wait: 1,
      expires: 2,
      durable: true,
      grantDefault: 3,
      grantMax: 4,
      preview: false,
      maxPending: 6,
      maxPendingPerAgent: 5,
    })
    expect(reviewers).toEqual([
      { id: 'admin', groups: [] },
      { id: 'anna', groups: ['dpo'] },
      { id: 'bert', groups: ['security'] },
      { id: 'carl', groups: ['dpo', 'security'] },
    ])
    expect(agents).toMatchObject([{ owner: 'anna', wait: null }, { owner: null }])
  })

  test('nothing', () => {
    expect(policyOf({})).toMatchObject({
      holds: {
        approval: { reviewers: null, quorum: 1 },
        wait: 25_000,
        expires: 3_600_000,
        durable: false,
        grantDefault: 1_800_000,
        grantMax: 86_400_000,
        maxPending: 10_000,
        maxPendingPerAgent: 1_000,
      },
      reviewers: [{ id: 'admin', groups: [] }],
    })
  })

  test('what is not said stays below what is', () => {
    expect(policyOf({ hold: { grant: { max: 60_000 }, max_pending: 10 } }).holds).toMatchObject({
      grantDefault: 60_000,
      maxPendingPerAgent: 10,
    })
  })
})

describe('where nobody can wait', () => {
  test('a hold is a block that says so, and another verdict what it was', () => {
    const assessment = assessed(policyOf({}), { regions: [] })
    const held = ask(policyOf({}), { regions: [] })
    const refused = withoutWait(assessment, held)
    expect(refused).toEqual({ ...held, code: 'hold-unavailable' })
    expect(withoutWait(assessment, held)).toBe(refused)
    const allowed = ask(policyOf({}), {})
    expect(withoutWait(assessment, allowed)).toBe(allowed)
  })
})

describe('who may agree', () => {
  const anna = { id: 'anna', groups: ['dpo', 'legal'] }
  test.each([
    [null, true],
    [['anna'], true],
    [['legal'], true],
    [['bert', 'security'], false],
    [[], false],
  ])('of %j anna: %s', (reviewers, may) => {
    expect(isAmong({ reviewers, quorum: 1 }, anna)).toBe(may)
  })
})
