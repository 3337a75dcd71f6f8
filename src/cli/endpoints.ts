/** Where this proxy listens, and on which addresses of the host it can be reached: a destination there would be a loop. */

import { networkInterfaces } from 'node:os'
import type { Operation } from '../config/operation.ts'
import { type IpAddress, parseIp } from '../model/address.ts'

export interface Endpoint {
  readonly address: IpAddress
  readonly port: number
}

/** @param text `host:port`, IPv6 in brackets; checked when the configuration was read. */
export function toHostPort(text: string): [host: string, port: number] {
  const colon = text.lastIndexOf(':')
  return [text.slice(0, colon).replace(/^\[|\]$/g, ''), Number(text.slice(colon + 1))]
}

export function toEndpoint({ address, port }: { address: string; port: number }): Endpoint {
  const ip = parseIp(address)
  if (!ip) throw new Error(`the system bound to something that is no address: ${address}`)
  return { address: ip, port }
}

export function configuredListeners({
  proxy,
  transparent,
  dnsListen,
  console,
}: Operation): Endpoint[] {
  return [proxy, transparent, dnsListen, console]
    .flatMap((text) => text ?? [])
    .map((text) => {
      const [address, port] = toHostPort(text)
      return toEndpoint({ address, port })
    })
}

/** Addresses come and go; asking the system costs more than a lookup should. */
const INTERFACES_MS = 5_000
let interfaces: { readonly at: number; readonly addresses: readonly IpAddress[] } | null = null

export function ownAddresses(): readonly IpAddress[] {
  const now = Date.now()
  if (!interfaces || now - interfaces.at > INTERFACES_MS || now < interfaces.at) {
    const addresses = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).flatMap(({ address }) => parseIp(address.replace(/%.*$/, '')) ?? []),
    )
    interfaces = { at: now, addresses }
  }
  return interfaces.addresses
}
