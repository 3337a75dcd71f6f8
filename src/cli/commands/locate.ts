/** `cordon locate`: where a host or address would be processed, with the evidence. */

import type { Command } from 'commander'
import { ANONYMOUS } from '../../model/agent.ts'
import { type Host, parseHost, toAuthority } from '../../model/authority.ts'
import { place } from '../../model/placement.ts'
import { sayRegions } from '../../model/region.ts'
import { adviceFor } from '../advice.ts'
import { composeEvaluation, type Evaluation } from '../compose/evaluation.ts'
import { BARE, evaluate } from '../evaluate.ts'
import { CommandError, EXIT, print, printJson, sayPiece } from '../output.ts'
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
      const service = fault || host.value.ip ? [] : await lookUpService(evaluation, host.value)
      const change = adviceFor(admission.located, evaluation.tables.current.size > 0)
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
          service,
          change,
          error: fault?.code ?? null,
        })
      } else {
        print(`${host.value.text}: ${sayRegions(regions)}`)
        print(`  ${why}`)
        print('  evidence')
        for (const piece of evidence) print(sayPiece(piece))
        for (const line of change) print(`  change     ${line}`)
        for (const binding of service) print(`      ${'https'.padEnd(15)} ${sayService(binding)}`)
      }
      process.exitCode = regions.length > 0 ? EXIT.ok : EXIT.blocked
    })
}

/** What clients that ask for HTTPS records would be told (RFC 9460); Cordon follows none of it. */
async function lookUpService({ resolver }: Evaluation, host: Host) {
  const answer = await resolver.lookupSvcb(host)
  if ('code' in answer) return []
  return answer.bindings.map(({ priority, target, alpn, port, ipv4hint, ipv6hint, ech }) => ({
    priority,
    target,
    alpn,
    port,
    hints: [...ipv4hint, ...ipv6hint].map(({ text }) => text),
    ech,
  }))
}

type Service = Awaited<ReturnType<typeof lookUpService>>[number]

function sayService({ priority, target, alpn, port, hints, ech }: Service): string {
  if (priority === 0) return `clients are told to ask for ${target} instead; Cordon does not follow`
  const parts = [
    ...(alpn.length > 0 ? [alpn.join(', ')] : []),
    ...(target === '.' ? [] : [`at ${target}`]),
    ...(port === null ? [] : [`port ${port}`]),
    ...(hints.length > 0 ? [`addresses ${hints.join(', ')}`] : []),
    ...(ech ? ['a key that hides the name'] : []),
  ]
  return `clients are offered ${parts.join('; ')}; Cordon does not follow`
}
