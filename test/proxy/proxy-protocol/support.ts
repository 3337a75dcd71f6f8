/** PROXY protocol headers, right and wrong. */

import { parseIp } from '../../../src/model/address.ts'
import { crc32c } from '../../../src/proxy/proxy-protocol/crc32c.ts'

export const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

export interface Block {
  /** Version and command. */
  readonly kind?: number
  /** Default: that of the addresses. */
  readonly family?: number
  readonly from?: string
  readonly to?: string
  readonly extras?: Buffer
  /** Default: the truth. */
  readonly length?: number
}

/** Version 2. */
export function block(how: Block = {}): Buffer {
  const { kind = 0x21, from = '203.0.113.7', to = '192.0.2.1', extras = Buffer.alloc(0) } = how
  const [source, target] = [from, to].map((text) => parseIp(text)?.bytes ?? new Uint8Array())
  const body = Buffer.concat([
    source ?? new Uint8Array(),
    target ?? new Uint8Array(),
    Buffer.from([0x30, 0x39, 0x01, 0xbb]),
    extras,
  ])
  const { family = source?.length === 4 ? 0x11 : 0x21, length = body.length } = how
  const size = Buffer.from([length >> 8, length & 0xff])
  return Buffer.concat([SIGNATURE, Buffer.from([kind, family]), size, body])
}

/** Type, length, value. */
export function extra(type: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value])
}

/** A block whose last extra is its checksum. */
export function checked(how: Block = {}): Buffer {
  const zeros = extra(0x03, Buffer.alloc(4))
  const whole = block({ ...how, extras: Buffer.concat([how.extras ?? Buffer.alloc(0), zeros]) })
  whole.writeUInt32BE(crc32c(whole), whole.length - 4)
  return whole
}
