/** What statements of databases do, and what is taken out of them and of their results: the same scanners and operators as for bodies. */

import { ISSUED_TOKEN } from '../../inspect/operators/issued-token.ts'
import { toLabel } from '../../inspect/operators/replace.ts'
import { Findings } from '../../inspect/redact/findings.ts'
import { ValuesRedactor } from '../../inspect/redact/postgresql/values.ts'
import { type Place, REDACT_LIMITS, type Replace } from '../../inspect/redact/reader.ts'
import { rewriteText } from '../../inspect/redact/rewrite-text.ts'
import { NOWHERE, type Scanner } from '../../inspect/scan/scanner.ts'
import { readStatement } from '../../inspect/sql/read-statement.ts'
import type { Direction, Operator } from '../../model/finding.ts'
import type { Found, Inspector } from '../../ports.ts'

type Plan = ReadonlyMap<string, Operator>

export interface StatementMeans {
  /** For all kinds that are not off. */
  readonly everything: Scanner
  scannerFor(plan: Plan, direction: Direction): Scanner
  replacing(plan: Plan, agent: string): Replace
}

export function inspectStatements({
  everything,
  scannerFor,
  replacing,
}: StatementMeans): Pick<Inspector, 'readStatement' | 'openValues'> {
  const clean = (text: string) => {
    const findings = new Findings()
    const job = { scan: everything, replace: LABEL, findings, limits: REDACT_LIMITS }
    return rewriteText({ ...job, sealed: 'read' }, text, BARE)
  }

  return {
    readStatement: (text, isSafe) => readStatement(text, isSafe, clean),

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
  }
}

const BARE: Place = { path: 'statement', key: '', kind: 'text', context: NOWHERE }
const LABEL: Replace = (type) => Buffer.from(toLabel(type))

function isFound({ type }: Found): boolean {
  return type !== ISSUED_TOKEN.type
}
