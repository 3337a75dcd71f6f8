/**
 * Scanners by what they look for. Making one takes as long as reading megabytes, and a policy says the same of many destinations and agents:
 * so it is made once, whoever asks.
 */

import { ISSUED_TOKEN } from '../../inspect/operators/issued-token.ts'
import type { Recognition } from '../../inspect/recognizers/recognition.ts'
import { createScanner } from '../../inspect/scan/create-scanner.ts'
import type { Scanner } from '../../inspect/scan/scanner.ts'
import type { Direction } from '../../model/finding.ts'

/** Sets of kinds under one recognition: rules are few, and so are the ways in which they come together. */
const MAX_SETS = 64

/** What is only looked for has a scanner of its own: it is asked while another one is at work. */
export type Purpose = 'look' | Direction

export class Scanners {
  readonly #made = new WeakMap<Recognition, Map<string, Scanner>>()

  get(recognition: Recognition, types: Iterable<string>, purpose: Purpose): Scanner {
    const wanted = [...types].sort()
    const key = `${purpose} ${wanted.join(' ')}`
    const known = this.#made.get(recognition) ?? new Map<string, Scanner>()
    this.#made.set(recognition, known)
    const scanner = known.get(key) ?? create(recognition, wanted, purpose)
    if (!known.has(key) && known.size >= MAX_SETS) known.clear()
    known.set(key, scanner)
    return scanner
  }
}

function create(
  { recognizers, fields }: Recognition,
  types: readonly string[],
  purpose: Purpose,
): Scanner {
  // Nothing that was issued stands in a request for what it stands for.
  if (purpose !== 'in') return createScanner(recognizers, { types: new Set(types), fields })
  const all = new Set([...types, ISSUED_TOKEN.type])
  return createScanner([...recognizers, ISSUED_TOKEN], { types: all, fields })
}
