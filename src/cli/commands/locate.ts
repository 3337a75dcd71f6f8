/** `cordon locate`: where a host or address would be processed, with the evidence. */

import type { Command } from 'commander'
import { ANONYMOUS } from '../../model/agent.ts'
import { parseHost, toAuthority } from '../../model/authority.ts'
import { sayEvidence } from '../../model/refusal.ts'
import { sayRegions } from '../../policy/decide.ts'
import { composeEvaluation } from '../compose.ts'
import { evaluate } from '../evaluate.ts'
import { CommandError, EXIT, print, printJson } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'

export function addLocate(program: Command): void {
  withConfig(program.command('locate'))
    .description('say where a host or address is, and who says so')
    .argument('<host>', 'host name or IP address')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon locate api.example.com\n  cordon locate 8.8.8.8 --json',
    )
    .action(async (text: string, options: ConfigOptions & { readonly json?: boolean }) => {
      const host = parseHost(text.includes(':') && !text.startsWith('[') ? `[${text}]` : text)
      if ('fault' in host) throw new CommandError(EXIT.invalid, `\`${text}\`: ${host.fault}`)
      const settings = load(options)
      using evaluation = await composeEvaluation(settings.operation)
      const authority = toAuthority(host.value, 443)
      const call = {
        scheme: 'https',
        authority,
        method: 'GET',
        path: '/',
        agent: ANONYMOUS,
      } as const
      const { admission, verdict } = await evaluate(settings, evaluation, call)
      const { destination } = admission
      const { regions, why, evidence, cnames, addresses, fault } = destination
      if (options.json) {
        printJson({
          host: host.value.text,
          addresses: addresses.map((address) => address.text),
          cnames,
          regions,
          why,
          placement: verdict.placement,
          evidence,
          error: fault?.code ?? null,
        })
      } else {
        print(`${host.value.text}: ${sayRegions(regions)}`)
        print(`  ${why}`)
        for (const piece of evidence) {
          print(`  ${piece.kind.padEnd(11)} ${sayEvidence(piece)}`)
        }
      }
      process.exitCode = regions.length > 0 ? EXIT.ok : EXIT.blocked
    })
}
