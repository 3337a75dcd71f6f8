/** `cordon explain`: the verdict for one call with everything it rests on, as enforcement would give it. */

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { AuditReader, type FlowRow } from '../../audit/read.ts'
import { ANONYMOUS, isAgentName } from '../../model/agent.ts'
import type { WeighedEvidence } from '../../model/evidence.ts'
import { DATA_CLASSES, type Operator, type Redaction } from '../../model/finding.ts'
import { sayNext } from '../../model/refusal.ts'
import { sayRegions } from '../../model/region.ts'
import type { Policy } from '../../policy/compile.ts'
import { type RuleTrace, traceRules } from '../../policy/explain.ts'
import { wouldOf } from '../../release.ts'
import { adviceFor } from '../advice.ts'
import { composeEvaluation } from '../compose/evaluation.ts'
import { auditPath } from '../compose/process.ts'
import { agentNamed, type Evaluated, evaluate, parseCallUrl } from '../evaluate.ts'
import { type Spoken, toStatements } from '../evaluate-spoken.ts'
import { sayHold, toHoldJson } from '../hold-terms.ts'
import { CommandError, EXIT, print, printJson, sayPiece } from '../output.ts'
import { type Reconsidered, reconsider } from '../reconsider.ts'
import { type ConfigOptions, loadWithFacts, withConfig } from '../settings.ts'

interface ExplainOptions extends ConfigOptions {
  readonly agent?: string
  readonly group?: string[]
  readonly method: string
  readonly header?: string[]
  readonly body?: string
  readonly statement?: string[]
  readonly flow?: string
  readonly json?: boolean
}

export function addExplain(program: Command): void {
  withConfig(program.command('explain'))
    .description('say what would happen to a call, or what happened to a recorded one, and why')
    .argument('[url]', 'the call: https://host/path, postgresql://host/database, redis://host')
    .option('--agent <name>', 'as this agent')
    .option('--group <group...>', 'as a member of these groups')
    .option('--method <method>', 'HTTP method', 'GET')
    .option('--header <line...>', 'header fields of the call, written `Name: value`')
    .option('--body <file>', 'body of the call, from a file')
    .option('--statement <words...>', 'what is said to a database, as rules name it: `drop table`')
    .option('--flow <id>', 'a recorded flow instead of a URL')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon explain https://api.example.com/v1/files --method POST\n  cordon explain --flow 17',
    )
    .action(async (url: string | undefined, options: ExplainOptions) => {
      if ((url === undefined) === (options.flow === undefined)) {
        throw new CommandError(EXIT.invalid, 'name a URL or a flow, one of them')
      }
      if (options.flow !== undefined) await explainFlow(options.flow, options)
      else await explainUrl(url ?? '', options)
    })
}

async function explainUrl(url: string, options: ExplainOptions): Promise<void> {
  const settings = loadWithFacts(options)
  const names = [options.agent ?? ANONYMOUS.id, ...(options.group ?? [])]
  const wrong = names.find((name) => !isAgentName(name))
  if (wrong !== undefined) {
    throw new CommandError(EXIT.invalid, `\`${wrong}\` cannot be the name of an agent or group`)
  }
  const agent = agentNamed(settings.policy, options.agent, options.group ?? [])
  const parsed = parseCallUrl(url)
  const call = {
    ...parsed,
    spoken: withStatement(parsed.spoken ?? null, options.statement ?? []),
    method: options.method,
    agent,
    headers: (options.header ?? []).map(parseHeader),
    body: options.body === undefined ? null : readBody(options.body),
  }
  using evaluation = await composeEvaluation(() => settings)
  const evaluated = await evaluate(settings, evaluation, call)
  const { destination } = evaluated.admission
  const change = adviceFor(destination, evaluation.tables.current.size > 0)
  if (options.json) printJson({ ...toJson(evaluated), change })
  else {
    sayExplanation(evaluated)
    for (const line of change) print(`  change     ${line}`)
  }
  process.exitCode = evaluated.verdict.action === 'allow' ? EXIT.ok : EXIT.blocked
}

