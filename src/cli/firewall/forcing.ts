/** What is to be forced through the proxy, and what the proxy is: all that rules of a firewall are made from. */

import type { Cidr, IpAddress } from '../../model/address.ts'

export interface Forcing {
  /** Programs of this host, or what comes in from networks behind it. */
  readonly role: Host | Gateway
  readonly ports: Ports
  /** Name servers that may be asked past the proxy. Whatever is put into a name leaves with the question. */
  readonly nameServers: readonly IpAddress[]
}

export interface Host {
  readonly kind: 'host'
  /** Users whose traffic goes out freely: the proxy's. */
  readonly exempt: readonly number[]
  /** Users who are forced; empty for all but those. */
  readonly only: readonly number[]
}

export interface Gateway {
  readonly kind: 'gateway'
  /** Network interfaces behind which those are that are forced. */
  readonly interfaces: readonly string[]
  /** What they may reach without the proxy: networks on those interfaces. */
  readonly near: readonly Cidr[]
}

export interface Ports {
  /** Where connections are led. */
  readonly transparent: number
  /** Where questions to name servers are led; null where no such thing listens: they go nowhere then. */
  readonly dns: number | null
}

/** The name of our table and the beginning of our chains: what bears it is ours to replace and to take away. */
export const TABLE = 'cordon'

/**
 * Public resolvers that answer over HTTPS and TLS, from their operators' own documentation: Cloudflare, Google, Quad9, OpenDNS, AdGuard, NextDNS, Control D,
 * CleanBrowsing, DNS.SB, Mullvad, dns0.eu, Yandex, AliDNS, DNSPod. Programs find hosts past any policy there. No list is whole: to others a connection
 * is judged like any.
 */
export const RESOLVERS4: readonly string[] = [
  '1.0.0.1',
  '1.0.0.2',
  '1.0.0.3',
  '1.1.1.1',
  '1.1.1.2',
  '1.1.1.3',
  '1.12.12.12',
  '8.8.4.4',
  '8.8.8.8',
  '9.9.9.9',
  '9.9.9.10',
  '9.9.9.11',
  '45.11.45.11',
  '45.90.28.0/24',
  '45.90.30.0/24',
  '76.76.2.0/24',
  '76.76.10.0/24',
  '77.88.8.1',
  '77.88.8.8',
  '94.140.14.14',
  '94.140.14.15',
  '94.140.15.15',
  '94.140.15.16',
  '120.53.53.53',
  '149.112.112.10',
  '149.112.112.11',
  '149.112.112.112',
  '185.222.222.222',
  '185.228.168.0/24',
  '185.228.169.0/24',
  '193.110.81.0',
  '185.253.5.0',
  '194.242.2.0/24',
  '208.67.220.220',
  '208.67.222.222',
  '223.5.5.5',
  '223.6.6.6',
]

export const RESOLVERS6: readonly string[] = [
  '2001:4860:4860::8844',
  '2001:4860:4860::8888',
  '2606:4700:4700::1001',
  '2606:4700:4700::1111',
  '2606:4700:4700::1112',
  '2606:4700:4700::1113',
  '2620:119:35::35',
  '2620:119:53::53',
  '2620:fe::9',
  '2620:fe::fe',
  '2a07:a8c0::/32',
  '2a07:a8c1::/32',
  '2a07:e340::/32',
  '2a09::',
  '2a10:50c0::/32',
  '2a11::',
  '2400:3200::1',
  '2400:3200:baba::1',
  '2a02:6b8::feed:ff',
  '2a02:6b8:0:1::feed:ff',
]
