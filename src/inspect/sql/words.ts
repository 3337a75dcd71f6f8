/** Words with which statements of PostgreSQL begin, and what those things are called that they make, change and drop. */

/** First words of statements. */
const LEADS: ReadonlySet<string> = new Set([
  ...['abort', 'alter', 'analyse', 'analyze', 'begin', 'call', 'checkpoint', 'close', 'cluster'],
  ...['comment', 'commit', 'copy', 'create', 'deallocate', 'declare', 'delete', 'discard', 'do'],
  ...['drop', 'end', 'execute', 'explain', 'fetch', 'grant', 'import', 'insert', 'listen', 'load'],
  ...['lock', 'merge', 'move', 'notify', 'prepare', 'reassign', 'refresh', 'reindex', 'release'],
  ...[
    'reset',
    'return',
    'revoke',
    'rollback',
    'savepoint',
    'security',
    'select',
    'set',
    'show',
    'start',
  ],
  ...['table', 'truncate', 'unlisten', 'update', 'vacuum', 'values', 'with'],
])

/** Other words for the same. */
const SAME: ReadonlyMap<string, string> = new Map([
  ['abort', 'rollback'],
  ['analyse', 'analyze'],
  ['end', 'commit'],
  ['start', 'begin'],
  ['table', 'select'],
  ['values', 'select'],
])

/** Statements that change rows. */
export const CHANGES: ReadonlySet<string> = new Set(['delete', 'insert', 'merge', 'update'])

/** What follows the tables that WITH names. */
export const MAINS: ReadonlySet<string> = new Set([...CHANGES, 'select', 'table', 'values'])

/** Statements that are queries, and may stand in parentheses. */
export const QUERIES: ReadonlySet<string> = new Set(['select', 'table', 'values', 'with'])

/** What may stand within another statement, and acts. */
export const NESTED: ReadonlySet<string> = new Set([...MAINS, 'execute', 'notify', 'with'])

/** What stands before the noun in CREATE, ALTER and DROP. */
export const ADJECTIVES: ReadonlySet<string> = new Set([
  ...['constraint', 'default', 'global', 'local', 'or', 'procedural', 'recursive', 'replace'],
  ...['temp', 'temporary', 'trusted', 'unique', 'unlogged'],
])

/** Nouns, and the word that says the same or what kind of thing it is; empty for none. */
export const NOUNS: ReadonlyMap<string, string> = new Map([
  ...[
    ...['access', 'aggregate', 'cast', 'collation', 'conversion', 'database', 'domain'],
    ...['extension', 'foreign', 'function', 'index', 'language', 'large', 'operator', 'owned'],
    ...['policy', 'privileges', 'procedure', 'property', 'publication', 'role', 'routine', 'rule'],
    ...['schema', 'sequence', 'server', 'statistics', 'subscription', 'system', 'table'],
    ...['tablespace', 'text', 'transform', 'trigger', 'type', 'view'],
  ].map((noun): [string, string] => [noun, '']),
  ['event', 'trigger'],
  ['group', 'role'],
  ['materialized', 'view'],
  ['user', 'role'],
])

/** Second words that say more of a statement. */
export const SECONDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['commit', new Set(['prepared'])],
  ['import', new Set(['foreign'])],
  ['reassign', new Set(['owned'])],
  ['refresh', new Set(['materialized'])],
  ['reset', new Set(['role', 'session', 'authorization'])],
  ['rollback', new Set(['prepared'])],
  ['security', new Set(['label'])],
  ['set', new Set(['authorization', 'constraints', 'local', 'role', 'session', 'transaction'])],
  ['start', new Set(['transaction'])],
])

/** @returns how it is called in rules: the word, and another one for the same; empty for what begins no statement */
export function kindsOf(lead: string): readonly string[] {
  // Of WITH the main statement says what it is.
  if (!LEADS.has(lead) || lead === 'with') return []
  const same = SAME.get(lead)
  return same === undefined ? [lead] : [lead, same]
}

export function isLead(word: string): boolean {
  return LEADS.has(word)
}
