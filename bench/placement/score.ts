/** Answers held against the truth, counted in groups. */

import { isAnywhere, type Regions } from '../../src/model/region.ts'
import type { Truth } from './truth.ts'

export interface Score {
  n: number
  /** Exactly the country. */
  right: number
  /** The country is not among those named. */
  wrong: number
  /** The country and others: never allowed by itself, never wrong. */
  wide: number
  unknown: number
  /** Outside the EEA, but all countries named are in it: would be let out. */
  calledIn: number
  /** In the EEA, but no country named is: would be blocked. */
  calledOut: number
  /** Served from many places. */
  edge: number
  /** Of these: those for which one country was named. */
  edgeSingle: number
}

export function emptyScore(): Score {
  return {
    n: 0,
    right: 0,
    wrong: 0,
    wide: 0,
    unknown: 0,
    calledIn: 0,
    calledOut: 0,
    edge: 0,
    edgeSingle: 0,
  }
}

export function addAnswer(
  score: Score,
  { country }: Truth,
  answer: Regions,
  eea: ReadonlySet<string>,
): void {
  if (country === null) {
    score.edge++
    if (answer.length === 1 && !isAnywhere(answer)) score.edgeSingle++
    return
  }
  score.n++
  if (answer.length === 0) {
    score.unknown++
    return
  }
  const inside = answer.filter((code) => eea.has(code)).length
  if (!answer.includes(country) && !isAnywhere(answer)) score.wrong++
  else if (answer.length === 1 && !isAnywhere(answer)) score.right++
  else score.wide++
  if (!eea.has(country) && inside === answer.length) score.calledIn++
  if (eea.has(country) && inside === 0 && !isAnywhere(answer)) score.calledOut++
}
