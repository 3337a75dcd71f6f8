/** The port to which connections are led that were going elsewhere. */

import { acceptOn, type Listener, type ListenOptions } from '../accept.ts'
import { withLocalUser } from '../local-user.ts'
import type { ProxyContext } from '../proxy.ts'
import { serveTakenOver } from './serve.ts'
import { openLinuxSockets } from './sockets.ts'

export interface TransparentListener {
  readonly listener: Listener
  /** Why connections that TPROXY hands over are not taken; null when they are. */
  readonly withoutTproxy: string | null
}

/** @throws the system's error when the address cannot be bound; Error where the system cannot do it at all */
export async function listenTransparent(
  options: Omit<ListenOptions, 'proxyProtocolFrom'>,
  context: ProxyContext,
): Promise<TransparentListener> {
  const sockets = await openLinuxSockets()
  let withoutTproxy: string | null = null
  const listener = await acceptOn({ ...options, proxyProtocolFrom: [] }, context, {
    serve(socket, client) {
      const original = sockets.originalOf(socket)
      // Gone already, or nobody can say where it was going.
      if (!original) socket.destroy()
      else {
        const caller = withLocalUser(socket, client, original, context)
        serveTakenOver({ socket, client: caller, original, context })
      }
    },
    // What it speaks is not known: there is nothing to say it in.
    turnAway: (socket) => socket.destroy(),
    refuse: (socket) => socket.destroy(),
    onBound(server) {
      withoutTproxy = sockets.allowForeign(server)
    },
  })
  return { listener, withoutTproxy }
}
