/** `cordon reviewers`: who may decide about what is held, and the tokens by which they say who they are. */

import type { Command } from 'commander'
import type { Settings } from '../../config/load.ts'
import { ReviewerTokens, ReviewerTokensError } from '../../identity/reviewer-tokens.ts'
import { recordAction } from '../agent-token.ts'
import { clock } from '../compose/process.ts'
import { CommandError, EXIT, print, printJson, printTable, say } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'

export function addReviewers(program: Command): void {
  const reviewers = withConfig(program.command('reviewers'))
    .description('list who may decide, issue and revoke their tokens')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon reviewers\n  cordon reviewers token ada')
    .action((options: ConfigOptions & { readonly json?: boolean }) => {
      const rows = listReviewers(load(options))
      if (options.json) return printJson(rows)
      printTable(
        ['REVIEWER', 'GROUPS', 'TOKENS', 'NEWEST OF', 'MAY DECIDE'],
        rows.map(({ id, groups, tokens, issued_at, may_decide }) => [
          id,
          groups.join(', ') || '-',
          String(tokens),
          issued_at?.replace('T', ' ').slice(0, 19) ?? '-',
          may_decide ? 'yes' : 'no: the policy does not name them',
        ]),
      )
    })

  withConfig(reviewers.command('token'))
    .description('issue a token; it is printed once and kept nowhere')
    .argument('<name>', 'the reviewer')
    .addHelpText('after', '\nExample:\n  cordon reviewers token ada')
    .action(async (name: string, _options: ConfigOptions, command: Command) => {
      const { operation, policy } = load(command.optsWithGlobals())
      if (!policy.reviewers.some(({ id }) => id === name)) {
        const hint = 'name them in the policy first: reviewers: [{ id: ada, groups: [dpo] }]'
        throw new CommandError(EXIT.invalid, `\`${name}\` is not a reviewer`, hint)
      }
      const tokens = new ReviewerTokens(operation.dataDir, clock)
      // Said in the log only when it can be done.
      guarded(() => tokens.list())
      await recordAction(operation, 'reviewer-token-issue', name, '')
      print(guarded(() => tokens.issue(name)))
      say('whoever has it decides in that name: export CORDON_TOKEN=…; it is not shown again')
    })

  withConfig(reviewers.command('revoke'))
    .description('refuse all tokens issued to a reviewer so far')
    .argument('<name>', 'the reviewer')
    .addHelpText('after', '\nExample:\n  cordon reviewers revoke ada')
    .action(async (name: string, _options: ConfigOptions, command: Command) => {
      const { operation } = load(command.optsWithGlobals())
      const tokens = new ReviewerTokens(operation.dataDir, clock)
      if (!guarded(() => tokens.list()).some(({ reviewer }) => reviewer === name)) {
        const hint = '`cordon reviewers` lists those that are'
        throw new CommandError(EXIT.blocked, `no token was issued to \`${name}\``, hint)
      }
      await recordAction(operation, 'reviewer-token-revoke', name, 'all tokens issued so far')
      const count = guarded(() => tokens.revoke(name))
      const what = count === 1 ? 'the token' : `all ${count} tokens`
      say(`${what} of \`${name}\` refused from now on; a running proxy knows within a second`)
    })
}

interface ReviewerRow {
  readonly id: string
  readonly groups: readonly string[]
  readonly tokens: number
  /** Of the newest; null where there is none. */
  readonly issued_at: string | null
  readonly may_decide: boolean
}

/** Those of the policy, and those who have tokens without being in it. */
function listReviewers({ policy, operation }: Settings): readonly ReviewerRow[] {
  const tokens = guarded(() => new ReviewerTokens(operation.dataDir, clock).list())
  const named = policy.reviewers.map(({ id }) => id)
  const ids = new Set([...named, ...tokens.map(({ reviewer }) => reviewer)])
  return [...ids].map((id) => {
    const theirs = tokens.filter(({ reviewer }) => reviewer === id)
    const reviewer = policy.reviewers.find((one) => one.id === id)
    return {
      id,
      groups: reviewer?.groups ?? [],
      tokens: theirs.length,
      issued_at: theirs.at(-1)?.issued_at ?? null,
      may_decide: reviewer !== undefined,
    }
  })
}

/** @throws CommandError when the file of tokens is unusable */
function guarded<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    if (!(error instanceof ReviewerTokensError)) throw error
    const hint = 'put it right, or move it away: then nobody has a token'
    throw new CommandError(EXIT.invalid, `\`${error.path}\`: ${error.message}`, hint)
  }
}
