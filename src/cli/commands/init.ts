/** `cordon init`: a commented configuration, rules and a CA to begin with. What is there already stays as it is. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { openAuthority } from '../../tls/authority.ts'
import { writeBundle } from '../../tls/trust.ts'
import { clock } from '../compose/process.ts'
import { say } from '../output.ts'
import { INSTALL_DIR, load } from '../settings.ts'

/** What is written, and from which file of the product. */
const FILES = [
  ['cordon.yaml', 'src/cli/cordon.template.yaml'],
  ['rules/default.yaml', 'rules/default.yaml'],
  ['rules/default.scenarios.yaml', 'rules/default.scenarios.yaml'],
] as const

export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a commented cordon.yaml, rules and a CA into this directory')
    .addHelpText('after', '\nExample:\n  cordon init && cordon check && cordon start')
    .action(async () => {
      const cwd = process.cwd()
      mkdirSync(resolve(cwd, 'rules'), { recursive: true })
      for (const [name, source] of FILES) {
        say(`${make(resolve(cwd, name), join(INSTALL_DIR, source)) ? 'wrote' : 'kept '} ${name}`)
      }
      const { operation } = load({})
      const hadCa = existsSync(join(operation.caDir, 'ca.pem'))
      const authority = await openAuthority(operation.caDir, { now: clock.now() })
      await writeBundle(authority, operation.caDir)
      say(`${hadCa ? 'kept ' : 'wrote'} ${relative(cwd, authority.path)}`)
      say('next: read cordon.yaml, then `cordon check` and `cordon start`')
    })
}

/** @returns false when there is something of that name already. */
function make(path: string, source: string): boolean {
  const text = readFileSync(source, 'utf8')
  try {
    writeFileSync(path, pointToSchema(text, path), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The first line tells editors where the schema is: seen from the new file, in the folder of the product. */
function pointToSchema(text: string, path: string): string {
  return text.replace(/(?<=^# .*\$schema=)\S*\/([a-z]+\.schema\.json)$/m, (_, name: string) =>
    relative(dirname(path), join(INSTALL_DIR, 'docs/schema', name)),
  )
}
