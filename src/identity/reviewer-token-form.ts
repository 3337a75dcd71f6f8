/**
 * What a reviewer's token looks like: `crv_`, 32 random bytes and a checksum. By prefix and checksum typing errors are noticed before
 * anything is looked up, and scanners for leaked secrets can tell ours from chance.
 */

import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const PREFIX = 'crv_'
/** 32 bytes, and a checksum of four, as base64url. */
const FORM = /^crv_[A-Za-z0-9_-]{49}$/
const CHECKSUM_LENGTH = 6

export function createToken(): string {
  const body = `${PREFIX}${randomBytes(32).toString('base64url')}`
  return `${body}${checksumOf(body)}`
}

/** `mistyped`: it was meant to be one, but a letter is wrong or missing. */
export function formOf(token: string): 'good' | 'mistyped' | 'unknown' {
  if (!token.startsWith(PREFIX)) return 'unknown'
  const body = token.slice(0, -CHECKSUM_LENGTH)
  const isWhole = FORM.test(token) && checksumOf(body) === token.slice(-CHECKSUM_LENGTH)
  return isWhole ? 'good' : 'mistyped'
}

/** What is kept of it: 256 random bits need no salt and no slow hash. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function checksumOf(body: string): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return sum.toString('base64url')
}
