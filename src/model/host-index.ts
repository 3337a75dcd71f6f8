/**
 * Templates found by name. A name is followed label by label from the right through the fixed ends of all templates, so that a
 * lookup costs as much as the name has labels in common with one, however many templates there are.
 */

import type { HostTemplate, LabelTemplate } from './host-template.ts'

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
