/**
 * Names of fields and what stood in each the last time, where nothing was found: nearly all have been there before. What is found in one
 * depends on nothing but the scanner. Credentials are not kept.
 */

import type { Scanner } from '../../scan/scanner.ts'

const MAX_NAMES = 1024
const MAX_NAME = 64
const MAX_VALUE = 256

class Known {
  readonly names = new Set<string>()
  readonly values = new Map<string, string>()
}

const byScanner = new WeakMap<Scanner, Known>()

export function isKnownName(scanner: Scanner, name: string): boolean {
  return byScanner.get(scanner)?.names.has(name) ?? false
}

/** @param name in lower case */
export function isKnownValue(scanner: Scanner, name: string, value: string): boolean {
  return byScanner.get(scanner)?.values.get(name) === value
}

export function learnName(scanner: Scanner, name: string): void {
  if (name.length > MAX_NAME) return
  const { names } = knownOf(scanner)
  if (names.size === MAX_NAMES) names.clear()
  names.add(name)
}

export function learnValue(scanner: Scanner, name: string, value: string): void {
  if (name.length > MAX_NAME || value.length > MAX_VALUE) return
  const { values } = knownOf(scanner)
  if (values.size === MAX_NAMES) values.clear()
  values.set(name, value)
}

function knownOf(scanner: Scanner): Known {
  const known = byScanner.get(scanner) ?? new Known()
  byScanner.set(scanner, known)
  return known
}
