/** `cordon doctor`: is it really enforcing? Looks at the files and at the running proxy, and says what to do. */

import { join } from 'node:path'
import type { Command } from 'commander'
import { type IpAddress, parseIp } from '../../model/address.ts'
import { lookAtRest } from '../doctor/at-rest.ts'
import { lookAtControls } from '../doctor/controls.ts'
import { lookAtDeciders } from '../doctor/deciders.ts'
import { PROBED } from '../doctor/egress.ts'
import type { Finding } from '../doctor/finding.ts'
import { lookAtHost } from '../doctor/host.ts'
import { lookAtRunning } from '../doctor/running.ts'
import { lookAtUsers } from '../doctor/users.ts'
import { spellCommands } from '../invocation.ts'
import { CommandError, EXIT, print, printJson } from '../output.ts'
import { type ConfigOptions, loadWithFacts, withConfig } from '../settings.ts'

interface DoctorOptions extends ConfigOptions {
  readonly proxy?: string
  readonly console?: string
  readonly agentHost?: boolean
  readonly ca?: string
  readonly probe?: readonly string[]
  readonly json?: boolean
}

export function addDoctor(program: Command): void {
  withConfig(program.command('doctor'))
    .description('is it really enforcing? looks at the running proxy and its files')
    .option('--home <zone...>', 'as the proxy was started with')
    .option('--observe', 'as the proxy was started with')
    .option('--proxy <host:port>', 'the proxy port; default: as configured')
    .option('--console <host:port>', 'the console; default: as configured')
    .option('--agent-host', 'look at this host instead: does anything get out past the proxy?')
    .option('--ca <file>', 'with --agent-host: the CA’s certificate; default: as configured')
    .option('--probe <ip...>', 'with --agent-host: addresses to try; default: public resolvers')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon doctor\n  cordon doctor --agent-host --proxy 10.0.0.5:3128 --ca ca.pem\n  cordon doctor --json | jq \'.checks[] | select(.status != "ok")\'',
    )
    .action(async (options: DoctorOptions) => {
      const settings = loadWithFacts(options)
      const { proxy, console } = settings.operation
      const where = { proxy: options.proxy ?? proxy, console: options.console ?? console }
      const findings = options.agentHost
        ? await lookAtHost({
            proxy: where.proxy,
            ca: options.ca ?? join(settings.operation.caDir, 'ca.pem'),
            targets: (options.probe ?? PROBED).map(toAddress),
          })
        : [
            ...(await lookAtRunning(where, settings)),
            ...(await lookAtRest(settings.operation)),
            ...lookAtControls(settings),
            ...(await lookAtUsers(settings)),
            lookAtDeciders(settings),
          ]
      const isWell = findings.every(({ status }) => status !== 'fail')
      if (options.json) printJson({ ok: isWell, checks: findings })
      else printFindings(findings)
      process.exitCode = isWell ? EXIT.ok : EXIT.failed
    })
}

function printFindings(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length))
  for (const { check, status, found, hint } of findings) {
    print(`${status.padEnd(4)}  ${check.padEnd(width)}  ${found}`)
    if (hint === null || status === 'ok') continue
    print(`${' '.repeat(width + 8)}hint: ${spellCommands(hint)}`)
  }
}

function toAddress(text: string): IpAddress {
  const ip = parseIp(text)
  if (!ip) throw new CommandError(EXIT.invalid, `\`${text}\` is not an IP address`)
  return ip
}
