/** The first message of a client, read from its connection. */

import type { Channel } from '../channel.ts'
import type { ProxyContext } from '../proxy.ts'
import { readStartup, type Startup } from './startup.ts'

/** What it is, and whether something came behind it. */
export interface FirstPacket {
  readonly startup: Startup | { readonly kind: 'gone' }
  readonly hasMore: boolean
}

/** Never rejects. The socket is paused, and has what came behind it. @param early what was read of it already */
export function readFirstPacket(
  socket: Channel,
  early: Buffer | null,
  { deadlines, timeouts }: Pick<ProxyContext, 'deadlines' | 'timeouts'>,
): Promise<FirstPacket> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0)
    const finish = (startup: FirstPacket['startup'], rest: Buffer | null) => {
      deadlines.delete(waiting)
      socket.off('data', take)
      socket.off('end', leave)
      socket.off('close', leave)
      socket.pause()
      if (rest && !socket.destroyed) socket.unshift(rest)
      resolve({ startup, hasMore: rest !== null })
    }
    const take = (piece: Buffer) => {
      bytes = Buffer.concat([bytes, piece])
      const read = readStartup(bytes)
      if (!read) return
      finish(read.startup, bytes.length > read.length ? bytes.subarray(read.length) : null)
    }
    const leave = () => finish({ kind: 'gone' }, null)
    const waiting = {
      deadline: deadlines.in(timeouts.head),
      expire: () =>
        finish({ kind: 'fault', detail: 'its first message did not come in time' }, null),
    }
    deadlines.add(waiting)
    if (early) socket.unshift(early)
    socket.on('end', leave)
    socket.on('close', leave)
    socket.on('data', take)
    if (socket.destroyed) leave()
    else socket.resume()
  })
}
