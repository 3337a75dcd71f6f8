/**
 * Results as text: a table of medians, the paired ratios, the differences, the targets. Markdown,
 * so that a result can be pasted where it is talked about. Draws no conclusion that the rows do not
 * hold.
 */

import {
  FIGURES,
  type Figure,
  figuresOf,
  isSound,
  paired,
  type Row,
  type Spread,
  spread,
} from './measure.ts'
import { DIFFERENCES, REFERENCES, resultOf, TARGETS } from './targets.ts'
import type { Workload } from './workloads.ts'

/** Rounds below which nothing is established. */
const ENOUGH = 5

/** Everything there is to say about one workload. `rows` may hold others. */
export function report(workload: Workload, peers: readonly string[], rows: readonly Row[]): string {
  const own = rows.filter((row) => row.workload === workload.name)
  const measured = peers.filter((peer) => own.some((row) => row.peer === peer))
  return [
    table(workload, measured, own),
    ratios(workload, measured, own),
    differences(workload, measured, own),
    targets(workload.name, own),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function table(workload: Workload, peers: readonly string[], rows: readonly Row[]): string {
  const { figure, columns } = workload
  const lines = peers.map((peer) => {
    const own = rows.filter((row) => row.peer === peer)
    const of = (name: Figure) => spread([...figuresOf(own, peer, name).values()])
    return [
      peer,
      withEnds(of(figure)),
      ...columns.map((column) => digits(of(column)?.median)),
      `${own.filter(isSound).length}/${own.length}`,
      failures(own),
    ]
  })
  const heads = [figure, ...columns].map((name) => FIGURES[name])
  return markdown(['peer', ...heads, 'sound rounds', 'failures'], lines)
}

/** How many, and the first reason there is. */
function failures(rows: readonly Row[]): string {
  const count = rows.reduce((sum, row) => sum + row.errors + row.notOk + row.late, 0)
  const idle = rows.some((row) => row.requests === 0) ? 'a round without an answer' : undefined
  const reason = rows.find((row) => row.error !== '')?.error ?? idle
  return reason ? `${count} (${reason})` : `${count}`
}

/** Each round is compared with itself, so that a slow moment of the machine drops out. */
function ratios(workload: Workload, peers: readonly string[], rows: readonly Row[]): string {
  const { figure } = workload
  const comparable = peers.filter((peer) => figuresOf(rows, peer, figure).size > 0)
  const references = REFERENCES.filter((reference) => comparable.includes(reference))
  if (references.length === 0) return ''
  const over = (peer: string, reference: string) =>
    peer === reference ? '1' : withEnds(paired(rows, peer, reference, figure, 'ratio'))
  return markdown(
    [`${FIGURES[figure]} of`, ...references.map((reference) => `over ${reference}`)],
    comparable.map((peer) => [peer, ...references.map((reference) => over(peer, reference))]),
  )
}

/** What one thing costs, and what a proxy adds to the way without one. */
function differences(workload: Workload, peers: readonly string[], rows: readonly Row[]): string {
  const { figure } = workload
  const proxies = figure === 'p50Us' ? peers.filter((peer) => peer !== 'direct') : []
  const added = proxies.map((peer) => ({ peer, minus: 'direct', is: 'added by the proxy' }))
  return [...DIFFERENCES, ...added]
    .flatMap(({ peer, minus, is }) => {
      const difference = paired(rows, peer, minus, figure, 'difference')
      const what = `${FIGURES[figure]}, ${peer} - ${minus} (${is})`
      return difference ? [`- ${what}: ${withEnds(difference)}`] : []
    })
    .join('\n')
}

function targets(workload: string, rows: readonly Row[]): string {
  return TARGETS.filter((target) => target.workload === workload)
    .flatMap((target) => {
      const result = resultOf(target, rows)
      if (result === null) return []
      const sign = target.against?.by === 'ratio' ? ' / ' : ' - '
      const what = target.peer + (target.against ? sign + target.against.peer : '')
      const met = result.median <= target.atMost ? 'met' : 'MISSED'
      const few = result.count < ENOUGH ? `, too few rounds (${result.count})` : ''
      const bound = `at most ${target.atMost}`
      return [`- ${FIGURES[target.figure]}, ${what}: ${withEnds(result)}, ${bound}: ${met}${few}`]
    })
    .join('\n')
}

function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'))
  const all = [head, rule, ...lines]
  const widths = head.map((_, i) => Math.max(...all.map((line) => line[i]?.length ?? 0)))
  const padded = (cell: string, i: number) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
  return all.map((cells) => `| ${cells.map(padded).join(' | ')} |`).join('\n')
}

/** `54.4 [52.0–57.1]`. */
function withEnds(values: Spread | null): string {
  if (values === null) return '-'
  return `${digits(values.median)} [${digits(values.min)}–${digits(values.max)}]`
}

/** Three digits that count, or all before the point. */
function digits(value: number | undefined): string {
  if (value === undefined) return '-'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}
