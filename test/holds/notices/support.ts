/** A hold as a reviewer is asked about it, and a notice of it. */

import { type Notice, toNotice } from '../../../src/holds/notices/notice.ts'
import type { Held, Hold, HoldEvent, Opened } from '../../../src/model/hold.ts'
import { held, openedHold } from '../../support/holds.ts'

export const OPENED_AT = Date.UTC(2026, 10, 20, 12)

export function makeHold(changes: Partial<Hold> = {}, about: Partial<Held> = {}): Hold {
  const opened = openedHold({
    id: 'h-k7m2p9qa',
    openedAt: OPENED_AT,
    requester: 'ci',
    held: held({
      agent: 'ci',
      groups: ['runners'],
      owner: 'olga',
      clientIp: '10.9.8.7',
      zone: 'europe',
      rule: 'uploads-need-a-person',
      because: 'GDPR art. 44',
      reason: 'rule `uploads-need-a-person` says hold',
      evidence: ['operator says US'],
      bodyBytes: 1_234,
      bodyDigest: 'd'.repeat(64),
      classes: ['iban'],
      ...about,
    }),
  })
  const { terms } = opened
  return {
    ...opened,
    terms: { ...terms, approvals: [{ reviewers: ['dpo'], quorum: 2 }] },
    state: 'pending',
    votes: [],
    endedAt: null,
    endedBy: null,
    reason: null,
    grant: null,
    ...changes,
  }
}

export function openedEvent(hold: Hold): HoldEvent {
  return { kind: 'opened', at: hold.openedAt, hold: hold satisfies Opened }
}

/** How it ended, by alice. */
export function deniedEvent({ id }: Hold, reason: string | null = null): HoldEvent {
  return { kind: 'denied', at: OPENED_AT + 60_000, hold: id, by: 'alice', reason }
}

export function makeNotice(hold: Hold, event = openedEvent(hold)): Notice {
  const url = 'https://cordon.test/decide/TOKEN'
  const link = event.kind === 'opened' ? { url, expiresAt: hold.expiresAt } : null
  return toNotice('5f0c7f5e-0000-4000-8000-000000000000', event, hold, link)
}
