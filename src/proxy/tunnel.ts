/** Bytes both ways between two sockets, unseen: with back-pressure, half-close and an end that each side learns of. */

import type { Channel } from './channel.ts'
import type { Deadlines } from './deadlines.ts'

export interface TunnelEnd {
  readonly bytesOut: number
  readonly bytesIn: number
  /** Which side broke it off; null when both said goodbye. */
  readonly brokenBy: 'client' | 'origin' | 'silence' | null
}

export interface TunnelOptions {
  readonly client: Channel
  readonly origin: Channel
  readonly deadlines: Deadlines
  /** Milliseconds without a byte in either direction. */
  readonly timeout: number
  readonly onEnd: (end: TunnelEnd) => void
}

/** Takes both sockets over until both are closed. */
export function relayTunnel({ client, origin, deadlines, timeout, onEnd }: TunnelOptions): void {
  const count = { out: 0, in: 0 }
  let over = false
  const finish = (brokenBy: TunnelEnd['brokenBy']) => {
    if (over) return
    over = true
    deadlines.delete(waiting)
    client.destroy()
    origin.destroy()
    onEnd({ bytesOut: count.out, bytesIn: count.in, brokenBy })
  }
  const waiting = { deadline: deadlines.in(timeout), expire: () => finish('silence') }
  const forward = (from: Channel, to: Channel, direction: 'out' | 'in') => {
    from.on('data', (chunk: Buffer) => {
      count[direction] += chunk.length
      waiting.deadline = deadlines.in(timeout)
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
    from.on('error', () => finish(direction === 'out' ? 'client' : 'origin'))
    from.on('close', () => {
      if (from.readableEnded && to.readableEnded) finish(null)
      else if (!from.readableEnded) finish(direction === 'out' ? 'client' : 'origin')
    })
    from.resume()
  }
  deadlines.add(waiting)
  forward(client, origin, 'out')
  forward(origin, client, 'in')
}
