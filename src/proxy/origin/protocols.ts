/**
 * Which version of HTTP each origin prefers, as its TLS handshakes have shown (ALPN, RFC 7301). Clients are offered what the origin speaks,
 * so that what they negotiate is what they would have negotiated without us.
 */

export type OriginProtocol = 'h2' | 'http/1.1'

/** How long a handshake counts, in milliseconds: servers change. */
const LIFETIME_MS = 3_600_000
/** Authorities remembered; the one that was learned first makes room. */
const MAX_KNOWN = 10_000

interface Known {
  readonly protocol: OriginProtocol
  readonly until: number
  /** Until when it counts that it does not speak HTTP/1.1: asking again tells nothing about that. */
  readonly aloneUntil: number
}

export class OriginProtocols {
  readonly #known = new Map<string, Known>()
  readonly #now: () => number

  /** @param now milliseconds, of any clock */
  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#known.size
  }

  /** Null when nobody knows, or not any more. */
  of(authority: string): OriginProtocol | null {
    const known = this.#known.get(authority)
    return known && known.until > this.#now() ? known.protocol : null
  }

  learn(authority: string, protocol: OriginProtocol): void {
    const aloneUntil = protocol === 'h2' ? (this.#known.get(authority)?.aloneUntil ?? 0) : 0
    this.#learn(authority, { protocol, until: this.#now() + LIFETIME_MS, aloneUntil })
  }

  /** Asked for HTTP/1.1 and nothing else, it has refused that, or spoken HTTP/2 all the same. */
  refusesHttp1(authority: string): void {
    const until = this.#now() + LIFETIME_MS
    this.#learn(authority, { protocol: 'h2', until, aloneUntil: until })
  }

  /** Whether it speaks HTTP/2 and nothing else, as far as anybody knows. */
  isHttp2Alone(authority: string): boolean {
    const known = this.#known.get(authority)
    return known !== undefined && known.aloneUntil > this.#now()
  }

  #learn(authority: string, known: Known): void {
    this.#known.delete(authority)
    this.#known.set(authority, known)
    const [oldest = ''] = this.#known.keys()
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest)
  }
}
