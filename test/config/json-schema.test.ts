/** The schemas for editors say what Cordon itself checks. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SCHEMA_DIR, toSchemaFiles } from '../../src/config/json-schema.ts'
import { PROJECT } from '../support/proxy.ts'

const HOW =
  'docs/schema is not what src/config/schema.ts says: run `node src/config/json-schema.ts`'

test('the committed files are up to date', () => {
  expect(readdirSync(SCHEMA_DIR).sort(), HOW).toEqual(Object.keys(toSchemaFiles()).sort())
  for (const [name, text] of Object.entries(toSchemaFiles())) {
    expect(readFileSync(join(SCHEMA_DIR, name), 'utf8'), HOW).toBe(text)
  }
})

test.each([
  ['geoip/catalogue.yaml', 'catalogue.schema.json'],
  ['rules/default.yaml', 'rules.schema.json'],
  ['rules/default.scenarios.yaml', 'scenarios.schema.json'],
  ['src/cli/cordon.template.yaml', 'cordon.schema.json'],
])('%s tells editors of %s', (file, schema) => {
  const [first = ''] = readFileSync(join(PROJECT, file), 'utf8').split('\n')
  const [, path = ''] = /^# yaml-language-server: \$schema=(\S+)$/.exec(first) ?? []
  expect(join(PROJECT, file, '..', path)).toBe(join(SCHEMA_DIR, schema))
})

test('unknown keys and every key of the format are known to editors', () => {
  const schema = JSON.parse(toSchemaFiles()['cordon.schema.json'] ?? '')
  expect(schema.additionalProperties).toBe(false)
  expect(schema.required).toEqual(['version'])
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(['mode', 'listen', 'zones', 'home', 'agents', 'destinations', 'rules']),
  )
})
