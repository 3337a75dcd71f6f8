/** What a tag is for labels: who begins a cell, and whose text is a label. */

export const Role = {
  other: 0,
  table: 1,
  row: 2,
  head: 3,
  cell: 4,
  /** Its text is a label in any case. */
  label: 5,
  /** Its text may be one. */
  mark: 6,
  /** A text of its own. */
  prose: 7,
  /** What a label before it is about. */
  content: 8,
} as const
export type Role = (typeof Role)[keyof typeof Role]

const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['table', Role.table],
  ['tr', Role.row],
  ['th', Role.head],
  ['td', Role.cell],
  ['dd', Role.content],
  ...['dt', 'label', 'legend', 'key', 'name', 'field', 'question', 'attribute', 'property'].map(
    (tag) => [tag, Role.label] as const,
  ),
  ['type', Role.label],
  ...['b', 'strong', 'span', 'em', 'i', 'div', 'font', 'small'].map(
    (tag) => [tag, Role.mark] as const,
  ),
  ...['p', 'pre', 'code', 'script', 'style', 'title', 'h1', 'h2', 'h3', 'option', 'a', 'body'].map(
    (tag) => [tag, Role.prose] as const,
  ),
])

/** Without the prefix of a namespace, in any case. */
export function roleOf(tag: string): Role {
  if (tag.length > 24) return Role.other
  return ROLES.get(tag.slice(tag.indexOf(':') + 1).toLowerCase()) ?? Role.other
}

/** Of an attribute: its value says what another one, or the text, is; or it is what such a name is about. */
export const NAMES_VALUE = 1
export const IS_VALUE = 2
export type Naming = 0 | typeof NAMES_VALUE | typeof IS_VALUE

const NAMING: ReadonlyMap<string, Naming> = new Map<string, Naming>([
  ...[
    ...['name', 'key', 'field', 'label', 'property', 'attribute', 'id', 'itemprop', 'for', 'title'],
    ...['data-label', 'data-title', 'data-field', 'data-name', 'aria-label', 'placeholder'],
  ].map((name) => [name, NAMES_VALUE] as const),
  ...['value', 'content', 'data-value'].map((name) => [name, IS_VALUE] as const),
])

export function namingOf(attribute: string): Naming {
  return attribute.length > 24 ? 0 : (NAMING.get(attribute.toLowerCase()) ?? 0)
}
