/**
 * What a request says, for the people who decide about it: its query and the beginning of its body, with the kind in place of whatever any
 * recogniser finds, and without what may be data that no recogniser knows: credentials and people by the names these stand under, numbers of
 * many digits, long strings without a blank. It is for seeing what a call is about; not all that names somebody can be recognised.
 *
 * INVARIANT: nothing that was found is in it; of what cannot be read as a whole there is none; nothing in it is invisible.
 */

import type { BodyView } from '../model/request-view.ts'
import { makeVisible } from '../model/visible.ts'
import { toLabel } from './operators/replace.ts'
import { parseContentType } from './redact/content-type.ts'
import { Findings } from './redact/findings.ts'
import { isCredential } from './redact/head/names.ts'
import { rewriteQuery } from './redact/head/target.ts'
import { isFramed } from './redact/open-body.ts'
import { type Job, REDACT_LIMITS, type Replace } from './redact/reader.ts'
import { createRedactor } from './redact/redactor.ts'
import { orderOf } from './redact/transcode.ts'
import { NOWHERE, type Scanner } from './scan/scanner.ts'

/** Bytes of a body that are looked at. */
const MAX_READ = 64 * 1024
/** Characters that are prepared, and that are shown of these: what takes the place of data is mostly shorter. */
const MAX_PREPARED = 8 * 1024
const MAX_SHOWN = 2 * 1024
const MAX_LINES = 60

const FORM = 'application/x-www-form-urlencoded'

/**
 * @param query of the target, without its `?`; null for none
 * @param body without content coding; null for none, and for one that cannot be read
 * @param scanners that find, together, all that is to be replaced
 * @returns null where there is nothing to show
 */
export function preview(
  query: string | null,
  body: BodyView | null,
  scanners: readonly Scanner[],
): string | null {
  const asked = query === null ? null : previewQuery(query, scanners)
  const sent = body && previewBody(body, scanners)
  const parts = [asked, sent].filter((part) => part !== null)
  return parts.length > 0 ? parts.join('\n\n') : null
}

function previewQuery(query: string, scanners: readonly Scanner[]): string {
  const left = scanners.reduce((text, scan) => {
    const findings = new Findings()
    const job: Job = { scan, replace: LABEL, limits: REDACT_LIMITS, findings, sealed: 'read' }
    return rewriteQuery({ job, parameters: job, host: '' }, text, 'query')
  }, query)
  const plain = toLines(left)
  const prepared = prepare(plain, scanners).replaceAll('\n', '\n&')
  return cut(`?${prepared}`, plain.length > MAX_PREPARED ? CUT : null)
}

function previewBody(body: BodyView, scanners: readonly Scanner[]): string | null {
  const { bytes, complete, contentType } = body
  if (bytes.length === 0 || isFramed(parseContentType(contentType).type)) return null
  const isWhole = complete && bytes.length <= MAX_READ
  let left: Buffer = Buffer.from(bytes.subarray(0, MAX_READ))
  for (const scan of scanners) {
    const redactor = createRedactor({ contentType, scan, replace: LABEL })
    // What is not decided where it is cut is not shown: half a value is not recognised.
    const pieces = [...redactor.push(left), ...(isWhole ? redactor.end() : [])]
    if (redactor.unscannable.length > 0) return null
    left = Buffer.concat(pieces)
  }
  const text = toText(left, contentType, isWhole)
  if (text === null || text === '') return null
  const isForm = parseContentType(contentType).type === FORM
  const plain = isForm ? toLines(text) : toCharacters(text)
  const isAll = isWhole && plain.length <= MAX_PREPARED
  return cut(prepare(plain, scanners), isAll ? null : sayRest(body))
}

const LABEL: Replace = (type) => Buffer.from(toLabel(type))

/** @returns null for what is no text of its character set */
function toText(bytes: Buffer, contentType: string | null, isWhole: boolean): string | null {
  const charset = parseContentType(contentType).param('charset')
  const order = orderOf(bytes, charset)
  try {
    const decoder = new TextDecoder(order ? `utf-16${order}` : (charset ?? 'utf-8'), {
      fatal: true,
    })
    return decoder.decode(bytes, { stream: !isWhole })
  } catch {
    return null
  }
}

function prepare(plain: string, scanners: readonly Scanner[]): string {
  const labelled = scanners.reduce(labelPlain, hideNamed(plain.slice(0, MAX_PREPARED)))
  return hideOpaque(labelled.replace(/\r\n/g, '\n').replaceAll('\t', '  '))
    .split('\n')
    .map(makeVisible)
    .join('\n')
}

