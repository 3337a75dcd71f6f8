/**
 * Reading what a process tree used, from /proc, and the arithmetic of the results: medians and
 * paired ratios. Never starts anything. Linux only.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** One measurement of one peer in one round. Figures are left out where they do not apply. */
export interface Row {
  readonly workload: string
  readonly peer: string
  readonly round: number
  readonly figures: Readonly<Partial<Record<Figure, number>>>
  readonly requests: number
  /** Failed connections and requests. */
  readonly errors: number
  /** Answers that were not 200 or had the wrong length. */
  readonly notOk: number
  /** Times an open loop fell a second behind, and one more when it missed its rate. */
  readonly late: number
  /** The first thing that went wrong, or empty. */
  readonly error: string
}

/**
 * What can be measured, with the head of its column. CPU is that of the proxy's process tree, user
 * and system.
 */
export const FIGURES = {
  cpuUs: 'CPU µs/request',
  cpuMsPerMb: 'CPU ms/MB',
  perSecond: 'requests/s',
  mbPerSecond: 'MB/s',
  p50Us: 'p50 µs',
  p99Us: 'p99 µs',
  meanUs: 'mean µs',
  maxUs: 'max µs',
  cpuShare: 'of one core',
  resumedShare: 'resumed',
  rssBeforeMb: 'RSS before MiB',
  rssMb: 'RSS MiB',
  peakMb: 'peak RSS MiB',
  grewMb: 'grew MiB',
  rssAfterMb: 'RSS after MiB',
  kbPerConnection: 'KiB/connection',
} as const

export type Figure = keyof typeof FIGURES

export interface Usage {
  /**
   * User and system time since the start of each process, waited-for children included; 10 ms
   * steps.
   */
  readonly cpuMs: number
  /** Resident memory; pages shared between processes count once for each. */
  readonly rssMb: number
}

/** Milliseconds in one of the ticks /proc counts in: USER_HZ is 100 wherever Node runs. */
const TICK_MS = 10

/** What the process, its descendants and the rest of its process group have used so far. */
export function usage(root: number): Usage {
  let cpuMs = 0
  let rssMb = 0
  for (const pid of processTree(root)) {
    cpuMs += (readStat(pid)?.ticks ?? 0) * TICK_MS
    rssMb += statusMb(pid, 'VmRSS')
  }
  return { cpuMs, rssMb }
}

/**
 * Forgets the highest resident memory so far (proc(5), clear_refs), so that `peakMb` counts from
 * now.
 */
export function resetPeak(root: number): void {
  for (const pid of processTree(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {
      // The process has just ended.
    }
  }
}

/**
 * The sum of each process's highest resident memory since `resetPeak`; they need not have been at
 * once.
 */
export function peakMb(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + statusMb(pid, 'VmHWM'), 0)
}

function processTree(root: number): number[] {
  const all = readdirSync('/proc').flatMap((name) => readStat(Number(name)) ?? [])
  const members = new Set([root])
  for (const { pid, group } of all) if (group === root) members.add(pid)
  for (let before = 0; before !== members.size; ) {
    before = members.size
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid)
  }
  return [...members]
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly ticks: number
}

/**
 * Null when there is no such process (any more). The command may hold spaces and brackets: fields
 * follow the last one.
 */
function readStat(pid: number): Stat | null {
  if (!Number.isInteger(pid)) return null
  const text = read(`/proc/${pid}/stat`)
  if (text === null) return null
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [, parent = 0, group = 0] = fields
  // utime, stime, cutime, cstime
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0)
  return { pid, parent, group, ticks }
}

function statusMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`) ?? '')
  return Number(match?.[1] ?? 0) / 1024
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return null
  }
}

/** The middle of the values and their ends. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/** Null without values. */
export function spread(values: readonly number[]): Spread | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  const low = sorted[(sorted.length - 1) >> 1]
  const high = sorted[sorted.length >> 1]
  const min = sorted[0]
  const max = sorted.at(-1)
  if (low === undefined || high === undefined || min === undefined || max === undefined) return null
  return { median: (low + high) / 2, min, max, count: sorted.length }
}

/** Failures a row may have, as a share of its requests, before it counts for nothing. */
const TOLERATED = 0.001

/** A row that may enter a median: a proxy that fails quickly must not look quick. */
export function isSound(row: Row): boolean {
  if (row.requests === 0 || row.late > 0) return false
  return row.errors + row.notOk <= row.requests * TOLERATED
}

/** The figure in each sound row of the peer. */
export function figuresOf(rows: readonly Row[], peer: string, figure: Figure): Map<number, number> {
  const values = new Map<number, number>()
  for (const row of rows) {
    const value = row.figures[figure]
    if (row.peer === peer && isSound(row) && value !== undefined) values.set(row.round, value)
  }
  return values
}

/**
 * Ratio or difference of two peers within each round both were sound in: what the rounds have in
 * common drops out.
 */
export function paired(
  rows: readonly Row[],
  peer: string,
  against: string,
  figure: Figure,
  by: 'ratio' | 'difference',
): Spread | null {
  const others = figuresOf(rows, against, figure)
  const results: number[] = []
  for (const [round, value] of figuresOf(rows, peer, figure)) {
    const other = others.get(round)
    if (other === undefined) continue
    results.push(by === 'ratio' ? value / other : value - other)
  }
  return spread(results)
}
