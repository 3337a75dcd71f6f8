/**
 * Message heads, parsed strictly (RFC 9112 sections 2 to 6) and only once. Stricter than the RFC asks where two readers could
 * disagree: no obs-fold, no bare CR or LF, no white space before a colon, one numeric Content-Length, Transfer-Encoding
 * exactly `chunked`, never both. What is not understood is refused, never repaired. Names, values, their case, order
 * and doubles are kept as received; latin-1 both ways, so bytes are neither lost nor changed.
 */

import type { Problem } from '../../model/errors.ts'
import { type Fields, framing, malformed } from '../exchange/fields.ts'
import {
  type BodyLength,
  type RequestHead,
  type ResponseHead,
  UNTIL_CLOSE,
  UNTOLD,
} from '../exchange/message.ts'
import { detach, skip, skipMethod, TARGET, VALUE } from '../exchange/text.ts'
import { parseFields } from './field-lines.ts'

/** @param text the head as latin-1, from the request line to the empty line, both included. */
export function parseRequestHead(text: string): RequestHead | Problem {
  const methodEnd = skipMethod(text, 0)
  if (methodEnd === 0 || text[methodEnd] !== ' ') return malformed('the request line has no method')
  const method = text.slice(0, methodEnd)
  const targetEnd = skip(TARGET, text, methodEnd + 1)
  if (targetEnd === methodEnd + 1 || text[targetEnd] !== ' ') {
    return malformed('the request line has no valid target')
  }
  const lineEnd = text.indexOf('\r\n', targetEnd)
  const version = parseVersion(text.slice(targetEnd + 1, lineEnd))
  if (typeof version !== 'string') return version
  const fields = parseFields(text, lineEnd + 2)
  if ('code' in fields) return fields
  if (fields.chunked && version === '1.0')
    return framing('Transfer-Encoding in an HTTP/1.0 request')
  // CONNECT names its host in the target; old clients leave it at that.
  if (fields.host === null && version === '1.1' && method !== 'CONNECT') {
    return malformed('there is no Host')
  }
  return {
    method,
    target: detach(text.slice(methodEnd + 1, targetEnd)),
    version,
    fields,
    body: requestLength(fields),
  }
}

function requestLength({ chunked, contentLength }: Fields): BodyLength {
  return chunked ? UNTOLD : Math.max(contentLength, 0)
}

/** @returns null when the head is not one that can be relayed. */
export function parseResponseHead(text: string): ResponseHead | null {
  const version = text.startsWith('HTTP/1.1 ') ? '1.1' : '1.0'
  if (version === '1.0' && !text.startsWith('HTTP/1.0 ')) return null
  const status = parseStatus(text, 9)
  if (status === null) return null
  const lineEnd = skip(VALUE, text, 12)
  // The space before an empty reason is left out by some.
  if ((text[12] !== ' ' && lineEnd !== 12) || !text.startsWith('\r\n', lineEnd)) return null
  const fields = parseFields(text, lineEnd + 2)
  if ('code' in fields) return null
  if (fields.chunked && version === '1.0') return null
  // These never have a body (RFC 9110 section 8.6): a reader that believed a length would take the next answer for one.
  const bodiless = status < 200 || status === 204
  if (bodiless && (fields.chunked || fields.contentLength > 0)) return null
  return { status, reason: text.slice(13, lineEnd), version, fields }
}

/** How long the body of an answer is (RFC 9112 section 6.3). @param method of the request that is answered. */
export function responseLength({ status, fields }: ResponseHead, method: string): BodyLength {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0
  if (fields.chunked) return UNTOLD
  return fields.contentLength >= 0 ? fields.contentLength : UNTIL_CLOSE
}

/** Three digits from 100. @returns null when there are others */
function parseStatus(text: string, at: number): number | null {
  let status = 0
  for (let i = at; i < at + 3; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) return null
    status = status * 10 + digit
  }
  return status < 100 ? null : status
}

function parseVersion(text: string): '1.0' | '1.1' | Problem {
  if (text === 'HTTP/1.1') return '1.1'
  if (text === 'HTTP/1.0') return '1.0'
  return /^HTTP\/\d\.\d$/.test(text)
    ? { code: 'request-version', detail: 'the request line names another version of HTTP' }
    : malformed('the request line does not end in HTTP/1.1')
}
