/** Places that have a name: fields of forms, parts, columns, tags. */

import type { Context } from '../scan/scanner.ts'
import type { Job, Kind, Place } from './reader.ts'

/** Names can be data as well. */
const NAME = /^[A-Za-z_$:][A-Za-z0-9_.:[\] -]{0,39}$/
/** Such names are those of things rather than of fields. */
const ID = /\d{4}/

/** Whether a name is written down; empty ones and those that may be data are not. */
export function isShown(name: string): boolean {
  return NAME.test(name) && !ID.test(name)
}

/** @param name empty for none  @param context what the scanner makes of it */
export function namedPlace(
  job: Job,
  parent: Place,
  name: string,
  kind: Kind = 'text',
  context: Context = job.scan.under(name),
): Place {
  return new NamedPlace(parent, name, kind, context)
}

/** Where it is, is written out when something is found there. */
class NamedPlace implements Place {
  readonly #parent: Place
  readonly key: string
  readonly kind: Kind
  readonly context: Context

  constructor(parent: Place, key: string, kind: Kind, context: Context) {
    this.#parent = parent
    this.key = key
    this.kind = kind
    this.context = context
  }

  get path(): string {
    const { key } = this
    const shown = key === '' ? '' : isShown(key) ? key : '*'
    const { path } = this.#parent
    return path === 'body' ? shown || 'body' : `${path}${shown && '.'}${shown}`
  }
}
