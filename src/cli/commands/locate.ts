/** `cordon locate`: where a host or address would be processed, with the evidence. */

import type { Command } from 'commander'
import { ANONYMOUS } from '../../model/agent.ts'
import { parseHost, toAuthority } from '../../model/authority.ts'
import { place } from '../../model/placement.ts'
import { sayEvidence } from '../../model/refusal.ts'
import { sayRegions } from '../../model/region.ts'
import { composeEvaluation } from '../compose.ts'
import { BARE, evaluate } from '../evaluate.ts'
import { CommandError, EXIT, print, printJson } from '../output.ts'
import { type ConfigOptions, loadWithFacts, withConfig } from '../settings.ts'

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
      const settings = loadWithFacts(options)
      using evaluation = await composeEvaluation(() => settings)
      const authority = toAuthority(host.value, 443)
      const call = {
        scheme: 'https',
        authority,
        method: 'GET',
        path: '/',
        agent: ANONYMOUS,
        ...BARE,
      } as const
      const { admission, verdict } = await evaluate(settings, evaluation, call)
      const { regions, network, why, evidence, cnames, addresses, fault } = admission.located
      if (options.json) {
        printJson({
          host: host.value.text,
          addresses: addresses.map((address) => address.text),
          cnames,
          regions,
          network,
          why,
          placement: place(regions, verdict.zone),
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