/** A field on each line. */
function toLines(form: string): string {
  return form
    .split('&')
    .map((field) => {
      const [name = '', ...value] = field.split('=').map(decode)
      const isHidden = value.length > 0 && isCredential(name)
      return isHidden ? `${name}=${CREDENTIAL}` : [name, ...value].join('=')
    })
    .map((line) => line.replace(/[\r\n]+/g, '\\n'))
    .join('\n')
}

/** Also what was coded more than once. */
function decode(text: string): string {
  let decoded = text.replaceAll('+', ' ')
  for (let i = 0; i < MAX_CODED && decoded.includes('%'); i++) {
    decoded = decoded.replace(/(?:%[0-9a-f]{2})+/gi, (coded) =>
      Buffer.from(coded.replaceAll('%', ''), 'hex').toString('utf8'),
    )
  }
  return decoded
}

const MAX_CODED = 3

/** Characters that JSON writes by their number, as many encoders do with all but ASCII; and texts within texts without most of what shows that. */
function toCharacters(text: string): string {
  return text
    .replace(/(?<!\\)\\+u([0-9a-f]{4})/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replace(/\\{2,}/g, '\\')
}

/** What was hidden by the form of the body is found once more as what people read. */
function labelPlain(text: string, scan: Scanner): string {
  const bytes = Buffer.from(text)
  const pieces: string[] = []
  let at = 0
  scan.scan(bytes, 0, bytes.length, NOWHERE, (start, end, type) => {
    pieces.push(bytes.toString('utf8', at, start), toLabel(type))
    at = end
  })
  return pieces.join('') + bytes.toString('utf8', at)
}

const CREDENTIAL = '[CREDENTIAL]'
/** A name, what stands between it and its value, and that. */
const NAMED =
  /([A-Za-z][\w.-]{0,63})(\\*["']?[ \t]*[:=][ \t]*\\*["']?)(?!\[[A-Z0-9_]+\])([^\s"'\\&,;}\]]+)/g

/** A name of somebody, where there is nothing but that: of a tool or a model it is written otherwise. */
const PERSON =
  /((?<![A-Za-z])[Nn]ame\\*["']?[ \t]*[:=][ \t]*\\*["']?)\p{Lu}[\p{L}\p{M}.'’-]{0,40}(?:(?: \p{Ll}{1,3}){0,2} \p{Lu}[\p{L}\p{M}.'’-]{0,40}){1,4}(?=["'\\&,;\n]|$)/gmu

function hideNamed(text: string): string {
  return text
    .replace(NAMED, (all, name: string, between: string) =>
      isCredential(name) ? `${name}${between}${CREDENTIAL}` : all,
    )
    .replace(PERSON, '$1[NAME]')
}

/** What people cannot read, and what may be the number of somebody. */
function hideOpaque(text: string): string {
  return text
    .replace(LONG, (all) => (isOpaque(all) ? `[${all.length} CHARACTERS]` : all))
    .replace(NUMBER, (all) => (all.replace(/\P{Nd}/gu, '').length < MANY_DIGITS ? all : '[NUMBER]'))
}

/** Of keys, digests, and of what is written in base64: a text in it may not have been found for what it is. */
const LONG = /[A-Za-z0-9+/_=-]{20,}/g
/** Beyond so many no word is a name. */
const MAX_WORD = 64

function isOpaque(text: string): boolean {
  return (
    text.length >= MAX_WORD || (/[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9+=]/.test(text))
  )
}
/** Words with digits, joined by what numbers are joined with. */
const NUMBER =
  /(?<![A-Za-z\p{Nd}])[A-Za-z]{0,4}\p{Nd}[A-Za-z\p{Nd}]*(?:[ ./_-][A-Za-z]{0,4}\p{Nd}[A-Za-z\p{Nd}]*)*/gu
/** No date, no number of a telephone or an account has fewer. */
const MANY_DIGITS = 6

/** @param rest what is said of what was left off before; null where nothing was */
function cut(text: string, rest: string | null): string {
  const lines = text.split('\n')
  const few = lines.slice(0, MAX_LINES).join('\n')
  const characters = [...few]
  const isCut = rest !== null || lines.length > MAX_LINES || characters.length > MAX_SHOWN
  const shown = characters.slice(0, MAX_SHOWN).join('')
  return isCut ? `${shown}…\n[${rest ?? CUT}]` : shown
}

const CUT = 'the rest is not shown'

function sayRest({ bytes, complete }: BodyView): string {
  return `${CUT}; the body has ${complete ? '' : 'more than '}${bytes.length} bytes`
}
