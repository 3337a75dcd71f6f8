/** The command line: commander's door, with its own errors turned into ours. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { AuditError } from '../audit/database.ts'
import { ConfigError } from '../config/config-error.ts'
import { TokenKeyError } from '../identity/tokens.ts'
import { GeoipError } from '../locate/geoip.ts'
import { PrefixTableError } from '../locate/tables/prefix-tables.ts'
import { TlsFileError } from '../tls/files.ts'
import { addAgents } from './commands/agents.ts'
import { addAudit } from './commands/audit.ts'
import { addCa } from './commands/ca.ts'
import { addCheck, sayProblem } from './commands/check.ts'
import { addEnv } from './commands/env.ts'
import { addExplain } from './commands/explain.ts'
import { addFlows } from './commands/flows.ts'
import { addGeoip } from './commands/geoip.ts'
import { addInit } from './commands/init.ts'
import { addLocate } from './commands/locate.ts'
import { addResidency } from './commands/residency.ts'
import { addRun } from './commands/run.ts'
import { addStart } from './commands/start.ts'
import { addTest } from './commands/test.ts'
import { CommandError, EXIT, type ExitCode, sayError } from './output.ts'
import { INSTALL_DIR } from './settings.ts'

export function createProgram(): Command {
  const program = new Command('cordon')
    .description('A forward proxy that decides by where in the world the data would be processed.')
    .version(readVersion())
    .exitOverride()
    .configureOutput({ outputError: (text) => sayError(text.trim().replace(/^error: /, '')) })
    .addHelpText(
      'after',
      '\nExample:\n  cordon start --home EEA\n  eval "$(cordon env)" && curl https://example.com/',
    )
  const commands = [
    addStart,
    addInit,
    addRun,
    addEnv,
    addCheck,
    addTest,
    addExplain,
    addLocate,
    addFlows,
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
  if (error instanceof CommandError) {
    sayError(error.message, error.hint)
    return error.code
  }
  if (error instanceof ConfigError) {
    for (const problem of error.problems) sayError(...toErrorAndHint(sayProblem(problem)))
    return EXIT.invalid
  }
  if (error instanceof AuditError) {
    sayError(`\`${error.path}\`: ${error.message}`, error.hint)
    return EXIT.invalid
  }
  if (error instanceof TokenKeyError) {
    sayError(`\`${error.path}\`: ${error.message}`, 'move the file away to have a new key made')
    return EXIT.invalid
  }
  if (
    error instanceof GeoipError ||
    error instanceof PrefixTableError ||
    error instanceof TlsFileError
  ) {
    sayError(error.message, error.hint)
    return EXIT.invalid
  }
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (syscall === 'listen' || syscall === 'bind') {
    sayError(
      `cannot listen: ${message}`,
      'another program may use the port; choose one under `listen:`',
    )
    return EXIT.failed
  }
  sayError(code ? message : error instanceof Error ? (error.stack ?? message) : String(error))
  return EXIT.failed
}

function toErrorAndHint(text: string): [string, string | null] {
  const [message = '', hint] = text.split('\n  hint: ')
  return [message, hint ?? null]
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(INSTALL_DIR, 'package.json'), 'utf8'))
  return String((manifest as { version?: unknown }).version)
}
