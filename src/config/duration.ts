/** Lengths of time as people write and read them: `250ms`, `30s`, `10m`, `8h`, `7d`. */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** @returns milliseconds, null when the text is no such length or zero. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,8})(ms|s|m|h|d)$/.exec(text)
  if (!match) return null
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
}

/** @param ms a whole number above zero. @returns it in the largest unit that says it exactly. */
export function sayDuration(ms: number): string {
  const [unit, length] = Object.entries(UNITS)
    .reverse()
    .find(([, each]) => ms % each === 0) ?? ['ms', 1]
  return `${ms / length}${unit}`
}
