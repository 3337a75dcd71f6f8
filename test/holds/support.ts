/** A desk on a journal in memory, with a clock and names of the test's own. */

import type { ApprovalWish } from '../../src/approvals.ts'
import { type Desk, openDesk } from '../../src/holds/desk.ts'
import type { Held, HoldEvent, HoldQuestion, HoldTerms } from '../../src/model/hold.ts'
import type { Reviewer } from '../../src/model/reviewer.ts'

export const HELD: Held = {
  agent: 'crawler',
  groups: ['batch'],
  owner: 'olga',
  clientIp: '127.0.0.1',
  proven: true,
  method: 'POST',
  scheme: 'https',
  host: 'api.test',
  port: 443,
  path: '/v1',
  statement: null,
  regions: ['US'],
  placement: 'outside',
  zone: 'EEA',
  rule: 'x',
  because: 'y',
  reason: 'z',
  rules: ['x'],
  evidence: [],
  bodyBytes: 3,
  bodyDigest: 'd',
  classes: [],
}

export const TERMS: HoldTerms = {
  approvals: [{ reviewers: null, quorum: 1 }],
  wait: 1_000,
  expires: 60_000,
  durable: false,
}

export const REVIEWERS: readonly Reviewer[] = [
  { id: 'anna', groups: ['dpo'] },
  { id: 'ben', groups: ['dpo', 'security'] },
  { id: 'olga', groups: ['dpo'] },
]

export const WISH: ApprovalWish = {
  breadth: null,
  group: null,
  lasts: null,
  uses: null,
  reason: null,
}

/** The fingerprint follows from what the test changes, as it does at work. */
export function question(
  held: Partial<Held> = {},
  terms: Partial<HoldTerms> = {},
  wire = held.path ?? HELD.path,
): HoldQuestion {
  const whole = { ...HELD, ...held }
  const { agent, method, host, regions, rules, bodyDigest } = whole
  const fingerprint = JSON.stringify([agent, method, host, wire, regions, rules, bodyDigest])
  const requester = whole.agent
  const { path } = whole
  const shown = { outline: null, preview: null }
  return { held: whole, path, requester, terms: { ...TERMS, ...terms }, fingerprint, ...shown }
}

export interface TestDesk {
  readonly desk: Desk
  /** What is in the log. */
  readonly kept: HoldEvent[]
  now: number
  reviewers: readonly Reviewer[]
  /** When set, the log cannot be written. */
  broken: Error | null
  readonly reports: unknown[]
}

export interface TestDeskOptions {
  readonly events?: readonly HoldEvent[]
  readonly now?: number
  readonly maxPending?: number
  readonly maxPendingPerAgent?: number
  readonly maxEnded?: number
  newId?(): string
}

let ids = 0

export function testDesk(options: TestDeskOptions = {}): TestDesk {
  const { events = [], now = 1_000_000, maxPending = 100, maxPendingPerAgent = 50 } = options
  const { maxEnded } = options
  const lab: Omit<TestDesk, 'desk'> = {
    kept: [...events],
    now,
    reviewers: REVIEWERS,
    broken: null,
    reports: [],
  }
  const desk = openDesk(
    {
      async keep(event) {
        await Promise.resolve()
        if (lab.broken) throw lab.broken
        lab.kept.push(event)
      },
      policy: () => ({
        reviewers: lab.reviewers,
        holds: { grantDefault: 30_000, grantMax: 3_600_000, maxPending, maxPendingPerAgent },
      }),
      now: () => lab.now,
      newId: options.newId ?? (() => String(++ids).padStart(8, '0')),
      survey: async ({ agent, authority, method, path }) => ({
        held: {
          ...HELD,
          agent,
          host: authority.host.text,
          method,
          path,
          bodyBytes: null,
          bodyDigest: null,
        },
        terms: TERMS,
      }),
      report: (_, error) => lab.reports.push(error),
      ...(maxEnded === undefined ? {} : { maxEnded }),
    },
    events,
  )
  return Object.assign(lab, { desk })
}

export const STAYS = new AbortController().signal
