/** From credentials and an address to an agent: a wrong credential is always a refusal, the same caller the same object. */

import { describe, expect, test } from 'vitest'
import { createCallers } from '../../src/cli/callers.ts'
import type { ProvenIdentity } from '../../src/identity/tokens.ts'
import type { Problem } from '../../src/model/errors.ts'
import type { PolicyDocument } from '../../src/policy/document.ts'
import type { Clock } from '../../src/ports.ts'
import { policyOf } from '../policy/support.ts'
import { ip } from '../support/nouns.ts'

const EXPIRED: Problem = { code: 'token-expired', detail: 'the token has expired' }

function callers(document: PolicyDocument, required = false, clock: Clock = Date) {
  let policy = policyOf(document)
  const tokens = {
    verify: async (field: string): Promise<ProvenIdentity | Problem> => {
      const [subject = '', ...groups] = field.replace(/^.* /, '').split('+')
      return subject === 'expired' ? EXPIRED : { subject, groups }
    },
  }
  return {
    identify: createCallers({ tokens, policy: () => policy, clock, required }),
    change(next: PolicyDocument) {
      policy = policyOf(next)
    },
  }
}

const AGENTS: PolicyDocument = {
  agents: [
    { id: 'ci', match: { group: 'runners' } },
    { id: 'office', match: { source: '10.0.0.0/8' } },
  ],
}
const HERE = ip('127.0.0.1')
const OFFICE = ip('10.0.0.1')

describe('who it is', () => {
  test.each([
    [null, HERE, false, { id: 'anonymous', by: 'none' }],
    [null, HERE, true, { code: 'agent-unknown' }],
    [null, OFFICE, true, { id: 'office', by: 'source' }],
    ['x', HERE, true, { id: 'x', by: 'token' }],
    ['x+runners', HERE, true, { id: 'ci', groups: ['runners'] }],
    // The name of an entry without what it asks for is nobody.
    ['ci', HERE, true, { code: 'agent-unknown' }],
    ['ci', HERE, false, { id: 'anonymous' }],
    // Where the address alone would do, a bad token still does not.
    ['expired', OFFICE, false, EXPIRED],
    ['expired', HERE, false, EXPIRED],
  ])('%s from %s, required %s', async (shown, from, required, expected) => {
    const { identify } = callers(AGENTS, required)
    expect(await identify(shown, from)).toMatchObject(expected)
  })
})

test('the same caller is the same object, however the token is shown', async () => {
  const { identify } = callers(AGENTS)
  const one = await identify('Bearer x+runners', HERE)
  expect(await identify('Bearer x+runners', HERE)).toBe(one)
  expect(await identify('Basic x+runners', HERE)).toBe(one)
  expect(await identify('x+runners', ip('127.0.0.2'))).not.toBe(one)
  expect(await identify('x+other', HERE)).not.toBe(one)
  expect(await identify(null, HERE)).toBe(await identify(null, HERE))
})

test('a certificate that expires while its connection is open is worth nothing any more', async () => {
  let now = 0
  const agents = [{ id: 'shown', match: { certificate: 'a.test' } }]
  const { identify } = callers({ agents }, false, { now: () => now })
  const certificate = { names: ['a.test'], fingerprint: 'AB', notAfter: 1_000 }
  const client = { ...HERE, certificate }
  expect(await identify(null, client)).toMatchObject({ id: 'shown', by: 'certificate' })
  const other = { ...certificate, names: ['b.test'], fingerprint: 'CD' }
  expect(await identify(null, { ...HERE, certificate: other })).toMatchObject({ id: 'anonymous' })
  now = 1_000
  expect(await identify(null, client)).toMatchObject({ code: 'agent-unknown' })
})

test('another policy is asked anew', async () => {
  const { identify, change } = callers(AGENTS)
  expect(await identify('x+runners', HERE)).toMatchObject({ id: 'ci' })
  change({ agents: [{ id: 'builders', match: { group: 'runners' } }] })
  expect(await identify('x+runners', HERE)).toMatchObject({ id: 'builders' })
})

test('a policy that changes while a token is looked at is the one that counts', async () => {
  const { identify, change } = callers(AGENTS)
  const pending = identify('x+runners', HERE)
  change({ agents: [{ id: 'builders', match: { group: 'runners' } }] })
  expect(await pending).toMatchObject({ id: 'builders' })
})
