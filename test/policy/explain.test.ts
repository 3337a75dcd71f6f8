/** An explanation says every rule and what each of its conditions said, and never decides by itself. */

import { describe, expect, test } from 'vitest'
import { ANONYMOUS } from '../../src/model/agent.ts'
import { assess, decide } from '../../src/policy/decide.ts'
import { traceApprovals, traceRules } from '../../src/policy/explain.ts'
import { authority, destination } from '../support/nouns.ts'
import { policyOf, rule } from './support.ts'

test('every rule with the answers of its conditions', () => {
  const policy = policyOf({
    rules: [
      rule('uploads', 'hold', { placement: 'outside', method: ['POST', 'PUT'] }),
      { ...rule('files', 'block', { path: '/v1/files' }), mode: 'observe' },
      rule('reading', 'allow', { host: '*.test', method: 'GET', path: '/v1/f*' }),
    ],
  })
  const to = destination({ authority: authority('api.test'), regions: ['US'] })
  const assessment = assess(policy, { agent: ANONYMOUS, scheme: 'https', creates: null }, to)
  const request = { method: 'GET', path: '/v1/%66iles' }
  const { rules: matched } = decide(assessment, request)
  expect(traceRules(assessment, request, matched)).toEqual([
    {
      id: 'files',
      action: 'block',
      because: 'reason of files',
      applies: true,
      mode: 'observe',
      conditions: [{ says: 'the path is `/v1/files`', truth: 'maybe' }],
    },
    {
      id: 'reading',
      action: 'allow',
      because: 'reason of reading',
      applies: false,
      mode: 'enforce',
      conditions: [
        { says: 'the host is `*.test`', truth: 'yes' },
        { says: 'the method is `GET`', truth: 'yes' },
        { says: 'the path is `/v1/f*`', truth: 'maybe' },
      ],
    },
    {
      id: 'uploads',
      action: 'hold',
      because: 'reason of uploads',
      applies: false,
      mode: 'enforce',
      conditions: [
        { says: 'the placement is `outside`', truth: 'yes' },
        { says: 'the method is `POST` or `PUT`', truth: 'no' },
      ],
    },
  ])
})

describe('who may approve what is held', () => {
  const policy = policyOf({
    reviewers: [
      { id: 'anna', groups: ['dpo'] },
      { id: 'carl', groups: ['dpo', 'security'] },
      { id: 'bert', groups: ['security'] },
    ],
    agents: [{ id: 'ci', owner: 'carl' }],
  })
  const terms = { wait: 1, expires: 1, durable: false }
  test.each([
    ['x', { reviewers: null, quorum: 1 }, '1 of any reviewer', 'admin anna bert carl', ''],
    ['x', { reviewers: null, quorum: 2 }, '2 of any reviewer', 'admin anna bert carl', ''],
    ['x', { reviewers: ['dpo'], quorum: 1 }, '1 of dpo', 'anna carl', ''],
    ['ci', { reviewers: ['dpo'], quorum: 1 }, '1 of dpo', 'anna', 'carl'],
    ['ci', { reviewers: ['bert', 'dpo'], quorum: 2 }, '2 of bert, dpo', 'anna bert', 'carl'],
    ['ci', { reviewers: ['carl'], quorum: 1 }, '1 of carl', '', 'carl'],
    ['bert', { reviewers: ['security'], quorum: 2 }, '2 of security', 'carl', 'bert'],
  ])('of %s, %j: %s', (agent, approval, says, people, barred) => {
    const list = (text: string) => text.split(' ').filter((each) => each !== '')
    expect(traceApprovals(policy, agent, { ...terms, approvals: [approval] })).toEqual([
      { says, quorum: approval.quorum, people: list(people), barred: list(barred) },
    ])
  })
})
