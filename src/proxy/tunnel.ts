/** Bytes both ways between two channels, unseen: with back-pressure, half-close and an end that each side learns of. */

import type { Ending } from '../model/audit-record.ts'
import type { Channel } from './channel.ts'
import type { ProxyContext } from './proxy.ts'

/** How what followed a request ended, for its row in the log. */
export type ChannelEnd = Pick<Ending, 'outcome' | 'error' | 'bytesOut' | 'bytesIn'>

export interface ChannelOptions {
  readonly client: Channel
  readonly origin: Channel
  readonly context: Pick<
    ProxyContext,
    'deadlines' | 'timeouts' | 'connections' | 'limits' | 'websocketBudget' | 'meter' | 'report'
  >
  /** Aborts when the leave under which it runs has ended; null where it needs none. */
  readonly lease: AbortSignal | null
  /** Whether the origin may begin so; left out where it may begin anyhow. */
  readonly isExpected?: (first: Buffer) => boolean
  /** Called once, when both are closed or nearly so. */
  readonly onEnd: (end: ChannelEnd) => void
}

/** Takes both over until both are closed. */
export function relayChannels(options: ChannelOptions): void {
  const { client, origin, context, lease, isExpected = () => true, onEnd } = options
  const { deadlines, timeouts } = context
  const count = { out: 0, in: 0 }
  let over = false
  const finish = (brokenBy: keyof typeof ENDINGS) => {
    if (over) return
    over = true
    deadlines.delete(waiting)
    lease?.removeEventListener('abort', onLeaseEnd)
    client.destroy()
    origin.destroy()
    onEnd({ ...ENDINGS[brokenBy], bytesOut: count.out, bytesIn: count.in })
  }
  const onLeaseEnd = () => finish('lease')
  const waiting = {
    deadline: deadlines.in(timeouts.tunnel),
    expire: () => finish('silence'),
  }
  const forward = (from: Channel, to: Channel, direction: 'out' | 'in') => {
    const broken = direction === 'out' ? 'client' : 'origin'
    from.on('data', (chunk: Buffer) => {
      if (direction === 'in' && count.in === 0 && !isExpected(chunk)) return finish('unexpected')
      count[direction] += chunk.length
      waiting.deadline = deadlines.in(timeouts.tunnel)
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
    from.on('error', () => finish(broken))
    from.on('close', () => finish(from.readableEnded && to.readableEnded ? 'none' : broken))
    from.resume()
  }
  deadlines.add(waiting)
  lease?.addEventListener('abort', onLeaseEnd)
  forward(client, origin, 'out')
  forward(origin, client, 'in')
  // What has closed before anybody listened will not say so again.
  if (client.destroyed) finish('client')
  else if (origin.destroyed) finish('origin')
  else if (lease?.aborted) finish('lease')
}

/** By who broke it off. What was used and then left is a call that was made. */
export const ENDINGS = {
  none: { outcome: 'forwarded', error: null },
  client: { outcome: 'forwarded', error: null },
  origin: { outcome: 'failed', error: 'connect-reset' },
  silence: { outcome: 'failed', error: 'connect-stalled' },
  unexpected: { outcome: 'failed', error: 'protocol-unexpected' },
  lease: { outcome: 'failed', error: 'grant-ended' },
} as const
