/** What files say of holds: their form, several files as one, and that a running proxy takes up a change. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { watchSettings } from '../../src/config/watch.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Files, load, optionsFor, problems, write } from './support.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
})
afterEach(() => folder[Symbol.asyncDispose]())

const V = 'version: 1\n'
const rule = (more: string) =>
  `${V}rules:\n  - { id: a, because: b, when: { port: 1 }, then: hold, ${more} }\n`

const ALL = `${V}
hold:
  wait: 20s
  expires: 2h
  reviewers: dpo
  quorum: 2
  durable: true
  grant: { default: 10m, max: 8h }
  max_pending: 500
  max_pending_per_agent: 50
reviewers:
  - { id: anna, groups: [dpo] }
  - { id: carl, groups: [dpo, security] }
  - { id: bert }
agents:
  - { id: crawler, owner: bert, hold: { wait: 10s } }
rules:
  - id: uploads
    because: GDPR art. 44
    when: { placement: outside, method: POST }
    then: hold
    mode: enforce
    hold: { reviewers: [security, anna], quorum: 1, expires: 4h, on_expiry: block, durable: false, wait: 5s }
  - { id: later, because: b, when: { port: 8443 }, then: block, mode: observe }
`

test('everything there is to say', () => {
  write(dir, { 'cordon.yaml': ALL })
  const { policy } = load(dir)
  expect(policy).toMatchObject({
    holds: {
      approval: { reviewers: ['dpo'], quorum: 2 },
      wait: 20_000,
      expires: 7_200_000,
      durable: true,
      grantDefault: 600_000,
      grantMax: 28_800_000,
      maxPending: 500,
      maxPendingPerAgent: 50,
    },
    agents: [{ id: 'crawler', owner: 'bert', wait: 10_000 }],
    rules: [
      { id: 'later', observed: true, hold: null },
      {
        id: 'uploads',
        observed: false,
        hold: {
          approval: { reviewers: ['anna', 'security'], quorum: 1 },
          expires: 14_400_000,
          durable: false,
          wait: 5_000,
        },
      },
    ],
  })
  expect(policy.reviewers.map(({ id }) => id)).toEqual(['admin', 'anna', 'carl', 'bert'])
})

describe('a mistake of form', () => {
  const TIME = 'a time is written like 30s, 10m or 8h'
  test.each<[why: string, text: string, problem: string]>([
    ['a number for a time', `${V}hold: { wait: 25 }\n`, `2:15: ${TIME}`],
    ['no time', `${V}hold: { wait: soon }\n`, `2:15: ${TIME}`],
    ['no wait at all', `${V}hold: { wait: 0s }\n`, `2:15: ${TIME}`],
    ['a wait nobody endures', `${V}hold: { wait: 11m }\n`, '2:15: no more than 10m'],
    ['of an agent', `${V}agents: [{ id: a, hold: { wait: 1h } }]\n`, '2:33: no more than 10m'],
    ['of a rule', rule('hold: { wait: 601s }'), '3:71: no more than 10m'],
    ['an endless hold', rule('hold: { expires: 31d }'), '3:74: no more than 30d'],
    ['an endless grant', `${V}hold: { grant: { max: 367d } }\n`, '2:23: no more than 366d'],
    [
      'nobody has to agree',
      rule('hold: { quorum: 0 }'),
      '3:73: too small: expected number to be >=1',
    ],
    [
      'everybody has to agree',
      `${V}hold: { quorum: 21 }\n`,
      '2:17: too big: expected number to be <=20',
    ],
    [
      'no reviewers',
      `${V}hold: { reviewers: [] }\n`,
      '2:20: too small: expected array to have >=1 items',
    ],
    [
      'time that allows',
      rule('hold: { on_expiry: allow }'),
      '3:76: `on_expiry` is always block: what nobody has decided is not allowed',
    ],
    ['no room', `${V}hold: { max_pending: 0 }\n`, '2:22: too small: expected number to be >=1'],
    [
      'too much room',
      `${V}hold: { max_pending: 1000001 }\n`,
      '2:22: too big: expected number to be <=1000000',
    ],
    [
      'a misspelt key',
      `${V}hold: { reviewer: dpo }\n`,
      '2:9: unknown key `reviewer` (did you mean `reviewers`?)',
    ],
    [
      'of a rule',
      rule('hold: { expire: 1h }'),
      '3:65: unknown key `expire` (did you mean `expires`?)',
    ],
    [
      'one that only the policy has',
      rule('hold: { max_pending: 1 }'),
      '3:65: unknown key `max_pending`',
    ],
    [
      'of an agent',
      `${V}agents: [{ id: a, ower: b }]\n`,
      '2:19: unknown key `ower` (did you mean `owner`?)',
    ],
    [
      'of a reviewer',
      `${V}reviewers: [{ id: a, group: [b] }]\n`,
      '2:22: unknown key `group` (did you mean `groups`?)',
    ],
    [
      'a rule half in force',
      rule('mode: off'),
      '3:63: invalid option: expected one of "enforce"|"observe"',
    ],
  ])('%s: %s', (_, text, problem) => {
    write(dir, { 'cordon.yaml': text })
    expect(problems(dir)).toEqual([`cordon.yaml:${problem}`])
  })
})

describe('a mistake of meaning is told where it stands', () => {
  const PEOPLE = `${V}reviewers: [{ id: anna, groups: [dpo] }]\n`
  test.each<[why: string, Files, expected: string[]]>([
    [
      'a name nobody has, in a rule file',
      {
        'cordon.yaml': `${PEOPLE}rules: [r.yaml]\n`,
        'r.yaml': rule('hold: { reviewers: [anna, dpos] }'),
      },
      ['r.yaml:3:83: `dpos` is neither a reviewer nor a group of them (did you mean `dpo`?)'],
    ],
    [
      'more people than there are',
      {
        'cordon.yaml': `${PEOPLE}rules: [r.yaml]\n`,
        'r.yaml': rule('hold: { reviewers: dpo, quorum: 2 }'),
      },
      [
        'r.yaml:3:89: this could never be approved: 2 have to agree, and there are only 1 (anna) (name more people under `reviewers`, or a lower `quorum`)',
      ],
    ],
    [
      'a key of `hold` in two files',
      {
        'cordon.yaml': `${PEOPLE}hold: { wait: 5s }\nrules: [r.yaml]\n`,
        'r.yaml': `${V}hold: { expires: 2h, wait: 5s }\n`,
      },
      ['r.yaml:2:28: `hold.wait` is already set in cordon.yaml'],
    ],
    [
      'a reviewer in two files',
      { 'cordon.yaml': `${PEOPLE}rules: [r.yaml]\n`, 'r.yaml': PEOPLE },
      ['r.yaml:2:19: reviewer `anna` is defined twice'],
    ],
    [
      'an owner',
      { 'cordon.yaml': `${PEOPLE}agents: [{ id: a, owner: dpo }]\n` },
      ['cordon.yaml:3:26: `dpo` is a group of reviewers: an owner is one of them'],
    ],
    [
      'what is observed but allows',
      {
        'cordon.yaml': `${V}rules:\n  - { id: a, because: b, when: { port: 1 }, then: allow, mode: observe }\n`,
      },
      [
        'cordon.yaml:3:64: a rule that allows cannot only be observed: there is nothing it would have kept (take `mode` out)',
      ],
    ],
  ])('%s', (_, files, expected) => {
    write(dir, files)
    expect(problems(dir)).toEqual(expected)
  })

  test('the parts of several files are one', () => {
    write(dir, {
      'cordon.yaml': `${PEOPLE}hold: { wait: 5s }\nrules: [r.yaml]\n`,
      'r.yaml': `${V}hold: { reviewers: [dpo, bert] }\nreviewers: [{ id: bert }]\n`,
    })
    const { holds, reviewers } = load(dir).policy
    expect(holds).toMatchObject({ wait: 5_000, approval: { reviewers: ['bert', 'dpo'] } })
    expect(reviewers.map(({ id }) => id)).toEqual(['admin', 'anna', 'bert'])
  })
})

test.each([
  ['how long calls wait', 'hold: { wait: 10s }'],
  ['who may decide', 'reviewers: [{ id: anna }]'],
  [
    'a rule that is only observed',
    'rules: [{ id: a, because: b, when: { port: 1 }, then: block, mode: observe }]',
  ],
])('a running proxy takes up %s, as another policy', (_, line) => {
  write(dir, { 'cordon.yaml': V })
  const changes: string[] = []
  const first = load(dir)
  using watched = watchSettings({
    load: optionsFor(dir),
    first,
    every: 3_600_000,
    onChange: (next, { policy }) => changes.push(`${policy.digest} ${next.policy.digest}`),
    onRestartNeeded: () => changes.push('restart'),
    onFailure: ({ problems: [problem] }) => changes.push(problem?.message ?? ''),
  })
  write(dir, { 'cordon.yaml': `${V}${line}\n` })
  watched.reload()
  const { digest } = load(dir).policy
  expect(digest).not.toBe(first.policy.digest)
  expect(changes).toEqual([`${first.policy.digest} ${digest}`])
})
