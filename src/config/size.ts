/** Amounts of bytes as people write and read them: `64KiB`, `16MiB`, `1GiB`. */

const UNITS = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const

/** @returns bytes, null when the text is no such amount or zero. */
export function parseSize(text: string): number | null {
  const match = /^([1-9]\d{0,8})(B|KiB|MiB|GiB)$/.exec(text)
  if (!match) return null
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
}

/** @returns it in the largest unit of which there is at least one, with one digit behind the point. */
export function saySize(bytes: number): string {
  const [unit, size] = Object.entries(UNITS)
    .reverse()
    .find(([, each]) => bytes >= each) ?? ['B', 1]
  return unit === 'B' ? `${bytes} B` : `${(bytes / size).toFixed(1)} ${unit}`
}
