/**
 * Tokens of those who may decide about holds: random, shown once, and at rest only as their SHA-256 in `data/reviewers.json`. A running
 * proxy looks at the file again within half a second. A file that cannot be understood is nobody's: then nobody may decide. A token proves
 * a name; whether that name may decide is the policy's business.
 */

import { timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { rewriteFile } from '../files/exclusive-file.ts'
import { WatchedFile } from '../files/watched-file.ts'
import { isAgentName } from '../model/agent.ts'
import { ADMIN } from '../model/reviewer.ts'
import { createToken, digestOf, formOf } from './reviewer-token-form.ts'

/** What is known of a token at rest. */
export interface ReviewerToken {
  readonly reviewer: string
  /** Hex. */
  readonly sha256: string
  /** ISO 8601. */
  readonly issued_at: string
}

export type Found =
  | { readonly kind: 'reviewer'; readonly name: string }
  /** Not one that was issued here, or it was revoked. */
  | { readonly kind: 'unknown' }
  /** It has our form, but not what was issued: a letter is wrong or missing. */
  | { readonly kind: 'mistyped' }
  /** Nobody can be told from anybody else. */
  | { readonly kind: 'unusable'; readonly detail: string }

/** The file cannot be read or written; nothing was changed. */
export class ReviewerTokensError extends Error {
  override name = 'ReviewerTokensError'
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

const MAX_TOKENS = 1_000
/** Of one reviewer: one for each place they work from. */
const MAX_OF_ONE = 20
const MAX_BYTES = 512 * 1024

export class ReviewerTokens {
  readonly #path: string
  readonly #clock: { now(): number }
  readonly #file: WatchedFile<readonly ReviewerToken[]>

  constructor(dataDir: string, clock: { now(): number }) {
    this.#path = join(dataDir, 'reviewers.json')
    this.#clock = clock
    this.#file = new WatchedFile(this.#path, clock, (path) => read(path) ?? [])
  }

  /** Whose it is. Never throws. */
  find(token: string): Found {
    const form = formOf(token)
    if (form !== 'good') return { kind: form }
    const { state } = this.#file
    if ('fault' in state) return { kind: 'unusable', detail: state.fault }
    const digest = digestOf(token)
    let name: string | null = null
    // All are compared, whichever it is.
    for (const { sha256, reviewer } of state.value) {
      if (timingSafeEqual(digest, Buffer.from(sha256, 'hex'))) name = reviewer
    }
    return name === null ? { kind: 'unknown' } : { kind: 'reviewer', name }
  }

  /** Whether there is a file of them, usable or not. */
  exist(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false }) !== undefined
  }

  /** Oldest first. @throws ReviewerTokensError */
  list(): readonly ReviewerToken[] {
    return read(this.#path) ?? []
  }

  /** @returns the token, which is kept nowhere. @throws ReviewerTokensError */
  issue(reviewer: string): string {
    const token = createToken()
    this.#rewrite((tokens) => {
      const theirs = tokens.filter((one) => one.reviewer === reviewer)
      if (theirs.length >= MAX_OF_ONE || tokens.length >= MAX_TOKENS) {
        throw new Error('there are too many tokens already: revoke some')
      }
      return [...tokens, this.#entry(reviewer, token)]
    })
    return token
  }

  /**
   * The token of `admin`, when there is none and never was one: there is no file yet.
   *
   * @throws ReviewerTokensError
   */
  issueFirst(): string | null {
    if (this.exist()) return null
    const token = createToken()
    let isFirst = false
    this.#rewrite((tokens, exists) => {
      isFirst = !exists
      return exists ? tokens : [this.#entry(ADMIN.id, token)]
    })
    return isFirst ? token : null
  }

  /** @returns how many tokens of theirs there were. @throws ReviewerTokensError */
  revoke(reviewer: string): number {
    let count = 0
    this.#rewrite((tokens) => {
      const others = tokens.filter((one) => one.reviewer !== reviewer)
      count = tokens.length - others.length
      return others
    })
    return count
  }

  #entry(reviewer: string, token: string): ReviewerToken {
    const issued_at = new Date(this.#clock.now()).toISOString()
    return { reviewer, sha256: digestOf(token).toString('hex'), issued_at }
  }

  #rewrite(
    change: (tokens: readonly ReviewerToken[], exists: boolean) => readonly ReviewerToken[],
  ): void {
    try {
      rewriteFile(this.#path, () => {
        const tokens = read(this.#path)
        const changed = change(tokens ?? [], tokens !== null)
        return `${JSON.stringify({ version: 1, tokens: changed }, null, 2)}\n`
      })
    } catch (error) {
      if (error instanceof ReviewerTokensError) throw error
      throw new ReviewerTokensError(this.#path, (error as Error).message)
    }
  }
}

/** @returns null when there is no file. */
function read(path: string): readonly ReviewerToken[] | null {
  try {
    if (statSync(path).size > MAX_BYTES) throw new Error('it is too large')
    return parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    // What JSON.parse says quotes what it has read.
    const why = error instanceof SyntaxError ? 'it is not JSON' : message
    throw new ReviewerTokensError(path, `cannot be read: ${why}`)
  }
}

function parse(value: unknown): readonly ReviewerToken[] {
  if (!hasKeys(value, ['version', 'tokens']) || value.version !== 1) {
    throw new Error('it is not `{ "version": 1, "tokens": […] }`')
  }
  const { tokens } = value
  if (!Array.isArray(tokens) || tokens.length > MAX_TOKENS) {
    throw new Error(`\`tokens\` is not a list of at most ${MAX_TOKENS}`)
  }
  return tokens.map((one: unknown, i) => {
    if (!isToken(one)) throw new Error(`entry ${i + 1} of \`tokens\` is not one`)
    return one
  })
}

function isToken(value: unknown): value is ReviewerToken {
  if (!hasKeys(value, ['reviewer', 'sha256', 'issued_at'])) return false
  const { reviewer, sha256, issued_at } = value
  return (
    typeof reviewer === 'string' &&
    isAgentName(reviewer) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    typeof issued_at === 'string' &&
    issued_at.length <= 32 &&
    !Number.isNaN(Date.parse(issued_at))
  )
}

/** An object with these keys and no others. */
function hasKeys(value: unknown, keys: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const own = Object.keys(value)
  return own.length === keys.length && keys.every((key) => own.includes(key))
}
