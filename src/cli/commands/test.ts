/** `cordon test`: runs the scenarios that say what a policy has to decide. No network: scenarios bring their own addresses. */

import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { type LoadOptions, loadSettings, type Settings } from '../../config/load.ts'
import { findScenarios, loadScenarios, type Scenario } from '../../config/scenarios.ts'
import { SCENARIOS } from '../../config/sources.ts'
import { parseIp } from '../../model/address.ts'
import type { Resolution } from '../../model/destination.ts'
import type { Evidence } from '../../model/evidence.ts'
import { toRegions } from '../../model/region.ts'
import { toList } from '../../policy/document.ts'
import { composeEvaluation, type Evaluation } from '../compose/evaluation.ts'
import { agentNamed, BARE, evaluate, parseCallUrl } from '../evaluate.ts'
import { toStatements } from '../evaluate-spoken.ts'
import { CommandError, EXIT, print, printJson, say } from '../output.ts'
import { type ConfigOptions, toLoadOptions, withConfig } from '../settings.ts'

export interface ScenarioResult {
  readonly file: string
  readonly name: string
  readonly passed: boolean
  /** What was decided instead; null when it passed. */
  readonly problem: string | null
}

export function addTest(program: Command): void {
  withConfig(program.command('test'))
    .description("run the rules' scenarios")
    .argument('[files...]', 'scenario files; default: all below rules/')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon test\n  cordon test rules/default.scenarios.yaml')
    .action(async (files: string[], options: ConfigOptions & { readonly json?: boolean }) => {
      const results = await runScenarios(files, toLoadOptions(options, true))
      if (options.json) printJson(results)
      else for (const result of results) print(sayResult(result))
      const failed = results.filter((result) => !result.passed).length
      if (!options.json) say(`${results.length - failed} of ${results.length} scenarios passed`)
      process.exitCode = failed > 0 ? EXIT.failed : EXIT.ok
    })
}

/** @throws ConfigError, CommandError */
export async function runScenarios(
  files: readonly string[],
  options: LoadOptions,
): Promise<readonly ScenarioResult[]> {
  const paths = files.length > 0 ? files.map((file) => resolve(options.cwd, file)) : find(options)
  if (paths.length === 0) {
    const where = options.config === null ? 'here' : `beside \`${options.config}\``
    throw new CommandError(
      EXIT.invalid,
      `there is no \`rules/*${SCENARIOS}\` ${where}`,
      'name scenario files: cordon test rules/mine.scenarios.yaml',
    )
  }
  const results: ScenarioResult[] = []
  for (const path of paths) {
    const settings = loadSettings({ ...options, config: policyFor(path, options) })
    using evaluation = await composeEvaluation(() => settings)
    for (const scenario of loadScenarios(path, options.cwd)) {
      const problem = await run(settings, evaluation, scenario)
      const file = relative(options.cwd, path)
      results.push({ file, name: scenario.name, passed: problem === null, problem })
    }
  }
  return results
}

/** Those of the configuration that is named, else those here, else those that come with Cordon. */
function find({ cwd, config, installDir }: LoadOptions): readonly string[] {
  if (config !== null) return findScenarios(dirname(resolve(cwd, config)))
  const here = findScenarios(cwd)
  return here.length > 0 ? here : findScenarios(installDir)
}

/**
 * The policy a scenario file speaks about: the configuration in force when the rule file beside it is part of it, else that rule
 * file by itself.
 */
function policyFor(scenarios: string, options: LoadOptions): string | null {
  if (options.config !== null || !scenarios.endsWith(SCENARIOS)) return options.config
  const beside = `${scenarios.slice(0, -SCENARIOS.length)}.yaml`
  if (!existsSync(beside)) return null
  const { configPath, files } = loadSettings(options)
  return configPath !== null && files.includes(beside) ? configPath : beside
}

async function run(
  settings: Settings,
  evaluation: Evaluation,
  { request, expect }: Scenario,
): Promise<string | null> {
  const agent = agentNamed(settings.policy, request.agent, request.groups ?? [])
  const parsed = parseCallUrl(request.url)
  const words = toList(request.statement)
  const spoken = parsed.spoken ?? null
  if (words.length > 0 && !spoken) return 'the URL of the request is not that of a database'
  const said = spoken && words.length > 0 ? { ...spoken, statements: toStatements(words) } : spoken
  const call = { ...BARE, ...parsed, method: request.method ?? 'GET', agent, spoken: said }
  const known = evaluation.resolver.cached(call.authority.host)
  // What is left to an upstream proxy has no addresses, whatever the scenario says.
  const resolution = known && 'delegated' in known ? known : toResolution(request)
  const { verdict } = await evaluate(settings, stage(evaluation, request), call, resolution)
  const problems: string[] = []
  const compare = (what: string, wanted: string | undefined, found: string) => {
    if (wanted !== undefined && wanted !== found)
      problems.push(`${what} is ${found}, not ${wanted}`)
  }
  compare('action', expect.action, verdict.action)
  compare('placement', expect.placement, verdict.placement)
  const matched = settings.policy.rules.filter(({ id }) => verdict.rules.includes(id))
  const ids = (rules: typeof matched) => sayRules(rules.map(({ id }) => id))
  const deciding = ids(matched.filter((rule) => rule.action !== null))
  compare('rules', expect.rules && sayRules(expect.rules), deciding)
  const redacting = ids(matched.filter((rule) => rule.redact !== null))
  compare('redacts', expect.redacts && sayRules(expect.redacts), redacting)
  return problems.length > 0 ? `${problems.join('; ')} (${verdict.reason})` : null
}

function sayRules(rules: readonly string[]): string {
  return [...rules].sort().join(' ') || 'none'
}

function toResolution({ addresses }: Scenario['request']): Resolution {
  return {
    addresses: (addresses ?? []).map((text) => {
      const ip = parseIp(text)
      if (!ip) throw new CommandError(EXIT.invalid, `\`${text}\` is not an address`)
      return ip
    }),
    cnames: [],
    source: 'scenario',
    validUntil: Number.POSITIVE_INFINITY,
  }
}

/** Where a scenario states the place itself, its word takes the place of evidence. */
function stage(evaluation: Evaluation, { regions }: Scenario['request']) {
  if (regions === undefined) return evaluation
  const { resolver, locator } = evaluation
  const stated: Evidence = {
    kind: 'declaration',
    source: 'scenario',
    asOf: null,
    claim: toRegions(regions),
    strength: 'strong',
    address: null,
    detail: 'stated by the scenario',
  }
  return {
    resolver,
    locator: {
      ...locator,
      locate: (...args: Parameters<typeof locator.locate>) => {
        const located = locator.locate(...args)
        const findings = { evidence: [stated], creates: null, onward: [], instead: [] }
        return locator.refine({ ...located, evidence: [] }, findings)
      },
    },
  }
}

function sayResult({ file, name, passed, problem }: ScenarioResult): string {
  return passed ? `ok    ${name}` : `FAIL  ${name}\n      ${file}: ${problem}`
}
