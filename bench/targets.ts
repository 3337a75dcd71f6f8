/**
 * What the results are read for: the promises of the project in numbers. A target is met by the
 * median of the rounds.
 */

import { type Figure, figuresOf, paired, type Row, type Spread, spread } from './measure.ts'

export interface Target {
  readonly workload: string
  readonly peer: string
  readonly figure: Figure
  /** What the figure is set against, round by round; null: it stands for itself. */
  readonly against: { readonly peer: string; readonly by: 'ratio' | 'difference' } | null
  readonly atMost: number
}

const over = (peer: string) => ({ peer, by: 'ratio' }) as const
const minus = (peer: string) => ({ peer, by: 'difference' }) as const
const CPU = { workload: 'w1l', figure: 'cpuUs' } as const
const NEW = { workload: 'w2new', figure: 'cpuUs' } as const
const HTTP2 = { workload: 'w7', figure: 'cpuUs' } as const

export const TARGETS: readonly Target[] = [
  { ...CPU, peer: 'cordon', against: over('squid-bump'), atMost: 0.55 },
  { ...CPU, peer: 'cordon', against: over('mitmproxy'), atMost: 0.04 },
  { ...CPU, peer: 'cordon-no-audit', against: over('nginx'), atMost: 1.3 },
  { ...CPU, peer: 'cordon', against: minus('cordon-no-audit'), atMost: 8 },
  { ...CPU, peer: 'cordon-2', against: over('cordon'), atMost: 1.05 },
  { ...NEW, peer: 'cordon', against: over('squid-bump'), atMost: 0.65 },
  { ...NEW, peer: 'cordon', against: over('nginx'), atMost: 1.35 },
  // As often as nginx: what a client offers is one thing, whether it is taken up another.
  {
    workload: 'w2res',
    figure: 'resumedShare',
    peer: 'nginx',
    against: minus('cordon'),
    atMost: 0.01,
  },
  { workload: 'w2cold', figure: 'cpuUs', peer: 'cordon', against: over('squid-bump'), atMost: 0.4 },
  { ...HTTP2, peer: 'cordon', against: over('nginx'), atMost: 2 },
  { ...HTTP2, peer: 'cordon', against: over('mitmproxy'), atMost: 0.06 },
  { workload: 'w3dl', figure: 'cpuMsPerMb', peer: 'cordon', against: over('nginx'), atMost: 1.1 },
  { workload: 'w3ul', figure: 'cpuMsPerMb', peer: 'cordon', against: over('nginx'), atMost: 1 },
  {
    workload: 'w4',
    figure: 'cpuMsPerMb',
    peer: 'cordon-tunnel',
    against: over('squid-plain'),
    atMost: 1.1,
  },
  { workload: 'w5', figure: 'kbPerConnection', peer: 'cordon', against: null, atMost: 60 },
  { workload: 'w1lat1k', figure: 'p50Us', peer: 'cordon', against: minus('nginx'), atMost: 0 },
  { workload: 'w6x', figure: 'p99Us', peer: 'cordon', against: minus('direct'), atMost: 2_000 },
  { workload: 'w3dl', peer: 'cordon', figure: 'grewMb', against: null, atMost: 50 },
  { workload: 'w3ul', peer: 'cordon', figure: 'grewMb', against: null, atMost: 50 },
]

/** The columns of the table of ratios. */
export const REFERENCES: readonly string[] = [
  'nginx',
  'squid-bump',
  'squid-plain',
  'mitmproxy',
  'http-mitm-proxy',
]

/** Pairs whose difference is the cost of one thing. */
export const DIFFERENCES: readonly { peer: string; minus: string; is: string }[] = [
  { peer: 'cordon', minus: 'cordon-no-audit', is: 'the audit log' },
  { peer: 'cordon-rules', minus: 'cordon', is: '50 rules that do not match' },
]

/** Null when the rounds do not answer it. */
export function resultOf(target: Target, rows: readonly Row[]): Spread | null {
  const { peer, figure, against } = target
  const own = rows.filter((row) => row.workload === target.workload)
  if (against) return paired(own, peer, against.peer, figure, against.by)
  return spread([...figuresOf(own, peer, figure).values()])
}
