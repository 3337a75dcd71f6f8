/** A client with the user whose process it is, where that is asked for and can be known: on this host, and in its own namespace of the network. */

import type { Socket } from 'node:net'
import { type IpAddress, parseIp, unmapIp } from '../model/address.ts'
import type { Client, SocketEnd } from '../model/client.ts'
import type { ProxyContext } from './proxy.ts'

/** @param target where the connection was going, if that is not where it came out */
export function withLocalUser(
  socket: Socket,
  client: IpAddress,
  target: SocketEnd | null,
  { localUserOf }: Pick<ProxyContext, 'localUserOf'>,
): Client {
  const { remotePort, localPort } = socket
  const local = parseIp(socket.localAddress ?? '')
  if (!remotePort || !localPort || !local) return client
  const far = target ?? { address: unmapIp(local), port: localPort }
  const uid = localUserOf({ address: client, port: remotePort }, far)
  return uid === null ? client : { ...client, uid }
}
