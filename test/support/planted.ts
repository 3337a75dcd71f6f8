/** Data that nobody is to see, and a search that finds it in whatever form it was sent. */

const ALPHABETS = /[A-Za-z0-9+/_-]{12,}={0,2}/g

export interface Planted {
  readonly type: string
  readonly value: string
  /** Whether a token for it leads back. */
  readonly isSecret?: boolean
}

/** @returns those of the values that are in a text: as they are, in other case, without separators, escaped, or in Base64 */
export function findPlanted(text: string, planted: readonly Planted[]): string[] {
  const forms = [...formsOf(text, 3)].map(plain)
  return planted
    .filter(({ value }) => forms.some((form) => form.includes(plain(value))))
    .map(({ value }) => value)
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[\s.:()\\-]/g, '')
}

function formsOf(text: string, depth: number): Set<string> {
  const forms = new Set([text])
  if (depth === 0) return forms
  const inner = [
    text.replace(/\\+u([0-9a-fA-F]{4})/g, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
      Buffer.from(run.replaceAll('%', ''), 'hex').toString(),
    ),
    ...(text.match(ALPHABETS) ?? []).flatMap((run) => {
      const decoded = Buffer.from(
        run,
        run.includes('-') || run.includes('_') ? 'base64url' : 'base64',
      )
      return decoded.length < text.length ? [decoded.toString('latin1')] : []
    }),
  ]
  for (const each of inner) {
    if (each === text || forms.has(each)) continue
    for (const form of formsOf(each, depth - 1)) forms.add(form)
  }
  return forms
}
