/** Connections that were refused before they could ask: in the log and on the operator's screen, once a minute for each client. */

import type { IpAddress } from '../model/address.ts'
import type { Problem } from '../model/errors.ts'
import type { Clock, Meter } from '../ports.ts'

export interface TurnedAwayOptions {
  readonly clock: Clock
  readonly meter: Meter
  say(text: string): void
  note(action: string, subject: string, detail: string): void
}

const EVERY_MS = 60_000
/** Clients remembered; with more of them all are told of again. */
const MAX_CLIENTS = 10_000

export function createTurnedAway({ clock, meter, say, note }: TurnedAwayOptions) {
  const told = new Map<string, { at: number; since: number }>()
  return ({ text }: IpAddress, { code, detail }: Problem): void => {
    meter.count('turned-away')
    const now = clock.now()
    const known = told.get(text)
    if (known && Math.abs(now - known.at) < EVERY_MS) {
      known.since++
      return
    }
    const since = known ? `; ${known.since} more since the last time this was said` : ''
    if (told.size >= MAX_CLIENTS) told.clear()
    told.set(text, { at: now, since: 0 })
    say(`warning: ${text}: ${code}: ${detail}${since}`)
    note('turned-away', text, `${code}: ${detail}${since}`)
  }
}
