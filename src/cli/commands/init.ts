/** `cordon init`: a commented configuration, rules and a CA to begin with. What is there already stays as it is. */

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { openAuthority } from '../../tls/authority.ts'
import { writeBundle } from '../../tls/trust.ts'
import { clock } from '../compose.ts'
import { say } from '../output.ts'
import { INSTALL_DIR, load } from '../settings.ts'

const RULES = ['rules/default.yaml', 'rules/default.scenarios.yaml']

export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a commented cordon.yaml, rules and a CA into this directory')
    .addHelpText('after', '\nExample:\n  cordon init && cordon check && cordon start')
    .action(async () => {
      const cwd = process.cwd()
      mkdirSync(resolve(cwd, 'rules'), { recursive: true })
      const template = readFileSync(join(import.meta.dirname, '../cordon.template.yaml'), 'utf8')
      make(resolve(cwd, 'cordon.yaml'), (path) => writeFileSync(path, template, { flag: 'wx' }))
      for (const name of RULES) {
        make(resolve(cwd, name), (path) => copyFileSync(join(INSTALL_DIR, name), path))
      }
      const { operation } = load({})
      const hadCa = existsSync(join(operation.caDir, 'ca.pem'))
      const authority = await openAuthority(operation.caDir, { now: clock.now() })
      await writeBundle(authority, operation.caDir)
      say(`${hadCa ? 'kept ' : 'wrote'} ${relative(cwd, authority.path)}`)
      say('next: read cordon.yaml, then `cordon check` and `cordon start`')
    })
}

function make(path: string, write: (path: string) => void): void {
  const name = relative(process.cwd(), path)
  if (existsSync(path)) return say(`kept  ${name}`)
  write(path)
  say(`wrote ${name}`)
}
