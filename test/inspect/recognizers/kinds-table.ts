/** The table of kinds in docs/redaction.md; run by itself, it writes it there. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'

export function toTable(): string {
  const rows = RECOGNIZERS.map(
    ({ type, class: of, readiness, basis }) =>
      `| \`${type}\` | ${of} | ${readiness} | ${basis.replaceAll('|', '\\|')} |`,
  )
  return ['', '| type | class | default | certain by |', '|---|---|---|---|', ...rows].join('\n')
}

if (process.argv[1] === import.meta.filename) {
  const path = join(import.meta.dirname, '../../../docs/redaction.md')
  const [head = '', rest = ''] = readFileSync(path, 'utf8').split('<!-- kinds -->\n')
  const behind = rest.split('<!-- end of kinds -->')[1] ?? '\n'
  writeFileSync(path, `${head}<!-- kinds -->\n${toTable()}\n<!-- end of kinds -->${behind}`)
}
