/**
 * What a process that serves and the one that holds the log say to each other: lines of JSON over a pipe between the two. Both are
 * processes of one proxy and of one version, so this is not checked for form; a line that is no JSON ends the connection.
 */

import type {
  AdminRecord,
  DecisionContext,
  Ending,
  StatementNote,
} from '../../model/audit-record.ts'
import type { FlowId } from '../../model/flow.ts'

/** Numbers of its own that the serving process gives to contexts, and to what it wants an answer for. */
export type Id = number

export type DecisionLine = readonly [
  id: Id,
  context: Id,
  at: number,
  method: string | null,
  path: string | null,
  protocol: string,
  durable: 0 | 1,
  ending: Ending | null,
  /** For what is one. */
  statement?: StatementNote,
]

/** To the log: what has come up in one turn of the event loop. */
export interface Batch {
  /** Earlier numbers of contexts mean nothing any more. */
  readonly forget?: true
  readonly contexts: readonly (readonly [id: Id, context: DecisionContext])[]
  readonly decisions: readonly DecisionLine[]
  readonly outcomes: readonly (readonly [flow: FlowId, at: number, ending: Ending])[]
  readonly notes: readonly (readonly [id: Id, record: AdminRecord])[]
}

/** From the log: numbers of flows, 0 for notes, or why there is none. */
export type Answers = readonly (readonly [id: Id, answer: FlowId | string])[]

/** Calls `onLine` with each line that is complete; lines are short or long, but there is an end to them. */
export function readLines(
  channel: NodeJS.ReadableStream & { destroy(): unknown },
  onLine: (line: string) => void,
): void {
  /** Pieces of a line that has begun: put together once, however many there are. */
  let begun: string[] = []
  let length = 0
  channel.setEncoding('utf8')
  channel.on('data', (text: string) => {
    let from = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      begun.push(text.slice(from, end))
      const line = begun.join('')
      begun = []
      length = 0
      onLine(line)
      from = end + 1
    }
    if (from === text.length) return
    begun.push(text.slice(from))
    length += text.length - from
    if (length > MAX_LINE) channel.destroy()
  })
}

/** Characters: far more than all that a process may have waiting. */
const MAX_LINE = 256 * 1024 * 1024
