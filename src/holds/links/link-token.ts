/**
 * What a link back says: which hold, to whom it was sent, a number that is used once, and until when it is good; with an HMAC
 * (RFC 2104, SHA-256) in front. Only the one form that was made is read again.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { HoldId } from '../../model/hold.ts'

export interface LinkClaims {
  readonly hold: HoldId
  /** Id of the receiver it was sent to. */
  readonly receiver: string
  /** Hex; used once. */
  readonly nonce: string
  /** Milliseconds since the epoch, whole seconds. */
  readonly expiresAt: number
}

const MAC_BYTES = 32
/** Apart from all else that is ever signed with such a key. */
const PURPOSE = 'cordon link 1'
/** Characters; what is longer was not made here. */
const MAX_TOKEN = 400

export function signLink(key: Buffer, { hold, receiver, nonce, expiresAt }: LinkClaims): string {
  const text = [hold, receiver, nonce, expiresAt / 1_000].join(' ')
  return Buffer.concat([toMac(key, text), Buffer.from(text)]).toString('base64url')
}

/** @returns null for what was not made with this key; whether it is still good is not looked at. Never throws. */
export function readLink(key: Buffer, token: string): LinkClaims | null {
  if (token.length > MAX_TOKEN || !/^[A-Za-z0-9_-]+$/.test(token)) return null
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== token) return null
  const text = bytes.subarray(MAC_BYTES).toString('latin1')
  if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), toMac(key, text))) return null
  const match = /^(h-[A-Za-z0-9]{8}) ([a-z0-9][a-z0-9-]{0,63}) ([0-9a-f]{32}) (\d{1,12})$/.exec(
    text,
  )
  if (!match) return null
  const [, hold = '', receiver = '', nonce = '', expires = ''] = match
  return { hold, receiver, nonce, expiresAt: Number(expires) * 1_000 }
}

function toMac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(`${PURPOSE}\n${text}`, 'latin1').digest()
}
