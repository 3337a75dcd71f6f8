/** What statements of databases do, and what is taken out of them: the same scanners and operators as for bodies. */

import { toLabel } from '../../inspect/operators/replace.ts'
import { Findings } from '../../inspect/redact/findings.ts'
import { type Place, REDACT_LIMITS } from '../../inspect/redact/reader.ts'
import { rewriteText } from '../../inspect/redact/rewrite-text.ts'
import { NOWHERE, type Scanner } from '../../inspect/scan/scanner.ts'
import { readStatement } from '../../inspect/sql/read-statement.ts'
import type { Inspector } from '../../ports.ts'

export interface StatementMeans {
  /** For all kinds that are not off. */
  readonly everything: Scanner
}

export function inspectStatements({
  everything,
}: StatementMeans): Pick<Inspector, 'readStatement'> {
  const clean = (text: string) => {
    const replace = (type: string) => Buffer.from(toLabel(type))
    const findings = new Findings()
    return rewriteText(
      { scan: everything, limits: REDACT_LIMITS, findings, replace, sealed: 'read' },
      text,
      BARE,
    )
  }
  return { readStatement: (text, isSafe) => readStatement(text, isSafe, clean) }
}

const BARE: Place = { path: 'statement', key: '', kind: 'text', context: NOWHERE }
