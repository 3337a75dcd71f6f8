/** `cordon agents`: who called so far, and the tokens by which agents say who they are. */

import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { AuditReader } from '../../audit/read.ts'
import { parseDuration } from '../../config/duration.ts'
import type { Operation } from '../../config/operation.ts'
import { Revocations, RevocationsError } from '../../identity/revocations.ts'
import { checkName, issueAgentToken, recordAction } from '../agent-token.ts'
import { auditPath, clock } from '../compose/process.ts'
import { CommandError, EXIT, print, printJson, printTable, say } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'

export function addAgents(program: Command): void {
  const agents = withConfig(program.command('agents'))
    .description('list agents, issue and revoke their tokens')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon agents\n  cordon agents token crawler --ttl 8h')
    .action((options: ConfigOptions & { readonly json?: boolean }) => listAgents(options))

  withConfig(agents.command('token'))
    .description('issue a token; it is printed once and kept nowhere')
    .argument('<name>', 'the agent')
    .option('--ttl <time>', 'how long it is valid, at most 30d', '8h')
    .option('--group <group...>', 'groups the agent is in')
    .addHelpText('after', '\nExample:\n  cordon agents token crawler --ttl 8h --group batch')
    .action(
      async (
        name: string,
        options: ConfigOptions & { ttl: string; group?: string[] },
        command: Command,
      ) => {
        const ttl = parseDuration(options.ttl)
        if (ttl === null) {
          throw new CommandError(
            EXIT.invalid,
            `\`${options.ttl}\` is not a time`,
            'write 30m, 8h or 7d',
          )
        }
        const { operation } = load(inherited(command))
        print(await issueAgentToken(operation, { name, groups: options.group ?? [], ttl }))
        say(
          `valid for ${options.ttl}; use it as proxy password: http://agent:TOKEN@${operation.proxy}`,
        )
      },
    )

  withConfig(agents.command('revoke'))
    .description('refuse all tokens issued to an agent so far')
    .argument('<name>', 'the agent')
    .addHelpText('after', '\nExample:\n  cordon agents revoke crawler')
    .action(async (name: string, _options: ConfigOptions, command: Command) => {
      checkName(name)
      const { operation, policy } = load(inherited(command))
      // Said in the log only when it can be done.
      const revoked = withRevocations(operation, (revocations) => revocations.list())
      const isKnown = revoked.has(name) || policy.agents.some(({ id }) => id === name)
      if (!isKnown && !isInLog(auditPath(operation), name)) {
        const hint = 'nothing was revoked; `cordon agents` lists those that are known'
        const fault = `no token was issued to \`${name}\`, and no agent is called so`
        throw new CommandError(EXIT.blocked, fault, hint)
      }
      await recordAction(operation, 'token-revoke', name, 'all tokens issued so far')
      withRevocations(operation, (revocations) => revocations.revoke(name))
      say(`tokens of \`${name}\` are refused from now on; a running proxy knows within a second`)
    })
}

/** Options given before the subcommand count as well. */
function inherited(command: Command): ConfigOptions {
  return command.optsWithGlobals()
}

function listAgents(options: ConfigOptions & { readonly json?: boolean }): void {
  const { operation, policy } = load(options)
  const path = auditPath(operation)
  const revoked = withRevocations(operation, (revocations) => revocations.list())
  const seen = existsSync(path) ? readAgents(path) : []
  const known = new Map(seen.map((row) => [String(row.id), row]))
  for (const { id } of policy.agents) if (!known.has(id)) known.set(id, { id, flows: 0 })
  const rows = [...known.values()].map((row) => ({
    ...row,
    revoked_at: toIso(revoked.get(String(row.id))),
  }))
  if (options.json) return printJson(rows)
  printTable(
    ['AGENT', 'LAST SEEN', 'FLOWS', 'FORWARDED', 'REFUSED', 'TOKENS REVOKED'],
    rows.map((row: Record<string, unknown>) =>
      [row.id, row.last_seen, row.flows, row.forwarded, row.refused, row.revoked_at].map((cell) =>
        String(cell ?? '-'),
      ),
    ),
  )
}

/** @throws CommandError when the list of revocations is unusable */
function withRevocations<T>(operation: Operation, use: (revocations: Revocations) => T): T {
  try {
    return use(new Revocations(operation.dataDir, clock))
  } catch (error) {
    if (!(error instanceof RevocationsError)) throw error
    const hint = 'put it right, or move it away to count every token again'
    throw new CommandError(EXIT.invalid, `\`${error.path}\`: ${error.message}`, hint)
  }
}

/** Whether it has called, or was given a token. */
function isInLog(path: string, name: string): boolean {
  if (!existsSync(path)) return false
  using reader = new AuditReader(path)
  return reader.hasIssuedTo(name) || reader.agents().some(({ id }) => id === name)
}

function readAgents(path: string): readonly Record<string, unknown>[] {
  using reader = new AuditReader(path)
  return reader.agents()
}

function toIso(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
