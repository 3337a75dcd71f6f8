/** Places that have a name: fields of forms, parts, columns, tags. */

import type { Job, Kind, Place } from './reader.ts'

/** Names can be data as well. */
const NAME = /^[A-Za-z_$:][A-Za-z0-9_.:[\] -]{0,39}$/
/** Such names are those of things rather than of fields. */
const ID = /\d{4}/

/** @param name empty for none */
export function namedPlace(job: Job, parent: Place, name: string, kind: Kind = 'text'): Place {
  const shown = name === '' ? '' : NAME.test(name) && !ID.test(name) ? name : '*'
  const path = parent.path === 'body' ? shown || 'body' : `${parent.path}${shown && '.'}${shown}`
  return { path, key: name, kind, context: job.scan.under(name) }
}
