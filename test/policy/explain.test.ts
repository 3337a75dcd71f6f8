/** An explanation says every rule and what each of its conditions said, and never decides by itself. */

import { expect, test } from 'vitest'
import { ANONYMOUS } from '../../src/model/agent.ts'
import { assess, decide } from '../../src/policy/decide.ts'
import { traceRules } from '../../src/policy/explain.ts'
import { authority, destination } from '../support/nouns.ts'
import { policyOf, rule } from './support.ts'

test('every rule with the answers of its conditions', () => {
  const policy = policyOf({
    rules: [
      rule('uploads', 'hold', { placement: 'outside', method: ['POST', 'PUT'] }),
      rule('files', 'block', { path: '/v1/files' }),
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
      conditions: [{ says: 'the path is `/v1/files`', truth: 'maybe' }],
    },
    {
      id: 'reading',
      action: 'allow',
      because: 'reason of reading',
      applies: false,
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
      conditions: [
        { says: 'the placement is `outside`', truth: 'yes' },
        { says: 'the method is `POST` or `PUT`', truth: 'no' },
      ],
    },
  ])
})