function withStatement(spoken: Spoken | null, words: readonly string[]): Spoken | null {
  if (words.length === 0) return spoken
  if (spoken) return { ...spoken, statements: toStatements(words) }
  const hint = 'write postgresql://host/database or redis://host'
  throw new CommandError(EXIT.invalid, '`--statement` is for a database', hint)
}

function parseHeader(line: string): readonly [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(line)
  if (match) return [match[1] ?? '', match[2] ?? '']
  throw new CommandError(EXIT.invalid, `\`${line}\` is not a header field`, 'write `Name: value`')
}

function readBody(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(EXIT.invalid, `cannot read the body: ${reason}`)
  }
}

/** Fields are named as the columns of `flows`. */
function toJson(evaluated: Evaluated) {
  const { admission, request, verdict, found } = evaluated
  const { flow, destination, assessment } = admission
  const would = wouldOf(admission, verdict)
  return {
    mode: flow.mode,
    agent: flow.agent.id,
    groups: flow.agent.groups,
    method: request.method,
    scheme: flow.scheme,
    host: destination.authority.host.text,
    port: destination.authority.port,
    path: request.path,
    addresses: destination.addresses.map((address) => address.text),
    dropped: destination.dropped.map(({ address }) => address.text),
    network: destination.network,
    cnames: destination.cnames,
    regions: destination.regions,
    placement: verdict.placement,
    allowed: [...verdict.zone.countries].sort(),
    evidence: destination.evidence,
    why: destination.why,
    action: verdict.action,
    enforced: assessment.policy.enforced,
    would: would && `would_${would}`,
    code: verdict.code,
    rule: verdict.rule,
    because: verdict.because,
    reason: verdict.reason,
    rules: trace(evaluated),
    hold: toHoldJson(evaluated),
    redact: verdict.redact && {
      out: toOperators(verdict.redact.out),
      in: toOperators(verdict.redact.in),
      found,
    },
    inspection: flow.inspection,
    policy_digest: assessment.policy.digest,
    next: verdict.code && sayNext(verdict, destination),
  }
}

/** Kinds that are dealt with in the same way stand together. */
function sayRedaction({ verdict, found, admission }: Evaluated): void {
  if (!verdict.redact) return
  const { kinds } = admission.assessment.policy
  for (const direction of ['out', 'in'] as const) {
    const byOperator = Map.groupBy(verdict.redact[direction], ([, { kind }]) => kind)
    for (const [kind, all] of byOperator) {
      const types = withClasses(all.map(([type]) => type).sort(), kinds)
      const few = types.length > 8 ? [...types.slice(0, 8), `${types.length - 8} more`] : types
      print(`  redact     ${direction}: ${few.join(', ')} with ${kind}`)
    }
  }
  for (const { type, path, count } of found) print(`  found      ${count} ${type} at ${path}`)
}

/** Classes in place of all their kinds, as rules write them; those of a class that are found only where they are named stay. */
function withClasses(types: readonly string[], kinds: Policy['kinds']): readonly string[] {
  const whole = DATA_CLASSES.filter((of) => {
    const usual = [...kinds].filter(([, kind]) => kind.class === of && kind.readiness !== 'off')
    return usual.length > 1 && usual.every(([type]) => types.includes(type))
  })
  const isSaid = (type: string) => {
    const kind = kinds.get(type)
    return kind !== undefined && kind.readiness !== 'off' && whole.includes(kind.class)
  }
  return [...whole, ...types.filter((type) => !isSaid(type))]
}

function toOperators(plan: ReadonlyMap<string, Operator>): Record<string, Operator['kind']> {
  return Object.fromEntries([...plan].map(([type, { kind }]) => [type, kind]))
}

function trace({ admission, request, verdict }: Evaluated): readonly RuleTrace[] {
  return traceRules(admission.assessment, request, verdict.rules)
}

