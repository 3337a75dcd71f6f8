/**
 * Every way a call can be refused or fail, by its stable code. Scripts, SDK wrappers and auditors match on
 * these strings, so a code is never renamed or reused. Texts here are fixed: nothing a client or an
 * upstream sent may appear in a title.
 */

/** Whose doing it was. Decides who should act on it, and what a metric counts it under. */
export type Side = 'client' | 'policy' | 'upstream' | 'self'

interface CodeInfo {
  /** HTTP status a refused client gets (RFC 9110 section 15; 407 and 508 by meaning, not by habit). */
  readonly status: number
  readonly side: Side
  readonly title: string
}

const CODES = {
  // The request itself is at fault.
  'request-malformed': {
    status: 400,
    side: 'client',
    title: 'The request is not well-formed HTTP/1.1',
  },
  'request-framing': {
    status: 400,
    side: 'client',
    title: 'The length of the request body is ambiguous',
  },
  'request-chunk': {
    status: 400,
    side: 'client',
    title: 'The chunked request body is malformed',
  },
  'request-target': {
    status: 400,
    side: 'client',
    title: 'The request does not name a target a proxy can use',
  },
  'request-version': {
    status: 505,
    side: 'client',
    title: 'Only HTTP/1.0 and HTTP/1.1 are spoken here',
  },
  'request-head-too-large': {
    status: 431,
    side: 'client',
    title: 'The request head is too large',
  },
  'request-timeout': {
    status: 408,
    side: 'client',
    title: 'The request did not arrive in time',
  },
  'request-incomplete': {
    status: 400,
    side: 'client',
    title: 'The client left before its request was complete',
  },
  'request-not-http': {
    status: 400,
    side: 'client',
    title: 'The tunnel carries neither TLS nor HTTP',
  },
  'client-tls-failed': {
    status: 400,
    side: 'client',
    title: 'The TLS handshake with the client failed',
  },

  // Who is asking.
  'agent-unknown': {
    status: 407,
    side: 'client',
    title: 'The agent is not authenticated',
  },
  'token-expired': {
    status: 407,
    side: 'client',
    title: 'The agent token has expired',
  },
  'token-revoked': {
    status: 407,
    side: 'client',
    title: 'The agent token was revoked',
  },

  // What was decided.
  'placement-outside': {
    status: 403,
    side: 'policy',
    title: 'The data would be processed outside the allowed zone',
  },
  'placement-straddling': {
    status: 403,
    side: 'policy',
    title: 'The data might be processed outside the allowed zone',
  },
  'placement-unknown': {
    status: 403,
    side: 'policy',
    title: 'Nobody can say where the data would be processed',
  },
  'placement-inside': {
    status: 403,
    side: 'policy',
    title: 'The policy refuses calls inside the allowed zone',
  },
  'rule-block': {
    status: 403,
    side: 'policy',
    title: 'A rule refuses this call',
  },
  'hold-unavailable': {
    status: 403,
    side: 'policy',
    title: 'The call needs the approval of a person, which is not available yet',
  },

  // What no policy can allow.
  'names-disagree': {
    status: 403,
    side: 'policy',
    title: 'The request names more than one destination',
  },
  'address-prohibited': {
    status: 403,
    side: 'policy',
    title: 'The destination address is not one a client may reach',
  },
  'proxy-loop': {
    status: 403,
    side: 'policy',
    title: 'The request would come back to this proxy',
  },

  // The other side failed.
  'dns-not-found': {
    status: 502,
    side: 'upstream',
    title: 'The destination name does not exist',
  },
  'dns-no-address': {
    status: 502,
    side: 'upstream',
    title: 'The destination name has no address',
  },
  'dns-failed': {
    status: 502,
    side: 'upstream',
    title: 'The name servers could not answer',
  },
  'dns-timeout': {
    status: 504,
    side: 'upstream',
    title: 'The name servers did not answer in time',
  },
  'connect-refused': {
    status: 502,
    side: 'upstream',
    title: 'The destination refused the connection',
  },
  'connect-unreachable': {
    status: 502,
    side: 'upstream',
    title: 'The destination cannot be reached',
  },
  'connect-timeout': {
    status: 504,
    side: 'upstream',
    title: 'The destination did not accept the connection in time',
  },
  'connect-reset': {
    status: 502,
    side: 'upstream',
    title: 'The destination closed the connection before answering',
  },
  'connect-stalled': {
    status: 504,
    side: 'upstream',
    title: 'The destination did not answer in time',
  },
  'connect-malformed': {
    status: 502,
    side: 'upstream',
    title: 'The destination did not answer with well-formed HTTP/1.1',
  },
  'tls-expired': {
    status: 502,
    side: 'upstream',
    title: 'The certificate of the destination is outside its validity period',
  },
  'tls-untrusted': {
    status: 502,
    side: 'upstream',
    title: 'The certificate of the destination is not from a trusted authority',
  },
  'tls-name-mismatch': {
    status: 502,
    side: 'upstream',
    title: 'The certificate of the destination is for another name',
  },
  'tls-failed': {
    status: 502,
    side: 'upstream',
    title: 'The TLS handshake with the destination failed',
  },

  // Cordon cannot keep its promises.
  'audit-unavailable': {
    status: 503,
    side: 'self',
    title: 'The audit log cannot be written, so nothing may pass',
  },
  'gate-failed': {
    status: 503,
    side: 'self',
    title: 'The decision could not be made, so the call is refused',
  },
  overloaded: {
    status: 503,
    side: 'self',
    title: 'The proxy has no room for another connection',
  },
  'shutting-down': {
    status: 503,
    side: 'self',
    title: 'The proxy is shutting down',
  },
} as const satisfies Record<string, CodeInfo>

/** A stable, published code; the part before the first hyphen says which family it belongs to. */
export type Code = keyof typeof CODES

/** A refusal or failure as a value: which one, and one sentence for this case. Never holds payload. */
export interface Problem {
  readonly code: Code
  /** One sentence, plain, without a full stop at the end. Safe to show to the client. */
  readonly detail: string
}

/** All codes in the order of the table above; the documentation and its test walk it. */
export const ALL_CODES = Object.keys(CODES) as readonly Code[]

/** Status, side and title of a code. */
export function describeCode(code: Code): CodeInfo {
  return CODES[code]
}

/** The outcome of parsing: the value, or the one thing that is wrong with it. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string }
