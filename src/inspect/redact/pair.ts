/** Pairs of a name and a value, `{"name": "ssn", "value": "…"}`: there the value stands under what the name says. */

export const NO_PART = 0
export const NAMES = 1
export const VALUE = 2

export type Part = typeof NO_PART | typeof NAMES | typeof VALUE

/** Longer ones are no names. */
export const MAX_NAME = 64

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ...[
    'name',
    'key',
    'field',
    'label',
    'attribute',
    'question',
    'property',
    'param',
    'parameter',
  ].map((key) => [key, NAMES] as const),
  ...['fieldname', 'header', 'column', 'displayname'].map((key) => [key, NAMES] as const),
  ...['value', 'val', 'answer', 'response', 'fieldvalue', 'stringvalue', 'intvalue'].map(
    (key) => [key, VALUE] as const,
  ),
])

/** @param key in any style: `fieldName`, `field_name` */
export function partOf(key: string): Part {
  if (key.length > 12) return NO_PART
  return PARTS.get(key.replaceAll(/[_-]/g, '').toLowerCase()) ?? NO_PART
}
