/**
 * `cordon redact`: what would be found in a body, where and why, and what would be left of it. Offline: nothing is recorded and no key of
 * the proxy is used.
 */

import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { recognitionOf } from '../../inspect/recognizers/recognition.ts'
import type { Operator } from '../../model/finding.ts'
import { CommandError, EXIT, print, printJson, printTable, say, toPrintable } from '../output.ts'
import { createTrial, type Find, type Trial } from '../redaction-trial.ts'
import { load } from '../settings.ts'

interface Options {
  readonly config?: string
  readonly file?: string
  readonly type?: readonly string[]
  readonly with: string
  readonly keep: string
  readonly contentType?: string
  readonly list?: boolean
  readonly json?: boolean
  readonly show?: boolean
}

export function addRedact(program: Command): void {
  program
    .command('redact')
    .description('show what would be found in a file, and what would be left of it')
    .argument('[file]', 'a body; default: what comes on stdin')
    .option('--file <file>', 'the same')
    .option(
      '-c, --config <file>',
      'configuration with own kinds; default: cordon.yaml here, if there is one',
    )
    .option('--type <kind...>', 'only these kinds or classes, e.g. iban or secret')
    .option('--with <operator>', 'mask, label, remove, hash, surrogate or token', 'label')
    .option('--keep <n>', 'letters and digits that a mask leaves at the end', '0')
    .option('--content-type <type>', "as the field Content-Type; default: by the file's name")
    .option('--list', 'a table of what is found instead of the text')
    .option('--json', 'that as JSON')
    .option('--show', 'with the values in it')
    .addHelpText(
      'after',
      '\nExample:\n  cordon redact request.json\n  pbpaste | cordon redact --type secret iban --with mask --keep 4\n  cordon redact mail.txt --list',
    )
    .action(async (argument: string | undefined, options: Options) => {
      const file = options.file ?? argument ?? '-'
      const operator = parseOperator(options)
      const trial = createTrial({
        recognition: recognitionOf(load(options).policy.kinds),
        types: options.type ?? null,
        operator,
        contentType: options.contentType ?? typeOf(file),
        key: randomBytes(32),
      })
      const quiet = options.json === true || options.list === true
      for await (const chunk of read(file)) emit(trial.push(chunk), quiet)
      emit(trial.end(), quiet)
      if (options.json) printJson(toJson(trial, options.show === true))
      else if (options.list) printList(trial, options.show === true)
      else if (OF_THIS_RUN.has(operator.kind))
        say(`each \`${operator.kind}\` is good for this run only`)
      for (const { reason, path } of trial.unscannable) say(`not looked into: ${reason} at ${path}`)
      process.exitCode = trial.unscannable.length > 0 ? EXIT.blocked : EXIT.ok
    })
}

/** What depends on a key. */
const OF_THIS_RUN: ReadonlySet<Operator['kind']> = new Set(['hash', 'surrogate', 'token'])

function parseOperator({ with: kind, keep }: Options): Operator {
  if (!/^\d{1,3}$/.test(keep))
    throw new CommandError(EXIT.invalid, `\`--keep ${keep}\`: not a number of characters`)
  switch (kind) {
    case 'mask':
      return { kind, keep: Number(keep) }
    case 'label':
    case 'remove':
    case 'hash':
    case 'surrogate':
    case 'token':
      return { kind }
    default:
      throw new CommandError(
        EXIT.invalid,
        `\`--with ${kind}\`: not an operator`,
        'one of mask, label, remove, hash, surrogate, token',
      )
  }
}

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  ndjson: 'application/x-ndjson',
  sse: 'text/event-stream',
  xml: 'application/xml',
  html: 'text/html',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
}

function typeOf(file: string): string | null {
  return TYPES[/\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? ''] ?? null
}

async function* read(file: string): AsyncGenerator<Buffer> {
  try {
    yield* file === '-' ? process.stdin : createReadStream(file)
  } catch (error) {
    throw new CommandError(EXIT.invalid, `\`${file}\`: ${(error as Error).message}`)
  }
}

function emit(pieces: readonly Buffer[], quiet: boolean): void {
  if (quiet) return
  for (const piece of pieces)
    process.stdout.write(process.stdout.isTTY ? toPrintable(piece.toString()) : piece)
}

function printList({ finds }: Trial, show: boolean): void {
  if (finds.length === 0) {
    print('nothing was found')
    return
  }
  const rows = finds.map((find) => [
    find.type,
    find.class,
    String(find.count),
    find.path,
    ...(show ? [find.values.join(' ')] : []),
    find.why,
  ])
  printTable(['kind', 'class', 'count', 'where', ...(show ? ['values'] : []), 'why'], rows)
}

function toJson({ finds, unscannable }: Trial, show: boolean) {
  const shown = ({ values, ...find }: Find) => (show ? { ...find, values } : find)
  return { findings: finds.map(shown), unscannable }
}
