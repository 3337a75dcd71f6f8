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

/** What a name says, and the row that says it. */
export interface HostMatch<T> {
  readonly template: HostTemplate
  readonly value: T
  /** The label, or part of it, that stands where the region does; null when the template has none. */
  readonly region: string | null
}

export interface HostRow<T> {
  readonly template: HostTemplate
  readonly value: T
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

/** Rows found by name: the longest fixed end first, then what is most specific before it. */
export function createHostIndex<T>(
  rows: readonly HostRow<T>[],
): (host: string) => HostMatch<T> | null {
  const root = createNode<T>()
  for (const row of rows) {
    let node = root
    for (const label of row.template.tail) {
      const next = node.below.get(label) ?? createNode<T>()
      node.below.set(label, next)
      node = next
    }
    node.rows.push(row)
  }
  prepare(root)
  return (host) => findIn(root, host)
}

/** Of two templates that end alike, which speaks first: negative when it is `a`. */
export function compareTemplates(a: HostTemplate, b: HostTemplate): number {
  for (const [i, label] of a.head.entries()) {
    const other = b.head[i]
    if (!other) return -1
    if (label.fixed !== other.fixed) return other.fixed - label.fixed
  }
  if (a.head.length !== b.head.length) return 1
  return Number(a.open) - Number(b.open)
}

interface Node<T> {
  readonly below: Map<string, Node<T>>
  readonly rows: HostRow<T>[]
  /** Labels that the rows look at. */
  depth: number
}

function createNode<T>(): Node<T> {
  return { below: new Map(), rows: [], depth: 0 }
}

function prepare<T>(node: Node<T>): void {
  node.rows.sort((a, b) => compareTemplates(a.template, b.template))
  node.depth = Math.max(0, ...node.rows.map(({ template }) => template.head.length))
  for (const next of node.below.values()) prepare(next)
}

/** A node of the index that the end of a name led to, and where the rest of the name ends. */
interface Step<T> {
  readonly node: Node<T>
  readonly end: number
}

function findIn<T>(root: Node<T>, host: string): HostMatch<T> | null {
  const steps: Step<T>[] = []
  let node: Node<T> | undefined = root
  let end = host.length
  while (end > 0) {
    const dot = host.lastIndexOf('.', end - 1)
    node = node.below.get(host.slice(dot + 1, end))
    if (!node) break
    end = dot
    if (node.rows.length > 0) steps.push({ node, end })
  }
  if (steps.length === 0 || host.startsWith('.') || host.includes('..')) return null
  for (let step = steps.pop(); step; step = steps.pop()) {
    const found = matchRows(step, host)
    if (found) return found
  }
  return null
}

function matchRows<T>({ node, end }: Step<T>, host: string): HostMatch<T> | null {
  const labels: string[] = []
  let rest = end
  while (labels.length < node.depth && rest > 0) {
    const dot = host.lastIndexOf('.', rest - 1)
    labels.push(host.slice(dot + 1, rest))
    rest = dot
  }
  for (const { template, value } of node.rows) {
    const { head, open } = template
    const isLonger = labels.length > head.length || rest > 0
    if (labels.length < head.length || isLonger !== open) continue
    const region = readRegion(head, labels)
    if (region !== null) return { template, value, region: region === '' ? null : region }
  }
  return null
}

/** @returns the region named, an empty text without one, null when a label does not fit. */
function readRegion(head: readonly LabelTemplate[], labels: readonly string[]): string | null {
  let region = ''
  for (let i = 0; i < head.length; i++) {
    const found = head[i]?.read(labels[i] ?? '') ?? null
    if (found === null) return null
    region ||= found
  }
  return region
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
