/** Every query in docs/audit-log.md is one that the log answers. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { AuditLog } from '../../src/audit/log.ts'
import { temporaryFolder } from '../support/folder.ts'
import { PROJECT } from '../support/proxy.ts'

const text = readFileSync(join(PROJECT, 'docs/audit-log.md'), 'utf8')
/** Between double quotes, as a shell reads them. */
const queries = [...text.matchAll(/"(SELECT [^"]+)"/g)].map(([, query = '']) =>
  query.replaceAll('\\$', '$'),
)

describe('queries', () => {
  test('are there', () => {
    expect(queries.length).toBeGreaterThan(8)
  })

  test.each(queries)('%s', async (query) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'audit.db')
    const log = new AuditLog({ path, onHealth: () => {} })
    await log.close()
    const database = new Database(path, { readonly: true })
    expect(database.prepare(query).all()).toEqual([])
    database.close()
  })
})
