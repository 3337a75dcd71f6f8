/**
 * What is in a request, where rules ask for that, and what of it is taken out before it leaves. Nothing is decided or written down here:
 * see `enforce`. What cannot be read counts as holding whatever a rule that restricts looks for.
 */

import { type Admission, partiesOf } from './admission.ts'
import type { BodyRedactor, Inspector, Replaced, ReplacedHead } from './inspector.ts'
import type { Problem } from './model/errors.ts'
import type { Fault, RequestLine } from './model/flow.ts'
import { type BodyView, type HeadView, isCoded } from './model/request-view.ts'
import { readSignedParts } from './model/signed-parts.ts'
import type { Verdict } from './model/verdict.ts'

/** A request as it is judged, and what it carries instead of its body and its head. */
export interface Inspected {
  readonly line: RequestLine
  /** Null when nothing is taken out; its bytes are, when the body stays as it is, or is read on its way. */
  readonly replaced: Replaced | null
  /** How the body is read on its way, being more than can be read before; null where it is not. */
  readonly passing: Passing | null
  /** Null when the head stays as it is. */
  readonly head: ReplacedHead | null
}

/** A body from which data is taken out as it passes. */
export interface Passing {
  readonly redactor: BodyRedactor
  /** Why it is broken off where something in it cannot be read; null lets that pass. */
  readonly unread: Problem | null
  /** Why it is broken off where there is data in it, because its bytes may not be changed; null where they may. */
  readonly bound: Problem | null
  /** Why it is broken off where it is not what its content coding says. */
  readonly undecoded: Problem
}

/** Whether rules that may match want to know what is in the request, or take something out of it. */
export function looksInside({ assessment }: Admission): boolean {
  return assessment.candidates.some(
    ({ looksAtData, redact }) => looksAtData || (redact !== null && redact.out.size > 0),
  )
}

/** Whether what is in the request may decide about it, so that it has to be there before. */
export function judgesBody({ assessment }: Admission): boolean {
  return assessment.candidates.some(({ looksAtData }) => looksAtData)
}

/**
 * @param body null where there is one that was not looked at
 * @param judged the verdict for a line
 */
export async function inspectRequest(
  inspector: Inspector,
  admission: Admission,
  line: RequestLine,
  body: BodyView | null,
  head: HeadView,
  judged: (line: RequestLine) => Verdict,
): Promise<Inspected> {
  const { assessment } = admission
  const parties = partiesOf(admission)
  const isAsked = judgesBody(admission)
  // What a connection becomes carries what nobody has seen yet.
  const isOpen = line.upgrade != null
  const inBody = isAsked && body && !isOpen ? (await inspector.look(body, parties)).data : null
  const data = inBody?.union(inspector.lookAtHead(head, parties)) ?? null
  const shown = { ...line, shownPath: inspector.showPath(head.target) }
  const known = isAsked ? { ...shown, data, isRead: data !== null } : shown
  const verdict = judged(known)
  const { action, redact, upgrades } = verdict
  const isChanged = assessment.policy.enforced && action !== 'block' && redact?.out.size
  if (!isChanged) return { line: known, ...AS_IT_IS }
  const isOpaque = isOpen && upgrades && line.upgrade !== 'websocket'
  // First: what waits until other processes know the tokens waits for those of the head as well.
  const rewritten = inspector.redactHead(head, redact, parties)
  const replaced = body && !isOpaque ? await inspector.redact(body, redact.out, parties) : UNSEEN
  const redactor =
    replaced.isLarger && body ? inspector.open('out', body, redact.out, parties) : null
  const carried = carry(admission, verdict, replaced, redactor, body, head.header)
  const fault = carried.fault ?? (rewritten && faultOfHead(head, rewritten))
  const read = { ...known, isRead: carried.isRead }
  if (fault) return { line: { ...read, fault }, ...AS_IT_IS }
  const found = [...(rewritten?.found ?? []), ...replaced.found]
  // Its coding goes, with what may stand there besides.
  const isBare = replaced.bytes !== null && carried.isRead
  return {
    line: rewritten ? strictest(read, rewritten, judged) : read,
    replaced: found.length > 0 || isBare ? { ...replaced, found } : null,
    passing: carried.passing,
    head: rewritten,
  }
}

const AS_IT_IS = { replaced: null, passing: null, head: null }

/** INVARIANT: what goes on is judged as well as what came; the stricter one counts. */
function strictest(
  came: RequestLine,
  { target, shownPath }: ReplacedHead,
  judged: (line: RequestLine) => Verdict,
): RequestLine {
  const asCame = { ...came, shownPath }
  const asSent = { ...asCame, path: target.split('?', 1)[0] ?? '' }
  return STRICTNESS.indexOf(judged(asSent).action) > STRICTNESS.indexOf(judged(asCame).action)
    ? asSent
    : asCame
}

const STRICTNESS: readonly Verdict['action'][] = ['allow', 'hold', 'block']

function faultOfHead(before: HeadView, after: ReplacedHead): Problem | null {
  const [path, query = null] = splitTarget(before.target)
  const [pathAfter, queryAfter = null] = splitTarget(after.target)
  const signed = readSignedParts(query, before.header)
  const isField = before.fields.some(
    (name, i) =>
      i % 2 === 0 &&
      (name !== after.fields[i] || before.fields[i + 1] !== after.fields[i + 1]) &&
      signed.field(name.toLowerCase()),
  )
  const where = [
    ...(signed.path && path !== pathAfter ? ['the path'] : []),
    ...(signed.query && query !== queryAfter ? ['the query'] : []),
    ...(isField ? ['a header field'] : []),
  ]
  if (where.length === 0) return null
  const detail = `there is data in ${where.join(' and ')} that a rule takes out, and the request is signed`
  return { code: 'redaction-signed', detail }
}

