/** Commands of Redis whose name alone says nothing of what is done: the word behind it does. */

/** Those of Redis 7 and of its modules. */
const WITH_SUBCOMMANDS: ReadonlySet<string> = new Set([
  'acl',
  'client',
  'cluster',
  'command',
  'config',
  'debug',
  'ft.config',
  'ft.cursor',
  'function',
  'graph.config',
  'json.debug',
  'latency',
  'memory',
  'module',
  'object',
  'pubsub',
  'script',
  'sentinel',
  'slowlog',
  'xgroup',
  'xinfo',
])

/** Whether the word behind it is part of what a command is called; else it is a key or a value. @param name in lower case */
export function hasSubcommands(name: string): boolean {
  return WITH_SUBCOMMANDS.has(name)
}
