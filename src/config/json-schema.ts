/**
 * The JSON Schemas that editors use for completion and hints, made from the schemas Cordon itself checks with. They say less
 * than `cordon check`: what a name, pattern or place means is for the policy compiler.
 *
 * Run this file to write them: `node src/config/json-schema.ts`.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { catalogueFile } from './catalogue-form.ts'
import { configFile, policyFile, scenarioFile } from './schema.ts'

const FORMS = {
  'catalogue.schema.json': { title: 'Cordon: a catalogue of endpoints', form: catalogueFile },
  'cordon.schema.json': { title: 'Cordon: cordon.yaml', form: configFile },
  'rules.schema.json': { title: 'Cordon: a rule file, rules/NAME.yaml', form: policyFile },
  'scenarios.schema.json': { title: 'Cordon: rules/NAME.scenarios.yaml', form: scenarioFile },
}

/** Where the committed files are. */
export const SCHEMA_DIR = resolve(import.meta.dirname, '../../docs/schema')

/** File names to file contents (JSON Schema 2020-12). */
export function toSchemaFiles(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(FORMS).map(([name, { title, form }]) => {
      const schema = { title, ...z.toJSONSchema(form, { io: 'input' }) }
      return [name, `${JSON.stringify(schema, null, 2)}\n`]
    }),
  )
}

if (import.meta.main) {
  mkdirSync(SCHEMA_DIR, { recursive: true })
  for (const [name, text] of Object.entries(toSchemaFiles())) {
    writeFileSync(join(SCHEMA_DIR, name), text)
  }
}
