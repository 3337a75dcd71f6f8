/** Holds, grants and what happens to them, made up for tests that need some but do not care which. */

import type { Given, Held, HoldEvent, Opened } from '../../src/model/hold.ts'

const AT = Date.UTC(2026, 10, 20, 12)
const HOUR = 3_600_000

export function held(changes: Partial<Held> = {}): Held {
  return {
    agent: 'crawler',
    groups: ['batch'],
    owner: null,
    clientIp: '192.0.2.7',
    proven: true,
    method: 'POST',
    scheme: 'https',
    host: 'api.us.test',
    port: 443,
    path: '/v1/chat',
    statement: null,
    regions: ['US'],
    placement: 'outside',
    zone: 'EEA',
    rule: 'ask-for-us',
    because: 'art. 44',
    reason: 'US is outside of EEA',
    rules: ['ask-for-us'],
    evidence: ['catalogue: US'],
    bodyBytes: 120,
    bodyDigest: 'b'.repeat(64),
    classes: [],
    ...changes,
  }
}

export function openedHold(changes: Partial<Opened> = {}): Opened {
  const openedAt = changes.openedAt ?? AT
  return {
    id: 'h-00000001',
    kind: 'request',
    held: held(),
    terms: {
      approvals: [{ reviewers: null, quorum: 1 }],
      wait: 25_000,
      expires: HOUR,
      durable: false,
    },
    fingerprint: 'f'.repeat(64),
    requester: 'crawler',
    purpose: null,
    wants: null,
    openedAt,
    expiresAt: openedAt + HOUR,
    ...changes,
  }
}

export function givenGrant(changes: Partial<Given> = {}): Given {
  const createdAt = changes.createdAt ?? AT
  return {
    id: 'g-00000001',
    hold: 'h-00000001',
    scope: {
      breadth: 'request',
      fingerprint: 'f'.repeat(64),
      agent: 'crawler',
      group: null,
      clientIp: null,
      scheme: 'https',
      host: 'api.us.test',
      port: 443,
      method: 'POST',
      path: '/v1/chat',
      regions: ['US'],
      rules: ['ask-for-us'],
    },
    createdAt,
    startsAt: createdAt,
    expiresAt: createdAt + HOUR / 2,
    uses: 1,
    approvers: ['ada'],
    reason: 'contract 7',
    ...changes,
  }
}

/** One of each kind. */
export function everyHoldEvent(): readonly HoldEvent[] {
  const hold = 'h-00000001'
  const grant = 'g-00000001'
  const access = {
    kind: 'access',
    fingerprint: null,
    purpose: 'a migration',
    wants: { startsAt: AT, expiresAt: AT + HOUR, uses: null },
  } as const
  const giving = { breadth: 'host', group: 'batch', lasts: HOUR, uses: 3 } as const
  return [
    { kind: 'opened', at: AT, hold: openedHold() },
    { kind: 'opened', at: AT, hold: openedHold({ id: 'h-00000002', ...access }) },
    { kind: 'agreed', at: AT + 1, hold, by: 'bob', reason: null, giving },
    { kind: 'approved', at: AT + 2, hold, by: 'ada', reason: 'contract 7', grant: givenGrant() },
    { kind: 'used', at: AT + 3, hold, grant },
    { kind: 'revoked', at: AT + 4, hold, grant, by: 'ada', reason: 'over' },
    { kind: 'grant-expired', at: AT + 5, hold, grant },
    { kind: 'denied', at: AT + 6, hold, by: 'ada', reason: 'no contract' },
    { kind: 'expired', at: AT + 7, hold },
    { kind: 'cancelled', at: AT + 8, hold, by: null, reason: null },
    { kind: 'cancelled', at: AT + 9, hold, by: 'crawler', reason: 'not needed' },
  ]
}
