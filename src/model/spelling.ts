/** What was probably meant by a name nobody knows. */

/** @returns the known name that is nearest, where it is near enough to have been meant; else null. */
export function nearest(text: string, known: Iterable<string>): string | null {
  let best: string | null = null
  let least = Math.max(1, text.length / 3)
  for (const name of known) {
    // Lengths that differ by more cost no table.
    if (Math.abs(name.length - text.length) > least) continue
    const distance = editDistance(text, name)
    if (distance < least || (distance === least && best === null)) {
      best = name
      least = distance
    }
  }
  return best
}

/** Letters added, left out, replaced or swapped with the next one (optimal string alignment); names are short. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwapped ? at(i - 2, j - 2) + 1 : changed
      row.push(Math.min(changed, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1))
    }
  }
  return at(a.length, b.length)
}
