/** A measurement as a person reads it. */

import type { Report } from './measure.ts'
import type { Score } from './score.ts'

export function sayReport({ tables, scores, excluded, skipped, seed }: Report): string {
  const lines = [
    `seed ${seed}; ${excluded} prefixes whose place nobody knows are left out`,
    ...skipped.map((text) => `skipped ${text}`),
    '',
    ...toTable(
      ['TABLE', 'OF', 'TRUTH OF', 'DAYS'],
      tables.map(({ table, as_of, truth_as_of }) => [
        table,
        as_of ?? 'none',
        truth_as_of ?? '-',
        sayDays(as_of, truth_as_of),
      ]),
    ),
  ]
  for (const [kind, groups] of Object.entries(scores)) {
    lines.push(
      '',
      kind === 'table' ? 'With the tables' : 'Without any table: what comes with Cordon',
    )
    lines.push(...toTable(HEAD, Object.entries(groups).sort(byName).map(toCells)))
  }
  return `${lines.join('\n')}\n`
}

const HEAD = [
  'GROUP',
  'ADDRESSES',
  'RIGHT %',
  'WRONG %',
  'WIDE %',
  'UNKNOWN %',
  'OUTSIDE CALLED EEA %',
  'EEA CALLED OUTSIDE %',
  'EDGE',
  'EDGE WITH ONE COUNTRY',
]

function toCells([group, score]: [string, Score]): string[] {
  const { n, right, wrong, wide, unknown, calledIn, calledOut, edge, edgeSingle } = score
  const share = (count: number) => (n === 0 ? '-' : ((100 * count) / n).toFixed(3))
  return [
    group,
    String(n),
    ...[right, wrong, wide, unknown, calledIn, calledOut].map(share),
    String(edge),
    String(edgeSingle),
  ]
}

/** Sums last. */
function byName([a]: [string, Score], [b]: [string, Score]): number {
  const isSum = (name: string) => Number(!name.includes(' IPv'))
  return isSum(a) - isSum(b) || (a < b ? -1 : 1)
}

function sayDays(from: string | null, to: string | null): string {
  if (from === null || to === null) return '-'
  return String(Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000))
}

function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
