/** What is read off an event: which of its strings are pieces of a text, and which texts end with it. */

import type { EventShape } from '../event-queue.ts'

export class Shape implements EventShape {
  readonly pieces = new Map<string, string>()
  readonly sealed = new Set<string>()
  readonly ends: string[] = []

  /** @param text its name */
  add(value: unknown, path: string, text: string): void {
    if (typeof value === 'string') this.pieces.set(path, text)
  }

  /** The same, and sealed. @param text null for what comes whole */
  addSealed(value: unknown, path: string, text: string | null): void {
    if (typeof value !== 'string') return
    this.sealed.add(path)
    if (text !== null) this.pieces.set(path, text)
  }

  end(prefix: string): void {
    this.ends.push(prefix)
  }
}

/** @returns undefined for what has no such member */
export function at(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Numbers and names by which pieces belong together. */
export function id(...values: readonly unknown[]): string {
  const known = values.find((value) => typeof value === 'number' || typeof value === 'string')
  return known === undefined ? '' : String(known)
}
