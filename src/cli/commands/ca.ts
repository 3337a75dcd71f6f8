/** `cordon ca`: the certificate authority that agent hosts have to trust. The key never leaves its file. */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { exportAuthority, openAuthority, rotateAuthority } from '../../tls/authority.ts'
import type { CertificateAuthority } from '../../tls/authority-pair.ts'
import { writeBundle } from '../../tls/trust.ts'
import { recordAction } from '../agent-token.ts'
import { clock } from '../compose/process.ts'
import { CommandError, EXIT, print, printJson, say } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'

interface ExportOptions extends ConfigOptions {
  readonly format: 'pem' | 'der' | 'p12'
  readonly out?: string
  readonly password?: string
}

export function addCa(program: Command): void {
  const ca = program
    .command('ca')
    .description('show, export or replace the CA')
    .addHelpText(
      'after',
      '\nExample:\n  cordon ca show\n  cordon ca export --format p12 --password changeit --out cordon.p12\n  cordon ca rotate',
    )

  withConfig(ca.command('show'))
    .description('say which CA is in use')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon ca show --json')
    .action(async (options: ConfigOptions & { readonly json?: boolean }) => {
      const { path, anchor, fingerprint, notBefore, notAfter } = await open(options)
      const facts = {
        path,
        subject: anchor.subject.replaceAll('\n', ', '),
        sha256: fingerprint,
        not_before: new Date(notBefore).toISOString(),
        not_after: new Date(notAfter).toISOString(),
      }
      if (options.json) return printJson(facts)
      for (const [name, value] of Object.entries(facts)) print(`${name.padEnd(10)} ${value}`)
    })

  withConfig(ca.command('export'))
    .description('write the certificate for clients to trust; never the key')
    .addOption(
      new Option('--format <format>', 'form').choices(['pem', 'der', 'p12']).default('pem'),
    )
    .option('--out <file>', 'write to this file instead of stdout')
    .option('--password <text>', 'password of a p12 trust store')
    .addHelpText(
      'after',
      '\nExample:\n  cordon ca export > ca.pem\n  cordon ca export --format der --out cordon.crt',
    )
    .action(async (options: ExportOptions) => {
      if (options.format === 'p12' && !options.password) {
        throw new CommandError(EXIT.invalid, 'a p12 trust store needs a `--password`')
      }
      const bytes = exportAuthority(await open(options), options.format, options.password)
      if (options.out === undefined) process.stdout.write(bytes)
      else {
        writeFileSync(options.out, bytes, { mode: 0o644 })
        say(`written to ${options.out}`)
      }
    })

  withConfig(ca.command('rotate'))
    .description('keep the old CA aside and make a new one')
    .addHelpText('after', '\nExample:\n  cordon ca rotate && cordon start')
    .action(async (options: ConfigOptions) => {
      const { operation } = load(options)
      await recordAction(
        operation,
        'ca-rotate',
        join(operation.caDir, 'ca.pem'),
        'a new CA is made',
      )
      const authority = await rotateAuthority(operation.caDir, clock.now())
      await writeBundle(authority, operation.caDir)
      print(`new CA ${authority.fingerprint}`)
      say('restart the proxy, and have every agent host trust the new certificate')
    })
}

/** Opens the CA that is there; makes none. */
function open(options: ConfigOptions): Promise<CertificateAuthority> {
  const { caDir } = load(options).operation
  if (!existsSync(join(caDir, 'ca.pem'))) {
    const hint = 'it is made by the first `cordon start`, or by `cordon init`'
    throw new CommandError(EXIT.failed, `there is no CA in \`${caDir}\` yet`, hint)
  }
  return openAuthority(caDir, { now: clock.now() })
}
