/** `cordon audit`: proves that the log is what was written. */

import type { Command } from 'commander'
import type { Head } from '../../audit/appender.ts'
import { MAX_BREAKS, verifyAuditLog } from '../../audit/verify.ts'
import { auditPath } from '../compose/process.ts'
import { CommandError, EXIT, print, printJson, say } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'

interface VerifyOptions extends ConfigOptions {
  readonly expect?: string
  readonly json?: boolean
}

export function addAudit(program: Command): void {
  const audit = program
    .command('audit')
    .description('prove that the log is what was written')
    .addHelpText('after', '\nExample:\n  cordon audit verify')

  withConfig(audit.command('verify'))
    .description('walk the whole hash chain')
    .option('--expect <seq:hash>', 'a head noted earlier, which has to be part of the chain still')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon audit verify\n  cordon audit verify --expect 1742:5f2c…',
    )
    .action((options: VerifyOptions) => {
      const path = auditPath(load(options).operation)
      const expect = options.expect === undefined ? {} : { expect: parseHead(options.expect) }
      const onProgress = (rows: number) => say(`${rows} rows walked`)
      const result = verifyAuditLog(path, { ...expect, onProgress })
      if (options.json) printJson(result)
      else {
        for (const { seq, what } of result.breaks) print(`row ${seq}: ${what}`)
        if (result.breaks.length === MAX_BREAKS) print('there may be more: these are the first')
        const { decisions, outcomes, redacted, stated, admin, hold_events } = result.tables
        print(
          `${decisions} decisions, ${outcomes} outcomes, ${redacted} redactions, ${stated} statements, ${admin} admin actions, ${hold_events} events of holds`,
        )
        print(
          `${result.ok ? 'intact' : 'NOT INTACT'}: ${result.rows} rows, head ${result.head.seq}:${result.head.hash}`,
        )
      }
      process.exitCode = result.ok ? EXIT.ok : EXIT.integrity
    })
}

function parseHead(text: string): Head {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text)
  if (match) return { seq: Number(match[1]), hash: match[2] ?? '' }
  const hint = 'give it as `cordon audit verify` printed it'
  throw new CommandError(EXIT.invalid, `\`${text}\` is not number:hash`, hint)
}