/** Up to its first `?`, and what follows. */
function splitTarget(target: string): string[] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)]
}

/** What becomes of a body: why it cannot go on, or how it is read on its way; and whether all of it was read. */
function carry(
  admission: Admission,
  verdict: Verdict,
  replaced: Replaced,
  redactor: BodyRedactor | null,
  body: BodyView | null,
  header: Header,
): { readonly fault: Fault | null; readonly passing: Passing | null; readonly isRead: boolean } {
  const { unread, bound } = faultsFor(admission, verdict)
  const passesUnread = admission.assessment.policy.onUnscannable.out === 'pass'
  const { isLarger, bytes, found } = replaced
  const tie = bytes !== null || isLarger ? tieOf(header) : null
  const isShut = isLarger && redactor === null
  const unscanned =
    replaced.unscanned ?? (isShut ? UNDECODED : whyUnseen(replaced, body, header, tie))
  const isRead = unscanned === null && !isLarger
  if (unscanned !== null && !passesUnread) {
    return { fault: unread(unscanned), passing: null, isRead }
  }
  if (bytes !== null && found.length > 0 && tie !== null) {
    return { fault: bound(tie), passing: null, isRead }
  }
  if (redactor === null || unscanned !== null) return { fault: null, passing: null, isRead }
  const passing = {
    redactor,
    // Found out on the way it is too late to ask somebody.
    unread: passesUnread ? null : unread('not all of it is text of a known kind'),
    bound: tie === null ? null : bound(tie),
    undecoded: unread('it is not what its content coding says, or becomes too large for that'),
  }
  return { fault: null, passing, isRead }
}

/** Says no in the name of the rules that take data out of such a request. */
function faultsFor({ assessment }: Admission, { rules }: Verdict) {
  const asking = assessment.candidates.filter(
    ({ id, redact, observed }) => !observed && redact && redact.out.size > 0 && rules.includes(id),
  )
  const named = asking.map(({ id, because }) => ({ id, because }))
  const who = `rule ${asking.map(({ id }) => `\`${id}\``).join(', ')}`
  const mayAsk = assessment.policy.onUnscannable.out === 'hold'
  return {
    unread: (why: string): Fault => {
      const detail = `${who} takes data out of such requests, and this one cannot be read: ${why}`
      return { code: 'body-unscannable', detail, rules: named, mayAsk }
    },
    bound: (tie: string): Fault => {
      const detail = `there is data in the body that ${who} takes out, and the body ${tie}`
      return { code: 'redaction-signed', detail, rules: named, mayAsk: false }
    },
  }
}

/** All values, in order, of a name in lower case. */
type Header = (name: string) => readonly string[]

/** Why a body of text is not read all the same; null where it is. */
function whyUnseen(
  { isLarger, bytes, found }: Replaced,
  body: BodyView | null,
  header: Header,
  tie: string | null,
): string | null {
  const isEmpty = body?.complete && body.bytes.length === 0
  if (!isEmpty && isPart(header)) {
    return 'it is a part of something, and a value may lie across its ends'
  }
  if (bytes !== null && found.length === 0 && tie !== null) {
    return `it ${tie}, and has a coding with room for what nobody sees`
  }
  const isHidden = isLarger && tie !== null && body !== null && isCoded(body)
  return isHidden ? `it ${tie}, and is compressed and larger than can be read before` : null
}

/** Whether more belongs to it (RFC 9110 section 14.5, and what uploads that can be resumed say). */
function isPart(header: Header): boolean {
  const isWhole = (range: string) => {
    const [, last, all] = /^bytes 0-(\d+)\/(\d+)$/i.exec(range) ?? []
    return last !== undefined && Number(last) + 1 === Number(all)
  }
  return (
    header('content-range').some((range) => !isWhole(range)) || header('upload-offset').length > 0
  )
}

/** Why nobody may change the bytes of a body, in words that follow it: somebody would notice, and refuse it. Null where one may. */
function tieOf(header: Header): string | null {
  if (header('content-range').length > 0 || header('upload-offset').length > 0) {
    return 'is as long as another field says'
  }
  return isSigned(header) ? 'is signed' : null
}

function isSigned(header: Header): boolean {
  const payload = header('x-amz-content-sha256')
  if (payload.some((value) => value.toUpperCase() === 'UNSIGNED-PAYLOAD')) return false
  return (
    header('authorization').some((value) => /^(?:aws4-|sharedkey |oauth )/i.test(value)) ||
    SIGNATURES.some((name) => header(name).length > 0)
  )
}

const SIGNATURES = [
  'signature-input',
  'content-md5',
  'content-digest',
  'digest',
  'x-amz-content-sha256',
  'x-hub-signature-256',
  'stripe-signature',
  'x-signature',
]

const UNSEEN: Replaced = {
  ...{ bytes: null, found: [], isLarger: false },
  unscanned: 'it was not looked at',
}

const UNDECODED = 'it is compressed in a way that cannot be read'
