/** `cordon residency`: hosts that have answered from outside of what was concluded, and what a person says to that. */

import type { Command } from 'commander'
import { AuditReader } from '../../audit/read.ts'
import { parseHost } from '../../model/authority.ts'
import { recordAction } from '../agent-token.ts'
import { auditPath } from '../compose/process.ts'
import { CommandError, EXIT, print, printJson, say } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'

export function addResidency(program: Command): void {
  const residency = withConfig(program.command('residency'))
    .description('hosts that have answered from outside of what was concluded')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon residency\n  cordon residency clear api.example.com',
    )
    .action((options: ConfigOptions & { readonly json?: boolean }) => {
      using reader = new AuditReader(auditPath(load(options).operation))
      const found = reader.mismatches()
      if (options.json) printJson(found)
      else {
        for (const { host, since, detail } of found) print(`${host}  ${since}  ${detail}`)
        if (found.length === 0) say('no host has contradicted what was concluded')
      }
      process.exitCode = found.length === 0 ? EXIT.ok : EXIT.blocked
    })

  withConfig(residency.command('clear'))
    .description('believe a host again; the log keeps who did it and why')
    .argument('<host>', 'host name or IP address')
    .option('--reason <text>', 'for the log', 'looked at by a person')
    .addHelpText(
      'after',
      '\nExample:\n  cordon residency clear api.example.com --reason "moved to Frankfurt, ticket 12"',
    )
    .action(async (text: string, _options: ConfigOptions, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { readonly reason: string }>()
      const host = parseHost(text)
      if ('fault' in host) throw new CommandError(EXIT.invalid, `\`${text}\`: ${host.fault}`)
      const { operation } = load(options)
      using reader = new AuditReader(auditPath(operation))
      if (!reader.mismatches().some((one) => one.host === host.value.text)) {
        const hint = '`cordon residency` lists those that are'
        throw new CommandError(EXIT.failed, `\`${host.value.text}\` is not under suspicion`, hint)
      }
      await recordAction(operation, 'residency-cleared', host.value.text, options.reason)
      say(`${host.value.text} is believed again`)
    })
}
