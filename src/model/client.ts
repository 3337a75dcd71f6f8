/** The other end of a connection to this proxy. */

import type { IpAddress } from './address.ts'

/** One end of a connection. */
export interface SocketEnd {
  readonly address: IpAddress
  readonly port: number
}

export interface Client extends IpAddress {
  /** Whose process has made the connection: set where it runs on this host, an entry of the policy asks for users, and the system says it. */
  readonly uid?: number
  /** What it has shown over TLS to the proxy itself, and that holds. */
  readonly certificate?: ClientCertificate
}

/** A certificate of a client that was verified. */
export interface ClientCertificate {
  /** Names it is for, or the one it is about. */
  readonly names: readonly string[]
  /** SHA-256, hex pairs with colons, upper case. */
  readonly fingerprint: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}
