/**
 * Agent tokens that Cordon issues itself: short-lived JWTs (RFC 7519) signed with an Ed25519 key in the data directory. jose's
 * door. A token proves a name and groups; what they may do is the policy's business.
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto'
import { join } from 'node:path'
import { errors, jwtVerify, SignJWT } from 'jose'
import { type KeyForm, openKeyFile } from '../files/key-file.ts'
import { isAgentName, isReservedName } from '../model/agent.ts'
import type { Problem } from '../model/errors.ts'
import { readToken } from './credentials.ts'
import type { Revocations } from './revocations.ts'

const ISSUER = 'cordon'
const AUDIENCE = 'cordon-proxy'
const ALGORITHM = 'EdDSA'

/** What a verified token says. */
export interface ProvenIdentity {
  readonly subject: string
  readonly groups: readonly string[]
}

export interface TokenClaims {
  readonly name: string
  readonly groups: readonly string[]
  /** Milliseconds. */
  readonly ttl: number
}

/** Milliseconds: what is meant to last longer is not a token but a configuration. */
export const MAX_TTL_MS = 30 * 86_400_000

/**
 * Loads the signing key, or makes it (mode 0600) when there is none.
 *
 * @throws KeyFileError
 */
export function openTokenKey(dataDir: string): KeyObject {
  return openKeyFile(join(dataDir, 'agent-token.key'), FORM)
}

const FORM: KeyForm<KeyObject> = {
  name: 'token key',
  make() {
    const { privateKey } = generateKeyPairSync('ed25519')
    return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  },
  read(pem) {
    try {
      const key = createPrivateKey(pem)
      if (key.asymmetricKeyType === 'ed25519') return { key }
      return { fault: 'the token key is not an Ed25519 key' }
    } catch {
      return { fault: 'the token key is not a private key in PEM form' }
    }
  },
}

/** @param now milliseconds since the epoch. */
export function issueToken(
  key: KeyObject,
  { name, groups, ttl }: TokenClaims,
  now: number,
): Promise<string> {
  return (
    new SignJWT({ groups: [...groups] })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(name)
      .setJti(randomUUID())
      // A fraction of a second tells a token issued right after a revocation from one issued before it.
      .setIssuedAt(now / 1_000)
      .setExpirationTime(Math.floor((now + ttl) / 1_000))
      .sign(key)
  )
}

interface Verified extends ProvenIdentity {
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Milliseconds by which the clock of whoever issues tokens may be ahead of ours. */
const CLOCK_SKEW_MS = 60_000

/** Tokens seen lately: a signature is checked once, expiry and revocation every time. */
const CACHE_SIZE = 1_024

export class TokenVerifier {
  readonly #key: KeyObject
  readonly #revocations: Revocations
  readonly #clock: { now(): number }
  readonly #cache = new Map<string, Verified>()

  constructor(key: KeyObject, revocations: Revocations, clock: { now(): number }) {
    this.#key = createPublicKey(key)
    this.#revocations = revocations
    this.#clock = clock
  }

  /**
   * At once for a token that was seen before. Never throws or rejects.
   *
   * @param field the value of Proxy-Authorization
   */
  verify(field: string): ProvenIdentity | Problem | Promise<ProvenIdentity | Problem> {
    const known = this.#cache.get(field)
    return known ? this.#judge(known) : this.#verifyNew(field)
  }

  async #verifyNew(field: string): Promise<ProvenIdentity | Problem> {
    const verified = await this.#check(field)
    if ('code' in verified) return verified
    if (this.#cache.size >= CACHE_SIZE) this.#cache.clear()
    this.#cache.set(field, verified)
    return this.#judge(verified)
  }

  #judge(verified: Verified): ProvenIdentity | Problem {
    const { subject, issuedAt, expiresAt } = verified
    if (expiresAt <= this.#clock.now()) {
      return { code: 'token-expired', detail: `the token of \`${subject}\` has expired` }
    }
    return this.#revocations.refusalOf(subject, issuedAt) ?? verified
  }

  async #check(field: string): Promise<Verified | Problem> {
    const token = readToken(field)
    if (token === null) return UNKNOWN_AGENT
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'iat', 'exp'],
        currentDate: new Date(this.#clock.now()),
      })
      const { sub, iat, exp, groups } = payload
      // jose makes sure that times are numbers, not that a name is text.
      if (!isName(sub) || isReservedName(sub) || iat === undefined || exp === undefined)
        return UNKNOWN_AGENT
      if (!Array.isArray(groups) || !groups.every(isName)) return UNKNOWN_AGENT
      // Nothing that is revoked now could reach it.
      if (iat * 1_000 > this.#clock.now() + CLOCK_SKEW_MS) return UNKNOWN_AGENT
      // Seconds as a fraction do not always come back as the same millisecond.
      return { subject: sub, groups, issuedAt: Math.round(iat * 1_000), expiresAt: exp * 1_000 }
    } catch (error) {
      // The signature was right, or jose would have said so first.
      if (error instanceof errors.JWTExpired) {
        return { code: 'token-expired', detail: 'the token has expired' }
      }
      return UNKNOWN_AGENT
    }
  }
}

const UNKNOWN_AGENT: Problem = {
  code: 'agent-unknown',
  detail: 'Proxy-Authorization holds no token that was issued here',
}

function isName(claim: unknown): claim is string {
  return typeof claim === 'string' && isAgentName(claim)
}