function sayExplanation(evaluated: Evaluated): void {
  const { admission, verdict, request } = evaluated
  const { destination, flow, assessment } = admission
  const observed =
    assessment.policy.enforced || verdict.action === 'allow' ? '' : ' (observed only)'
  print(
    `${verdict.action.toUpperCase()}${observed}  ${request.method ?? 'tunnel'} ${destination.authority.text} as ${flow.agent.id}`,
  )
  print(`  because    ${verdict.reason}`)
  print(`  place      ${sayRegions(destination.regions)}: ${destination.why}`)
  print(`  placement  ${verdict.placement}, measured against ${verdict.zone.name}`)
  print('  evidence')
  for (const piece of destination.evidence) print(sayPiece(piece))
  const rules = trace(evaluated)
  if (rules.length > 0) print('  rules')
  for (const rule of rules) {
    const isObserved = rule.mode === 'observe'
    const mark = rule.applies ? (isObserved ? '~' : '*') : ' '
    const action = isObserved ? `${rule.action}, only observed` : rule.action
    print(`    ${mark} ${rule.id}: ${action} (${rule.because})`)
    for (const { says, truth } of rule.conditions) print(`        ${truth.padEnd(5)} ${says}`)
  }
  if (verdict.would) {
    const { action, rule } = verdict.would
    print(`  would      ${action}, if rule \`${rule}\` were not only observed`)
  }
  sayHold(evaluated)
  sayRedaction(evaluated)
  if (verdict.code) {
    print(`  code       ${verdict.code}`)
    print(`  next       ${sayNext(verdict, destination)}`)
  }
}

async function explainFlow(text: string, options: ExplainOptions): Promise<void> {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null
  if (id === null) throw new CommandError(EXIT.invalid, `\`${text}\` is not the number of a flow`)
  const settings = loadWithFacts(options)
  using reader = new AuditReader(auditPath(settings.operation))
  const flow = reader.flow(id)
  if (!flow) throw new CommandError(EXIT.failed, `there is no flow ${id} in the log`)
  using evaluation = await composeEvaluation(() => settings)
  const again = await reconsider(settings, evaluation, flow, reader.statementKinds(id))
  const redactions = reader.redactions(id)
  if (options.json) printJson({ ...flow, redactions, ...toJsonAgain(again) })
  else sayFlow(flow, redactions, again)
  process.exitCode = flow.action === 'allow' ? EXIT.ok : EXIT.blocked
}

function toJsonAgain({ consistent, today }: Reconsidered) {
  if (!today) return { consistent, today }
  const { verdict, destination } = today
  return {
    consistent,
    today: {
      regions: destination.regions,
      placement: verdict.placement,
      action: verdict.action,
      rule: verdict.rule,
      reason: verdict.reason,
      evidence: destination.evidence,
    },
  }
}

function sayFlow(
  flow: FlowRow,
  redactions: readonly Redaction[],
  { consistent, today }: Reconsidered,
): void {
  const { method, host, port, path, agent, started_at: at, outcome } = flow
  print(
    `${flow.action.toUpperCase()}, ${outcome}  ${method ?? 'tunnel'} ${host ?? '-'}:${port ?? '-'}${path ?? ''} as ${agent} at ${at}`,
  )
  print(`  because    ${flow.reason}`)
  print(`  place      ${sayRegions(flow.regions)} (${flow.placement})`)
  print(`  status     ${flow.status ?? 'none'}${flow.error ? `, ${flow.error}` : ''}`)
  print(`  inspection ${flow.inspection}`)
  if (redactions.length > 0) print('  redacted')
  for (const { direction, type, path: where, count } of redactions) {
    print(`    ${direction.padEnd(3)} ${type}, ${count} at ${where}`)
  }
  if (flow.would)
    print(`  would      ${String(flow.would).replace('would_', '')}, if all were enforced`)
  if (flow.evidence.length > 0) print('  evidence as it was then')
  for (const piece of flow.evidence as unknown as readonly WeighedEvidence[]) print(sayPiece(piece))
  if (!consistent) print('  warning    this evidence does not lead to these regions')
  print(`  policy     ${flow.policy_digest}`)
  if (!today) return
  const { verdict, destination } = today
  const isSame =
    verdict.action === flow.action && String(destination.regions) === String(flow.regions)
  print(`  today      ${isSame ? 'the same' : `${verdict.action}: ${verdict.reason}`}`)
  if (!isSame) print(`             ${destination.why}`)
}
