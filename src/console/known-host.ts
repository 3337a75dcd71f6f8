/**
 * Against DNS rebinding: a page of another site whose name was made to resolve to our address would be of the same origin as the console.
 * It cannot do that with an address or `localhost`, so these are answered, and names only where the operator has named them.
 */

import { parseAuthority } from '../model/authority.ts'

/**
 * @param fields all Host fields of the request
 * @param names lower case, without port
 */
export function isKnownHost(fields: readonly string[], names: readonly string[]): boolean {
  const [field, ...more] = fields
  const parsed = parseAuthority(field ?? '', 80)
  if (more.length > 0 || 'fault' in parsed) return false
  const { text, ip } = parsed.value.host
  return ip !== null || text === 'localhost' || names.includes(text)
}
