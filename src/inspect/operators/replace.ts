/**
 * From an operator to what stands there instead. Given and returned as text, without the escapes of the format around it. What it returns
 * is letters, digits and ` -./@+():_*[]` (a mask may leave letters of other scripts), so it ends no string, field, tag or line anywhere;
 * where only a number may stand it is a number, and for URLs it is percent-encoded.
 */

import type { DataClass, Operator } from '../../model/finding.ts'
import { toBase32 } from './base32.ts'
import { type AgentKeys, digest } from './keys.ts'
import { mask, maskNumber } from './mask.ts'
import { toSurrogate } from './surrogate.ts'
import { normalise, toTypeName } from './token.ts'
import type { AgentVault } from './vault.ts'

/** Where it stands: in a text of any format, as an unquoted number, or in a URL or a form. */
export type Layer = 'text' | 'number' | 'url'

/** A value that was found. */
export interface Found {
  readonly type: string
  readonly class: DataClass
  readonly value: string
}

/** What the operators need of the agent whose value it is. */
export interface Means {
  readonly keys: AgentKeys
  /** Null where nothing is restored: tokens become labels. */
  readonly vault: AgentVault | null
  /** Whether a text would be found to be of a kind; surrogates must not be. */
  readonly isReal: (type: string, text: string) => boolean
}

export function replace(found: Found, operator: Operator, layer: Layer, means: Means): string {
  if (layer === 'number') return replaceNumber(found, operator, means)
  const text = replaceText(found, operator, means)
  return layer === 'url' ? encodeURIComponent(text) : text
}

function replaceText(found: Found, operator: Operator, means: Means): string {
  const { type, value } = found
  switch (operator.kind) {
    case 'mask':
      return mask(value, operator.keep)
    case 'label':
      return toLabel(type)
    case 'remove':
      return ''
    case 'hash':
      return `HASH_${toTypeName(type)}_${toBase32(digest(means.keys.hash, type, normalise(value)), 10)}`
    case 'surrogate':
      // Nobody needs a credential that looks like one and is none.
      if (found.class === 'secret') return toLabel(type)
      return toSurrogate(means.keys.surrogate, type, value, isRealOf(found, means)) ?? toLabel(type)
    case 'token':
      // INVARIANT: what is secret does not come back.
      if (found.class === 'secret') return toLabel(type)
      return means.vault?.issue(type, value) ?? toLabel(type)
    default:
      return operator satisfies never
  }
}

/** A number stays a number: a mask or a surrogate of as many digits, which for equal values is equal; nothing that could be restored. */
function replaceNumber(found: Found, operator: Operator, means: Means): string {
  const { value } = found
  // Of a number with a fraction or an exponent the digits alone are not the value.
  if (operator.kind === 'remove' || !/^-?[1-9]\d*$/.test(value)) return '0'
  if (operator.kind === 'mask') return maskNumber(value, operator.keep)
  const key = operator.kind === 'hash' ? means.keys.hash : means.keys.surrogate
  const made = toSurrogate(key, found.type, value, isRealOf(found, means))
  return made && /^-?[1-9]\d*$/.test(made) ? made : maskNumber(value, 0)
}

/** `[IBAN]` */
export function toLabel(type: string): string {
  return `[${toTypeName(type)}]`
}

function isRealOf(found: Found, means: Means): (text: string) => boolean {
  return (text) => means.isReal(found.type, text)
}
