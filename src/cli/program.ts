/** The command line: commander's door, with its own errors turned into ours. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { AuditError } from '../audit/database.ts'
import { ConfigError } from '../config/config-error.ts'
import { KeyFileError } from '../files/key-file.ts'
import { GeoipError } from '../locate/geoip.ts'
import { PrefixTableError } from '../locate/tables/prefix-tables.ts'
import { TlsFileError } from '../tls/files.ts'
import { addAgents } from './commands/agents.ts'
import { addApprove, addDeny } from './commands/approve.ts'
import { addAudit } from './commands/audit.ts'
import { addCa } from './commands/ca.ts'
import { addCheck, sayProblem } from './commands/check.ts'
import { addDoctor } from './commands/doctor.ts'
import { addEnv } from './commands/env.ts'
import { addExplain } from './commands/explain.ts'
import { addFirewall } from './commands/firewall.ts'
import { addFlows } from './commands/flows.ts'
import { addGeoip } from './commands/geoip.ts'
import { addGrants } from './commands/grants.ts'
import { addHolds } from './commands/holds.ts'
import { addInit } from './commands/init.ts'
import { addLocate } from './commands/locate.ts'
import { addRedact } from './commands/redact.ts'
import { addReplay } from './commands/replay.ts'
import { addRequest } from './commands/request.ts'
import { addResidency } from './commands/residency.ts'
import { addReviewers } from './commands/reviewers.ts'
import { addRun } from './commands/run.ts'
import { addStart } from './commands/start.ts'
import { addTest } from './commands/test.ts'
import { spellHelp } from './invocation.ts'
import { CommandError, EXIT, type ExitCode, sayError } from './output.ts'
import { INSTALL_DIR } from './settings.ts'

export function createProgram(): Command {
  const program = new Command('cordon')
    .description('A forward proxy that decides by where in the world the data would be processed.')
    .version(readVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(spellHelp(text)),
      outputError: (text) => sayError(text.trim().replace(/^error: /, '')),
    })
    .addHelpText(
      'after',
      '\nExample:\n  cordon start --home EEA\n  eval "$(cordon env)" && curl https://example.com/',
    )
  const commands = [
    addStart,
    addDoctor,
    addFirewall,
    addInit,
    addRun,
    addEnv,
    addCheck,
    addTest,
    addExplain,
    addLocate,
    addFlows,
    addHolds,
    addApprove,
    addDeny,
    addGrants,
    addRequest,
    addReviewers,
    addRedact,
    addReplay,
    addAgents,
    addCa,
    addAudit,
    addGeoip,
    addResidency,
  ]
  for (const add of commands) add(program)
  return program
}

/** Says what went wrong, for people. @returns the exit code for it. */
export function sayFailure(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version are answers, not failures.
    return error.exitCode === 0 ? EXIT.ok : EXIT.invalid
  }
  if (error instanceof ConfigError) {
    for (const problem of error.problems) sayError(...toErrorAndHint(sayProblem(problem)))
    return EXIT.invalid
  }
  const { code, message, hint } = describeFailure(error)
  sayError(message, hint)
  return code
}

/** What went wrong, in words and with its exit code: plain data, which another process may be told. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandError) {
    const { code, message, hint } = error
    return { code, message, hint }
  }
  if (error instanceof ConfigError) {
    return { code: EXIT.invalid, message: error.problems.map(sayProblem).join('; '), hint: null }
  }
  if (error instanceof AuditError) {
    const { path, message, hint } = error
    return { code: EXIT.invalid, message: `\`${path}\`: ${message}`, hint }
  }
  if (error instanceof KeyFileError) {
    const hint = 'move the file away to have a new key made'
    return { code: EXIT.invalid, message: `\`${error.path}\`: ${error.message}`, hint }
  }
  if (
    error instanceof GeoipError ||
    error instanceof PrefixTableError ||
    error instanceof TlsFileError
  ) {
    return { code: EXIT.invalid, message: error.message, hint: error.hint }
  }
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (syscall === 'listen' || syscall === 'bind') {
    const hint =
      'another program, or another Cordon, may use the port; choose others in cordon.yaml, such as `listen: { proxy: "127.0.0.1:3228", console: "127.0.0.1:3230" }`'
    return { code: EXIT.failed, message: `cannot listen: ${message}`, hint }
  }
  const text = code ? message : error instanceof Error ? (error.stack ?? message) : String(error)
  return { code: EXIT.failed, message: text, hint: null }
}

export interface Failure {
  readonly code: ExitCode
  readonly message: string
  readonly hint: string | null
}

function toErrorAndHint(text: string): [string, string | null] {
  const [message = '', hint] = text.split('\n  hint: ')
  return [message, hint ?? null]
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(INSTALL_DIR, 'package.json'), 'utf8'))
  return String((manifest as { version?: unknown }).version)
}
