/** Amounts of bytes as people write them: `64KiB`, `16MiB`, `1GiB`. */

const UNITS = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const

/** @returns bytes, null when the text is no such amount or zero. */
export function parseSize(text: string): number | null {
  const match = /^([1-9]\d{0,8})(B|KiB|MiB|GiB)$/.exec(text)
  if (!match) return null
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
}
