/**
 * Pairs of a name and a value, `{"name": "ssn", "value": "…"}`: there the value stands under what the name says; and keys that say nothing of
 * their own, `{"ssn": {"value": "…"}}`: what is under them stands under the key around them.
 */

export const NO_PART = 0
export const NAMES = 1
export const VALUE = 2
/** What says a name where nothing else does: `{"type": "ssn", "value": "…"}`. */
export const MAY_NAME = 3
/** What is under it stands under the key around it. */
export const CONTENT = 4

export type Part = typeof NO_PART | typeof NAMES | typeof VALUE | typeof MAY_NAME | typeof CONTENT

/** Longer ones are no names. */
export const MAX_NAME = 64

// biome-ignore format: a part a line or two
const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ...of(NAMES, 'name key field label attribute question property param parameter fieldname header column displayname'),
  ...of(NAMES, 'title caption prompt fieldlabel labeltext propertyname attributename'),
  ...of(MAY_NAME, 'type kind code system path fieldid fieldtype'),
  ...of(VALUE, 'value val answer response fieldvalue stringvalue intvalue newvalue oldvalue defaultvalue currentvalue'),
  ...of(VALUE, 'valuestring rawvalue textvalue'),
  ...of(CONTENT, 'number no nr num raw primary main current plain s n string $ $t #text _text'),
])

function of(part: Part, keys: string): readonly (readonly [string, Part])[] {
  return keys.split(' ').map((key) => [key, part] as const)
}

/** @param key in any style: `fieldName`, `field_name` */
export function partOf(key: string): Part {
  if (key.length > 14) return NO_PART
  return PARTS.get(key.replaceAll(/(?<=.)[_-]/g, '').toLowerCase()) ?? NO_PART
}
