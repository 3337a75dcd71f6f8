/** Which kinds are taken out, and how, when rules say several things; and what a rule may say. */

import { describe, expect, test } from 'vitest'
import type { Kind } from '../../src/model/finding.ts'
import type { Action } from '../../src/model/verdict.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { assess, decide } from '../../src/policy/decide.ts'
import type { PolicyDocument, RuleEntry } from '../../src/policy/document.ts'
import { destination, flow } from '../support/nouns.ts'

const KINDS = new Map<string, Kind>([
  ['iban', { class: 'payment', readiness: 'on' }],
  ['payment-card', { class: 'payment', readiness: 'on' }],
  ['lei', { class: 'payment', readiness: 'off' }],
  ['email', { class: 'personal', readiness: 'on' }],
  ['aws-access-key', { class: 'secret', readiness: 'on' }],
])

/** Rules are plain data, whose key is `then`. */
const deciding = (action: Action, rule: Partial<RuleEntry>): Partial<RuleEntry> => ({
  ...rule,
  ...Object.fromEntries([['then', action]]),
})

function compile(rules: readonly Partial<RuleEntry>[]) {
  const document: PolicyDocument = {
    home: 'DE',
    rules: rules.map((rule, i) => ({ id: `r${i}`, because: 'x', when: { port: 443 }, ...rule })),
  }
  return compilePolicy(document, {
    builtinZones: new Map([['EEA', new Set(['DE'])]]),
    digest: 'd',
    enforced: true,
    tunnelOnly: [],
    answers: 'any',
    kinds: KINDS,
  })
}

function verdictOf(rules: readonly Partial<RuleEntry>[], data: readonly string[] | null = null) {
  const compiled = compile(rules)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const asking = { agent: flow().agent, scheme: 'https', creates: null }
  const assessment = assess(compiled.policy, asking, destination({ regions: ['DE'] }))
  return decide(assessment, { method: 'POST', path: '/', data: data && new Set(data) })
}

const plain = (map: ReadonlyMap<string, unknown> | undefined) => Object.fromEntries(map ?? [])

describe('what is taken out', () => {
  test('what is off is meant only where it is named', () => {
    const { redact } = verdictOf([{ redact: { out: ['lei', 'email'], in: 'payment' } }])
    expect([...(redact?.out.keys() ?? [])]).toEqual(['lei', 'email'])
    expect([...(redact?.in.keys() ?? [])]).toEqual(['iban', 'payment-card'])
    expect([...(redact?.named ?? [])]).toEqual(['lei', 'email'])
    const compiled = compile([deciding('block', { when: { data: ['lei', 'personal'] } })])
    expect('policy' in compiled && [...compiled.policy.askedFor]).toEqual(['lei'])
  })

  test('a class stands for its kinds; a label unless said otherwise', () => {
    const { redact, action } = verdictOf([{ redact: { out: ['payment', 'email'] } }])
    expect(action).toBe('allow')
    expect(plain(redact?.out)).toEqual({
      iban: { kind: 'label' },
      'payment-card': { kind: 'label' },
      email: { kind: 'label' },
    })
    expect(redact?.in.size).toBe(0)
  })

  test('of several operators the one that leaves least, in any order', () => {
    const rules: Partial<RuleEntry>[] = [
      { redact: { out: 'iban', with: 'token' } },
      { redact: { out: 'iban', with: 'mask', keep: 4 } },
      { redact: { out: 'payment', with: 'mask', keep: 2 } },
      { redact: { in: 'iban', with: 'hash' } },
    ]
    for (const each of [rules, rules.toReversed()]) {
      const { redact } = verdictOf(each)
      expect(plain(redact?.out)).toEqual({
        iban: { kind: 'mask', keep: 2 },
        'payment-card': { kind: 'mask', keep: 2 },
      })
      expect(plain(redact?.in)).toEqual({ iban: { kind: 'hash' } })
    }
  })

  test('secrets have no way back', () => {
    const { redact } = verdictOf([{ redact: { out: ['secret', 'email'], with: 'token' } }])
    expect(plain(redact?.out)).toEqual({
      'aws-access-key': { kind: 'label' },
      email: { kind: 'token' },
    })
  })

  test('a rule that is only observed takes nothing out', () => {
    expect(verdictOf([{ mode: 'observe', redact: { out: 'iban' } }]).redact).toBeNull()
  })
})

describe('what is in a request decides', () => {
  const RULES: Partial<RuleEntry>[] = [deciding('block', { when: { data: ['payment'] } })]

  test.each([
    ['an account', ['iban'], 'block'],
    ['something else', ['email'], 'allow'],
    ['nothing', [], 'allow'],
    ['nobody could read it', null, 'block'],
  ])('%s: %s', (_, data, action) => {
    expect(verdictOf(RULES, data).action).toBe(action)
  })

  test('what nobody has seen allows nothing', () => {
    const rules: Partial<RuleEntry>[] = [deciding('allow', { when: { data: 'email' } })]
    expect(verdictOf(rules).rules).toEqual([])
    expect(verdictOf(rules, ['email']).rules).toEqual(['r0'])
  })
})

test.each([
  ['no kind', { redact: { out: 'ibam' } }, '`ibam` is no kind of data', 'did you mean `iban`?'],
  ['no direction', { redact: { with: 'mask' } }, 'does not say in which direction', 'write `out:`'],
  ['nothing at all', {}, 'the rule does nothing', 'write `then:`'],
  [
    'blocked and redacted',
    deciding('block', { redact: { out: 'iban' } }),
    'does not pass',
    'take it',
  ],
  ['keep without mask', { redact: { out: 'iban', keep: 2 } }, 'only `mask`', 'write `with: mask`'],
  [
    'an upgrade',
    { when: { upgrade: ['websocket', 'tcp'] }, redact: { out: 'iban' } },
    'becomes',
    'take',
  ],
] satisfies [string, Partial<RuleEntry>, string, string][])(
  '%s is a mistake',
  (_, rule, message, hint) => {
    const compiled = compile([rule])
    const problems = 'problems' in compiled ? compiled.problems : []
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message).toContain(message)
    expect(problems[0]?.hint).toContain(hint)
  },
)
