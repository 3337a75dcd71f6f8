import { describe, expect, test } from 'vitest'
import { isAmong } from '../../src/model/reviewer.ts'
import { withoutWait } from '../../src/policy/decide.ts'
import { type Asked, ask, assessed, policyOf, rule } from './support.ts'

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
