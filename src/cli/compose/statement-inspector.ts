/** What statements of databases do, and what is taken out of them and of their results: the same scanners and operators as for bodies. */

import { ISSUED_TOKEN } from '../../inspect/operators/issued-token.ts'
import { toLabel } from '../../inspect/operators/replace.ts'
import type { Recognition } from '../../inspect/recognizers/recognition.ts'
import { Findings } from '../../inspect/redact/findings.ts'
import { CopyRedactor } from '../../inspect/redact/postgresql/copy.ts'
import { ValuesRedactor } from '../../inspect/redact/postgresql/values.ts'
import { type Job, type Place, REDACT_LIMITS, type Replace } from '../../inspect/redact/reader.ts'
import { rewriteText } from '../../inspect/redact/rewrite-text.ts'
import { NOWHERE, type Scanner } from '../../inspect/scan/scanner.ts'
import { readCopyForm } from '../../inspect/sql/copy-form.ts'
import { readStatement } from '../../inspect/sql/read-statement.ts'
import { parameterNames, redactStatement } from '../../inspect/sql/redact-statement.ts'
import type { Found, Inspector } from '../../inspector.ts'
import type { Direction, Operator } from '../../model/finding.ts'

type Plan = ReadonlyMap<string, Operator>

export interface StatementMeans {
  /** For all kinds that are not off. */
  readonly everything: Scanner
  scannerFor(plan: Plan, direction: Direction): Scanner
  replacing(plan: Plan, agent: string): Replace
  readonly recognition: Recognition
}

type StatementInspector = Pick<
  Inspector,
  | 'readStatement'
  | 'lookAtStatement'
  | 'redactStatement'
  | 'nameParameters'
  | 'lookAtValues'
  | 'openValues'
  | 'openCopy'
>

export function inspectStatements({
  everything,
  scannerFor,
  replacing,
  recognition,
}: StatementMeans): StatementInspector {
  const clean = (text: string) => rewriteText(toJob(everything, LABEL), text, BARE)
  /** Notes what is found. */
  const noting = (data: Set<string>): Replace => {
    return (type, value, { path }) => {
      if (recognition.allow.allows(value.toString(), path)) return null
      data.add(type)
      data.add(recognition.classOf(type))
      return null
    }
  }

  return {
    readStatement: (text, isSafe) => readStatement(text, isSafe, clean),

    lookAtStatement(text, isSafe) {
      const data = new Set<string>()
      const { problem } = redactStatement(toJob(everything, noting(data)), text, isSafe)
      return problem === 'form' ? null : data
    },

    redactStatement(text, isSafe, plan, agent) {
      const job = toJob(scannerFor(plan, 'out'), replacing(plan, agent))
      const { bytes, problem } = redactStatement(job, text, isSafe)
      return { bytes, problem, found: problem === null ? job.findings.toList() : [] }
    },

    nameParameters: parameterNames,

    lookAtValues(columns, values) {
      const data = new Set<string>()
      const redactor = new ValuesRedactor(everything, noting(data), columns)
      return redactor.push(values) === null || redactor.unscannable.length > 0 ? null : data
    },

    openValues(direction, columns, plan, agent) {
      const scan = scannerFor(plan, direction)
      const values = new ValuesRedactor(scan, replacing(plan, agent), columns)
      return {
        push: (list) => values.push(list),
        get found() {
          return values.findings.filter(isFound)
        },
        get isPartial() {
          return values.unscannable.length > 0
        },
      }
    },

    openCopy(direction, statement, isSafe, plan, agent) {
      const form = readCopyForm(statement, isSafe)
      if (!form) return null
      const job = toJob(scannerFor(plan, direction), replacing(plan, agent))
      const redactor = new CopyRedactor(job, form)
      return {
        push: (chunk) => redactor.push(chunk),
        end: () => redactor.end(),
        get found() {
          return redactor.findings.filter(isFound)
        },
        get isPartial() {
          return redactor.unscannable.length > 0
        },
      }
    },
  }
}

const BARE: Place = { path: 'statement', key: '', kind: 'text', context: NOWHERE }
const LABEL: Replace = (type) => Buffer.from(toLabel(type))

function toJob(scan: Scanner, replace: Replace): Job {
  return { scan, replace, limits: REDACT_LIMITS, findings: new Findings(), sealed: 'read' }
}

function isFound({ type }: Found): boolean {
  return type !== ISSUED_TOKEN.type
}
