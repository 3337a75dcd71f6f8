/**
 * Templates of host names: `s3.{region}.amazonaws.com`, `*.eu.auth0.com`. They are read from the right, label by label, and
 * begin with at least two labels that stand fixed, so that a name proves something only under a suffix its owner controls.
 *
 * A leading `*` is one or more labels, whoever chose them; further on it is one label, or a part of one. `{region}` is one
 * label or a part of it, `{n}` digits. A name is canonical ASCII without a trailing dot.
 */

import type { Parsed } from './errors.ts'

export interface HostTemplate {
  /** As written. */
  readonly text: string
  /** Fixed labels at the end, from the right: `['com', 'amazonaws']`. */
  readonly tail: readonly string[]
  /** What stands before them, from the right, without the leading `*`. */
  readonly head: readonly LabelTemplate[]
  /** Whether one or more labels of any kind come first. */
  readonly open: boolean
}

export interface LabelTemplate {
  /** Fixed characters in the label; of two templates the one with more of them is the more specific. */
  readonly fixed: number
  /** The region named; an empty text when the label fits and has none; null when it does not fit. */
  read(label: string): string | null
}

/** Reads a template. */
export function parseHostTemplate(text: string): Parsed<HostTemplate> {
  const fault = (why: string) => ({ fault: `\`${text.slice(0, 80)}\` ${why}` })
  if (text.length > 253) return fault('is too long')
  const labels = text.split('.').reverse()
  const fixed = labels.findIndex((label) => !isFixed(label))
  const tail = fixed < 0 ? labels : labels.slice(0, fixed)
  if (tail.some((label) => !LABEL.test(label))) return fault('has a label no host name has')
  if (tail.length < 2) return fault('does not end in two fixed labels')
  if (/^\d+$/.test(tail[0] ?? '')) return fault('is an address')
  const before = labels.slice(tail.length)
  const open = before.at(-1) === '*'
  const head: LabelTemplate[] = []
  for (const label of open ? before.slice(0, -1) : before) {
    const parsed = parseLabel(label)
    if (!parsed) return fault(`has \`${label.slice(0, 63)}\` where a label is expected`)
    head.push(parsed)
  }
  if (text.split('{region}').length > 2) return fault('names more than one region')
  return { value: { text, tail, head, open } }
}

const LABEL = /^[a-z0-9_-]{1,63}$/

function isFixed(label: string): boolean {
  return !/[*{}]/.test(label)
}

/** How a provider writes a region in front of a name that somebody else chose: `europe-west1-` (Google). */
const BEFORE_A_NAME = '([a-z]+-[a-z]+[0-9]{1,2})'

const PIECES: ReadonlyMap<string, string> = new Map([
  ['{region}', '([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)'],
  ['{n}', '[0-9]+'],
  ['*', '[a-z0-9_-]+'],
])

function parseLabel(label: string): LabelTemplate | null {
  if (label === '{region}') return { fixed: 0, read: (text) => (LABEL.test(text) ? text : null) }
  if (label === '*') return { fixed: 0, read: () => '' }
  const pieces = label.split(/(\{region\}|\{n\}|\*)/).filter((piece) => piece !== '')
  // With one of each, matching a label takes no more than its length squared.
  const open = pieces.filter((piece) => PIECES.has(piece))
  if (new Set(open).size !== open.length) return null
  const written = pieces.filter((piece) => !PIECES.has(piece)).join('')
  if (!LABEL.test(written)) return null
  const source = pieces.map((piece) => PIECES.get(piece) ?? piece).join('')
  const pattern = label.startsWith('{region}-*') ? `${BEFORE_A_NAME}-[a-z0-9_-]+` : source
  const regex = new RegExp(`^${pattern}$`)
  const first = pieces[0] && !PIECES.has(pieces[0]) ? pieces[0] : ''
  return {
    fixed: written.length,
    read: (text) => {
      if (!text.startsWith(first)) return null
      const match = regex.exec(text)
      return match ? (match[1] ?? '') : null
    },
  }
}
