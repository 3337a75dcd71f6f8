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
}
