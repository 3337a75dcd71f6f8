/** The text of /metrics read back: what commands learn of a running proxy is what Prometheus learns of it. */

export interface ExposedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/y

/** @returns the samples that can be read; null when something in between is no line of the format */
export function parseExposition(text: string): readonly ExposedSample[] | null {
  const samples: ExposedSample[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, inner, value] = LINE.exec(line) ?? []
    const labels = parseLabels(inner ?? '')
    if (name === undefined || value === undefined || !labels) return null
    samples.push({ name, labels, value: toNumber(value) })
  }
  return samples
}

function parseLabels(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [, name, value] = LABEL.exec(text) ?? []
    if (name === undefined || value === undefined) return null
    labels[name] = value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
  }
  return labels
}

function toNumber(text: string): number {
  return Number(text.replace(/Inf$/, 'Infinity'))
}
