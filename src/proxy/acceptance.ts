/**
 * Whether clients accept our certificates. One that refuses is told apart by what it did before: it may not trust the CA at all, or
 * trust it and pin this host. The log and, once, the operator hear which. Nothing is ever let through unseen for it.
 */

import type { Agent } from '../model/agent.ts'
import type { Problem } from '../model/errors.ts'
import { TokenBucket } from '../model/token-bucket.ts'
import type { Clock } from '../ports.ts'
import type { ClientHello } from '../tls/client-hello.ts'

/** Who is refusing what. */
export interface Refusing {
  readonly clientIp: string
  readonly agent: Agent
  readonly host: string
  /** It is the TLS of the proxy port: nothing that a client could pin. */
  readonly isPort?: true
}

/** A client that leaves so soon after the handshake without a word has looked at the certificate, in milliseconds. */
export const AT_ONCE_MS = 1_000

/** Clients, and clients at hosts, that are remembered to have accepted a certificate. */
const MAX_CLIENTS = 4_096
const MAX_HOSTS = 16_384
/** Refusals the operator has heard of. */
const MAX_TOLD = 4_096
const TELLING = { burst: 10, perSecond: 1 / 60 }

export interface AcceptanceOptions {
  readonly clock: Clock
  /** For one line to the operator. */
  tell(text: string): void
  /** What was new, for the processes beside this one: whichever a client comes to judges it by what all have seen. */
  readonly share?: (news: AcceptanceNews) => void
}

/** What to remember: that a client has accepted a certificate, and whose; or that the operator was told. */
export type AcceptanceNews =
  | { readonly client: string; readonly host: string }
  | { readonly told: string }

export class Acceptance {
  readonly #clients = new Recent(MAX_CLIENTS)
  readonly #hosts = new Recent(MAX_HOSTS)
  readonly #told = new Recent(MAX_TOLD)
  readonly #lines: TokenBucket
  readonly #options: AcceptanceOptions

  constructor(options: AcceptanceOptions) {
    this.#options = options
    this.#lines = new TokenBucket(TELLING, options.clock.now())
  }

  /** The client has sent something under our certificate for that host. */
  accepted({ clientIp, agent, host }: Refusing): void {
    this.#note({ client: `${clientIp} ${agent.id}`, host })
  }

  /** What another process has seen. */
  take(news: AcceptanceNews): void {
    this.#remember(news)
  }

  #note(news: AcceptanceNews): void {
    if (this.#remember(news)) this.#options.share?.(news)
  }

  /** @returns whether it was new */
  #remember(news: AcceptanceNews): boolean {
    if ('told' in news) return this.#told.add(news.told)
    this.#clients.add(news.client)
    return this.#hosts.add(`${news.client} ${news.host}`)
  }

  /** What a handshake that failed means. @param offer of us @param cause null when the client just left */
  judgeFailure(
    who: Refusing,
    { alpn }: ClientHello,
    offer: readonly string[],
    cause: NodeJS.ErrnoException | null,
  ): Problem {
    const code = cause?.code ?? ''
    if (/_ALERT_CERTIFICATE_EXPIRED$/.test(code)) return EXPIRED
    if (code.endsWith('_ALERT_UNKNOWN_CA')) return this.#refused(who, 'unknown-ca')
    if (NOT_ACCEPTED.test(code)) return this.#refused(who, 'alert')
    if (alpn.length > 0 && !alpn.some((id) => offer.includes(id))) {
      return failed(`the client speaks only ${sayProtocols(alpn)}, not ${offer.join(', ')}`)
    }
    const left = code === '' || code === 'ECONNRESET' || code === 'EPIPE'
    return left ? this.#refused(who, 'left-within') : failed(`the handshake ended with ${code}`)
  }

  /** What it means that a client left without a word, so many milliseconds after the handshake; null for nothing. */
  judgeSilence(who: Refusing, ms: number): Problem | null {
    if (ms > AT_ONCE_MS || this.#hosts.has(keyOf(who))) return null
    return this.#refused(who, 'left-after')
  }

  #refused(who: Refusing, sign: Sign): Problem {
    const key = keyOf(who)
    if (sign === 'left-within' && this.#hosts.has(key)) {
      return failed('the client left within the handshake; it has accepted the certificate before')
    }
    const isKnown = !who.isPort && this.#clients.has(`${who.clientIp} ${who.agent.id}`)
    this.#tellOnce(`${key} ${isKnown}`, who, sign, isKnown)
    return isKnown && sign !== 'unknown-ca' ? pinning(sign) : distrusting(sign)
  }

  #tellOnce(key: string, who: Refusing, sign: Sign, isKnown: boolean): void {
    const { clock, tell } = this.#options
    if (this.#told.has(key) || !this.#lines.take(clock.now())) return
    this.#note({ told: key })
    tell(isKnown ? sayPinning(who, sign) : sayNoTrust(who, sign))
  }
}

