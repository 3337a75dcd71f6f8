/**
 * Every way a call can be refused or fail, by its stable code. Scripts, SDK wrappers and auditors match on
 * these strings, so a code is never renamed or reused. Texts here are fixed: nothing a client or an
 * upstream sent may appear in a title.
 */

/** Whose doing it was. Decides who should act on it, and what a metric counts it under. */
export type Side = 'client' | 'policy' | 'upstream' | 'self'

export interface CodeInfo {
  /** HTTP status a refused client gets (RFC 9110 section 15). */
  readonly status: number
  readonly side: Side
  readonly title: string
  /** What the caller can do about it. */
  readonly next: string
}

const ASK = 'ask the operator of this proxy to allow or declare the destination'
const RETRY = 'try again later'
const UPSTREAM = 'check the destination; the proxy itself works'
const PROXY = 'the operator of this proxy has to look at the one behind it'
const OPERATOR = 'the operator of this proxy has to look at it; try again later'

const CODES = {
  // The request itself is at fault.
  'request-malformed': info(
    400,
    'client',
    'The request is not well-formed HTTP',
    'send a request that follows RFC 9112 or RFC 9113',
  ),
  'request-framing': info(
    400,
    'client',
    'The length of the request body is ambiguous',
    'send either one Content-Length or Transfer-Encoding: chunked',
  ),
  'request-chunk': info(
    400,
    'client',
    'The chunked request body is malformed',
    'send chunks as in RFC 9112 section 7.1',
  ),
  'request-target': info(
    400,
    'client',
    'The request does not name a target a proxy can use',
    'use CONNECT host:port, or a full http:// URL; most clients do when HTTPS_PROXY and HTTP_PROXY are set',
  ),
  'request-version': info(
    505,
    'client',
    'Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here',
    'use HTTP/1.1 or HTTP/2',
  ),
  'request-head-too-large': info(
    431,
    'client',
    'The request head is too large',
    'send fewer or shorter header fields',
  ),
  'request-timeout': info(
    408,
    'client',
    'The request did not arrive in time',
    'send the whole request without pausing',
  ),
  'request-incomplete': info(
    400,
    'client',
    'The client left before its request was complete',
    'keep the connection open until the answer has come',
  ),
  'request-not-http': info(
    400,
    'client',
    'The tunnel carries no protocol that is known',
    'TLS, HTTP and a few others are understood inside a tunnel: see docs/transparent.md',
  ),
  'request-proxy-header': info(
    400,
    'client',
    'The connection does not begin with a valid PROXY protocol header',
    'let the load balancer send one (send-proxy or send-proxy-v2), or take its address out of `listen: proxy_protocol`',
  ),
  'request-socks': info(
    400,
    'client',
    'The connection does not follow SOCKS',
    'use a client of SOCKS5 (RFC 1928), SOCKS4 or SOCKS4a, and a host name or an address with a port',
  ),
  'request-socks-command': info(
    400,
    'client',
    'SOCKS is asked for something other than CONNECT',
    'use TCP: datagrams are not carried, and nobody can connect back through this proxy',
  ),
  'request-websocket': info(
    400,
    'client',
    'The WebSocket frames of the client are malformed',
    'use a client that follows RFC 6455',
  ),
  'request-statement': info(
    400,
    'client',
    'What is said on the connection does not follow its protocol',
    'use a client of the database in its usual form: see docs/transparent.md',
  ),
  'channel-binding': info(
    400,
    'client',
    'SCRAM cannot bind to TLS that ends at this proxy',
    'set PGCHANNELBINDING=disable, or channel_binding=disable in the connection string; `cordon env` does',
  ),
  'request-too-large': info(
    413,
    'client',
    'A message of the client is larger than this proxy takes',
    'send it in smaller messages, or ask the operator of this proxy for a higher limit',
  ),
  'request-protocol': info(
    400,
    'client',
    'The HTTP/2 connection does not follow the protocol',
    'use a client that follows RFC 9113',
  ),
  'request-flood': info(
    400,
    'client',
    'The HTTP/2 connection asks for work without asking for anything',
    'send fewer resets, pings and settings; let requests end',
  ),
  'upgrade-refused': info(
    403,
    'policy',
    'The connection may not become what was asked for',
    'ask the operator of this proxy for a rule that allows the protocol',
  ),
  'client-tls-failed': info(
    400,
    'client',
    'The TLS handshake with the client failed',
    'let the client trust the CA of this proxy: see `cordon env` and `cordon ca show`',
  ),
  'client-tls-rejected': info(
    400,
    'client',
    'The client does not accept the certificate for this host',
    'if it pins the host, the operator can list it under `intercept: never`',
  ),
  'leaf-rate-limited': info(
    429,
    'client',
    'Too many new hosts were called in a short time',
    'call fewer hosts at once and try again later',
  ),

  'name-rate-limited': info(
    429,
    'client',
    'Too much was asked for in names',
    'ask for fewer new names at once; data is not sent in names',
  ),

  // Who is asking.
  'agent-unknown': info(
    407,
    'client',
    'The agent is not authenticated',
    'send a token in Proxy-Authorization; `cordon agents token NAME` issues one',
  ),
  'token-expired': info(
    407,
    'client',
    'The agent token has expired',
    'get a new token: `cordon agents token NAME`',
  ),
  'token-revoked': info(
    407,
    'client',
    'The agent token was revoked',
    'ask the operator of this proxy',
  ),

  // What was decided.
  'placement-inside': info(403, 'policy', 'The policy refuses calls inside the allowed zone', ASK),
  'placement-outside': info(
    403,
    'policy',
    'The data would be processed outside the allowed zone',
    `use an endpoint inside the allowed zone, or ${ASK}`,
  ),
  'placement-straddling': info(
    403,
    'policy',
    'The data might be processed outside the allowed zone',
    `use an endpoint that stays inside the allowed zone, or ${ASK}`,
  ),
  'placement-unknown': info(403, 'policy', 'Nobody can say where the data would be processed', ASK),
  'rule-block': info(403, 'policy', 'A rule refuses this call', ASK),
  'residency-mismatch': info(
    502,
    'upstream',
    'The answer was made outside of where the data was to be processed',
    'tell the operator of this proxy: the destination does not keep what was concluded about it',
  ),
  'hold-pending': info(
    503,
    'policy',
    'The call waits for the approval of a person; nothing was sent',
    'send the same request again after the time in Retry-After: it joins the same hold and passes once it is approved; if it is urgent, ask those who may approve it',
  ),
  'hold-denied': info(
    403,
    'policy',
    'A person has refused this call; nothing was sent',
    'do not send it again as it is; ask those who may approve it, or the operator of this proxy, what would be accepted',
  ),
  'hold-expired': info(
    403,
    'policy',
    'Nobody has approved this call in time; nothing was sent',
    'to ask anew send it again, when somebody who may approve it is there; for later calls ask ahead: `cordon request`',
  ),
  'hold-cancelled': info(
    403,
    'policy',
    'The request for approval was withdrawn; nothing was sent',
    'if the call is still needed, send it again: that asks anew',
  ),
  'hold-unavailable': info(
    403,
    'policy',
    'The call needs the approval of a person, and cannot wait for it',
    `use an endpoint inside the allowed zone, or ${ASK}`,
  ),
  'grant-ended': info(
    403,
    'policy',
    'The leave under which this call ran was revoked or has ended',
    'send it again to ask for a new approval, if the call is still needed',
  ),

  'body-unscannable': info(
    403,
    'policy',
    'A rule takes data out of such requests, and this one cannot be read',
    'send the body as plain or compressed text of a common type, or ask the operator of this proxy: `redaction: { on_unscannable: … }` says what becomes of such requests',
  ),
  'answer-unscannable': info(
    502,
    'upstream',
    'A rule takes data out of such answers, and this one cannot be read',
    'ask the destination for plain text, or the operator of this proxy',
  ),
  'redaction-signed': info(
    403,
    'policy',
    'The request holds data that a rule takes out, where it is signed',
    'take the data out before the request is signed, or ask the operator of this proxy',
  ),

  // What no policy can allow.
  'names-disagree': info(
    403,
    'policy',
    'The request names more than one destination',
    'send the same host and port in CONNECT, SNI and Host',
  ),
  'protocol-unexpected': info(
    403,
    'policy',
    'The destination speaks another protocol than the connection was let through for',
    ASK,
  ),
  misdirected: info(
    421,
    'policy',
    'The request is for another host or port than its connection was opened for',
    'open a connection of its own for each host and port; browsers do when they get this (RFC 9110 section 15.5.20)',
  ),
  'address-prohibited': info(
    403,
    'policy',
    'The destination address is not one a client may reach',
    ASK,
  ),
  'proxy-loop': info(
    403,
    'policy',
    'The request would come back to this proxy',
    'do not send the proxy to itself; check the proxy variables of the client',
  ),

  // The other side failed.
  'dns-not-found': info(
    502,
    'upstream',
    'The destination name does not exist',
    'check the host name',
  ),
  'dns-no-address': info(
    502,
    'upstream',
    'The destination name has no address',
    'check the host name',
  ),
  'dns-failed': info(502, 'upstream', 'The name servers could not answer', RETRY),
  'dns-timeout': info(504, 'upstream', 'The name servers did not answer in time', RETRY),
  'connect-refused': info(502, 'upstream', 'The destination refused the connection', UPSTREAM),
  'connect-unreachable': info(502, 'upstream', 'The destination cannot be reached', UPSTREAM),
  'connect-timeout': info(
    504,
    'upstream',
    'The destination did not accept the connection in time',
    RETRY,
  ),
  'connect-reset': info(
    502,
    'upstream',
    'The destination closed the connection before it had answered',
    RETRY,
  ),
  'connect-stalled': info(504, 'upstream', 'The destination did not answer in time', RETRY),
  'connect-malformed': info(
    502,
    'upstream',
    'The destination did not answer with well-formed HTTP',
    UPSTREAM,
  ),
  'connect-too-large': info(
    502,
    'upstream',
    'A message of the destination is larger than this proxy takes',
    'ask the operator of this proxy for a higher limit',
  ),
  'tls-expired': info(
    502,
    'upstream',
    'The certificate of the destination is outside its validity period',
    UPSTREAM,
  ),
  'tls-untrusted': info(
    502,
    'upstream',
    'The certificate of the destination is not from a trusted authority',
    'if it is a private authority, the operator can add it under `tls: extra_roots`',
  ),
  'tls-name-mismatch': info(
    502,
    'upstream',
    'The certificate of the destination is for another name',
    UPSTREAM,
  ),
  'tls-client-certificate': info(
    502,
    'upstream',
    'The destination wants a client certificate, or another one',
    'the operator of this proxy can name one for the host under `origins`',
  ),
  'tls-no-protocol': info(
    502,
    'upstream',
    'The destination does not agree to a protocol that this call can go over',
    'most often it speaks HTTP/2 alone, which has no Upgrade and no NTLM, and WebSockets only where it offers them (RFC 8441), or it does not know a protocol that the client offers by ALPN: call it without, or elsewhere',
  ),
  'tls-failed': info(502, 'upstream', 'The TLS handshake with the destination failed', UPSTREAM),

  // The proxy behind us failed.
  'upstream-proxy-unreachable': info(
    502,
    'upstream',
    'The upstream proxy cannot be reached',
    PROXY,
  ),
  'upstream-proxy-timeout': info(
    504,
    'upstream',
    'The upstream proxy did not answer in time',
    RETRY,
  ),
  'upstream-proxy-tls': info(
    502,
    'upstream',
    'The TLS handshake with the upstream proxy failed',
    PROXY,
  ),
  'upstream-proxy-auth': info(
    502,
    'upstream',
    'The upstream proxy wants credentials, or other ones',
    PROXY,
  ),
  'upstream-proxy-refused': info(
    502,
    'upstream',
    'The upstream proxy does not connect to the destination',
    PROXY,
  ),
  'upstream-proxy-malformed': info(
    502,
    'upstream',
    'The upstream proxy did not answer with well-formed HTTP',
    PROXY,
  ),
  'upstream-proxy-blocked': info(
    403,
    'policy',
    'The policy does not let the upstream proxy be used',
    PROXY,
  ),

  // Cordon has no room.
  'connections-exceeded': info(
    503,
    'self',
    'There are too many connections',
    'close connections that are not needed, or try again later',
  ),

  'origins-exceeded': info(
    503,
    'self',
    'There are too many connections to destinations',
    'call fewer destinations at once, or try again later',
  ),
  'origin-busy': info(
    503,
    'self',
    'There are too many connections to this destination',
    'send fewer requests to it at once, or try again later',
  ),

  'hold-exceeded': info(
    503,
    'self',
    'Too many calls wait for the approval of a person; nothing was sent',
    'send fewer calls that need an approval, or try again when those that wait are decided',
  ),

  // Cordon cannot keep its promises.
  'held-exceeded': info(
    503,
    'self',
    'Too much waits for slow readers',
    'read answers faster, or try again later',
  ),
  'audit-unavailable': info(
    503,
    'self',
    'The audit log cannot be written, so nothing may pass',
    OPERATOR,
  ),
  'gate-failed': info(
    503,
    'self',
    'The decision could not be made, so the call is refused',
    OPERATOR,
  ),
} as const satisfies Record<string, CodeInfo>

function info(status: number, side: Side, title: string, next: string): CodeInfo {
  return { status, side, title, next }
}

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

/** Status, side, title and advice for a code; `rule-…` codes are one family. */
export function describeCode(code: Code | `rule-${string}`): CodeInfo {
  return CODES[code as Code] ?? CODES['rule-block']
}

/** The outcome of parsing: the value, or the one thing that is wrong with it. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string }

/** Thrown by the audit port when a row cannot be committed. Nothing may pass then. */
export class AuditUnavailable extends Error {
  override name = 'AuditUnavailable'
}
