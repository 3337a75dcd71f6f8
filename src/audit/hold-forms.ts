/** The forms of hold events: which kinds there are, and what the `detail` of each says. Of `model/hold.ts`, field by field. */

import type {
  Approval,
  Given,
  Giving,
  GrantScope,
  Held,
  HoldEvent,
  HoldTerms,
  Opened,
  Wanted,
} from '../model/hold.ts'
import { flag, integer, list, oneOf, orMissing, orNull, record, type Shape, text } from './shape.ts'

export const KIND = oneOf(
  'opened',
  'agreed',
  'approved',
  'denied',
  'expired',
  'cancelled',
  'used',
  'revoked',
  'grant-expired',
)
export const HAS_GRANT: ReadonlySet<HoldEvent['kind']> = new Set([
  'approved',
  'used',
  'revoked',
  'grant-expired',
])
export const HAS_ACTOR: ReadonlySet<HoldEvent['kind']> = new Set([
  'opened',
  'agreed',
  'approved',
  'denied',
  'cancelled',
  'revoked',
])

const TEXTS = list(text)
const TEXT = orNull(text)
const COUNT = orNull(integer)
const BREADTH = oneOf('request', 'path', 'host')

const HELD: Shape<Held> = record<Held>({
  agent: text,
  groups: TEXTS,
  owner: TEXT,
  clientIp: text,
  proven: flag,
  method: TEXT,
  scheme: text,
  host: text,
  port: integer,
  path: TEXT,
  // What is older than format 5 of the log does not say it.
  statement: orMissing(text),
  regions: TEXTS,
  placement: oneOf('inside', 'outside', 'straddling', 'unknown'),
  zone: text,
  rule: TEXT,
  because: TEXT,
  reason: text,
  rules: TEXTS,
  evidence: TEXTS,
  bodyBytes: COUNT,
  bodyDigest: TEXT,
  classes: TEXTS,
})

const TERMS: Shape<HoldTerms> = record<HoldTerms>({
  approvals: list(record<Approval>({ reviewers: orNull(TEXTS), quorum: integer })),
  wait: integer,
  expires: integer,
  durable: flag,
})

export const OPENED = record<Omit<Opened, 'id' | 'requester'>>({
  kind: oneOf('request', 'access'),
  held: HELD,
  terms: TERMS,
  fingerprint: TEXT,
  purpose: TEXT,
  wants: orNull(record<Wanted>({ startsAt: integer, expiresAt: integer, uses: COUNT })),
  openedAt: integer,
  expiresAt: integer,
})

export const AGREED = record<{ reason: string | null; giving: Giving }>({
  reason: TEXT,
  giving: record<Giving>({ breadth: BREADTH, group: TEXT, lasts: integer, uses: COUNT }),
})

const SCOPE: Shape<GrantScope> = record<GrantScope>({
  breadth: BREADTH,
  fingerprint: TEXT,
  agent: TEXT,
  group: TEXT,
  clientIp: TEXT,
  scheme: text,
  host: text,
  port: integer,
  method: TEXT,
  path: TEXT,
  regions: TEXTS,
  rules: TEXTS,
})

export const APPROVED = record<{ reason: string | null; grant: Omit<Given, 'id' | 'hold'> }>({
  reason: TEXT,
  grant: record<Omit<Given, 'id' | 'hold'>>({
    scope: SCOPE,
    createdAt: integer,
    startsAt: integer,
    expiresAt: integer,
    uses: COUNT,
    approvers: TEXTS,
    reason: TEXT,
  }),
})

export const REASON = record<{ reason: string | null }>({ reason: TEXT })
export const NOTHING: Shape<object> = record<object>({})