/** How a client shows that it does not accept a certificate; only alerts are beyond doubt. */
type Sign = 'unknown-ca' | 'alert' | 'left-within' | 'left-after'

const SIGNS: Readonly<Record<Sign, string>> = {
  'unknown-ca': 'refuses the CA',
  alert: 'refuses the certificate',
  'left-within': 'left within the handshake',
  'left-after': 'left right after the handshake',
}

/** Alerts by which a client says what it thinks of a certificate (RFC 8446 section 6.2), as OpenSSL names them. */
const NOT_ACCEPTED =
  /_ALERT_(BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|ACCESS_DENIED)$/

const EXPIRED: Problem = failed(
  'the client takes the certificate for expired: its clock, or the one of this machine, is wrong',
)

function distrusting(sign: Sign): Problem {
  switch (sign) {
    case 'unknown-ca':
    case 'alert':
      return failed('the client does not trust the CA of this proxy')
    case 'left-within':
      return failed(`the client ${SIGNS[sign]}, as some do that do not trust the CA of this proxy`)
    case 'left-after':
      return rejected(
        `the client ${SIGNS[sign]}, as some do that pin the host or do not trust the CA`,
      )
    default:
      return sign satisfies never
  }
}

function pinning(sign: Sign): Problem {
  return rejected(
    `the client ${SIGNS[sign]}, but accepts those for other hosts: it may pin this one`,
  )
}

function failed(detail: string): Problem {
  return { code: 'client-tls-failed', detail }
}

function rejected(detail: string): Problem {
  return { code: 'client-tls-rejected', detail }
}

function sayPinning({ clientIp, agent, host }: Refusing, sign: Sign): string {
  const who = `agent ${agent.id} at ${clientIp} ${SIGNS[sign]} for ${host}, and has accepted others`
  return `${who}: \`cordon env\` prints what a program needs that lacks the CA; for one that pins the host, \`intercept: { never: [${host}] }\` lets it through unseen`
}

function sayNoTrust({ clientIp, agent, host }: Refusing, sign: Sign): string {
  const who = `agent ${agent.id} at ${clientIp} ${SIGNS[sign]} for ${host}, and has accepted none yet`
  return `${who}: \`cordon env\` prints what it needs to trust the CA of this proxy`
}

function keyOf({ clientIp, agent, host }: Refusing): string {
  return `${clientIp} ${agent.id} ${host}`
}

/** They are bytes a client chose, and the log is read on terminals. */
function sayProtocols(alpn: readonly string[]): string {
  return alpn
    .map((id) => (/^[a-z0-9./-]{1,16}$/i.test(id) ? id : 'something else'))
    .join(', ')
    .slice(0, 100)
}

/** A set that forgets what has not been added for longest. */
class Recent {
  readonly #capacity: number
  readonly #keys = new Set<string>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  /** @returns whether it was not there */
  add(key: string): boolean {
    const isNew = !this.#keys.delete(key)
    this.#keys.add(key)
    const [oldest = key] = this.#keys
    if (this.#keys.size > this.#capacity) this.#keys.delete(oldest)
    return isNew
  }
}
