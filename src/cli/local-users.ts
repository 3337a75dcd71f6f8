/**
 * Whose process on this host is at the other end of a connection. The kernel is asked only while the policy asks for users, and only about ends that have
 * an address of this host: others are never believed to be here.
 */

import { networkInterfaces } from 'node:os'
import type { SocketOwners } from '../linux/socket-owner.ts'
import { cidrContains, type IpAddress, parseCidr } from '../model/address.ts'
import type { SocketEnd } from '../model/client.ts'
import type { Policy } from '../policy/compile.ts'

export interface LocalUsers {
  /** @returns null where nobody asks, or nobody knows. Never throws */
  of(near: SocketEnd, far: SocketEnd): number | null
  /** The same of who has sent a datagram. */
  ofSender(near: SocketEnd): number | null
}

/** Milliseconds for which the addresses of this host are remembered. */
const REMEMBERED_MS = 1_000

/** @param tell for one line to the operator, where the policy asks and the system cannot say */
export async function openLocalUsers(
  policy: () => Pick<Policy, 'asksForUsers'>,
  tell: (text: string) => void,
): Promise<LocalUsers> {
  let owners: SocketOwners | null = null
  let opening: Promise<void> | null = null
  const open = async () => {
    try {
      const { openSocketOwners } = await import('../linux/socket-owner.ts')
      owners = openSocketOwners()
    } catch (error) {
      tell(
        `warning: users are not known, so no agent is matched by \`uid\`: ${(error as Error).message}`,
      )
    }
  }
  if (policy().asksForUsers) {
    opening = open()
    await opening
  }
  const about = ({ address }: SocketEnd): SocketOwners | null => {
    if (!policy().asksForUsers) return null
    // A policy that was taken up later: who connects before this is done is not known.
    opening ??= open()
    return owners && isOwn(address) ? owners : null
  }
  return {
    of: (near, far) => about(near)?.ofConnection(near, far) ?? null,
    ofSender: (near) => about(near)?.ofSender(near) ?? null,
  }
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map((text) => parseCidr(text))
let own: ReadonlySet<string> = new Set()
let asOf = Number.NEGATIVE_INFINITY

function isOwn(address: IpAddress): boolean {
  if (LOOPBACK.some((prefix) => prefix && cidrContains(prefix, address))) return true
  if (performance.now() - asOf > REMEMBERED_MS) {
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    own = new Set(all.map((each) => each.address))
    asOf = performance.now()
  }
  return own.has(address.text)
}
