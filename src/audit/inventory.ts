/** How destinations change: a country, a network or a provider that a known host did not have before. */

import type { Destination } from '../model/destination.ts'
import type { Regions } from '../model/region.ts'
import type { AuditDatabase } from './database.ts'

/** Hosts whose last state is kept in memory; beyond it the table is asked. */
const MAX_KNOWN = 10_000
/** Hosts in the table: whoever invents names may not fill the disk with them. */
const MAX_ROWS = 100_000

interface Row {
  readonly traits: string
}

export class Inventory {
  readonly #find
  readonly #insert
  readonly #update
  readonly #count
  readonly #known = new Map<string, ReadonlySet<string>>()

  constructor(db: AuditDatabase) {
    this.#find = db.prepare('SELECT traits FROM inventory WHERE host = ?')
    this.#insert = db.prepare(
      'INSERT INTO inventory (host, traits, first_seen, changed) VALUES (?, ?, ?, ?)',
    )
    this.#update = db.prepare('UPDATE inventory SET traits = ?, changed = ? WHERE host = ?')
    this.#count = db.prepare('SELECT count(*) FROM inventory').pluck()
  }

  /** @returns what is new about a host that was known before; null when nothing is. */
  see(host: string, traits: readonly string[], now: number): string | null {
    const before = this.#known.get(host) ?? this.#load(host)
    const added = before ? traits.filter((trait) => !before.has(trait)) : []
    if (before && added.length === 0) return null
    const all = new Set([...(before ?? []), ...traits])
    const text = JSON.stringify([...all].sort())
    if (before) this.#update.run(text, now, host)
    else if (Number(this.#count.get()) < MAX_ROWS) this.#insert.run(host, text, now, now)
    this.#keep(host, all)
    return before ? `now also ${added.join(', ')}` : null
  }

  #load(host: string): ReadonlySet<string> | null {
    const row = this.#find.get(host) as Row | undefined
    if (!row) return null
    const traits = new Set(JSON.parse(row.traits) as string[])
    this.#keep(host, traits)
    return traits
  }

  #keep(host: string, traits: ReadonlySet<string>): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(host, traits)
  }
}

/** What can change about a host: where it processes, where its addresses are, whose they are. */
export function traitsOf({ regions, places, evidence }: Destination): readonly string[] {
  const sources = evidence.filter(({ kind }) => kind === 'table' || kind === 'edge')
  return [
    ...new Set([
      ...say('processing', regions),
      ...places.flatMap(({ network }) => say('address', network)),
      ...sources.map(({ source }) => `network of ${source.split(':')[0]}`),
    ]),
  ]
}

function say(what: string, regions: Regions): readonly string[] {
  return regions.length > 0 ? regions.map((code) => `${what} in ${code}`) : [`${what} unknown`]
}
