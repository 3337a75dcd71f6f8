/** Visits what a JSON text holds, wherever it stands. Depth is bounded by the reader. */

import type { JsonNode, JsonObject } from './json-fields.ts'
import { foldKey } from './json-fields.ts'

export interface Place {
  /** As `looseKey` makes it; items of an array have the key of the array. */
  readonly key: string
  readonly value: JsonNode
  /** The object it is a member of. */
  readonly owner: JsonObject
  /** The key of that object, empty for the outermost. */
  readonly ownerKey: string
  /** 0 for members of the outermost object. */
  readonly depth: number
}

export function walk(root: JsonNode | null, visit: (place: Place) => void): void {
  if (root) new Walk(visit).descend(root, '', 0)
}

class Walk {
  readonly #visit: (place: Place) => void
  /** The same few keys come again and again. */
  readonly #loose = new Map<string, string>()

  constructor(visit: (place: Place) => void) {
    this.#visit = visit
  }

  descend(node: JsonNode, ownerKey: string, depth: number): void {
    if (node.kind === 'array') for (const item of node.items) this.descend(item, ownerKey, depth)
    if (node.kind !== 'object') return
    for (const member of node.members) {
      const key = this.#looseOf(member.key)
      const { value } = member
      this.#visit({ key, value, owner: node, ownerKey, depth })
      if (value.kind === 'array') {
        for (const item of value.items)
          this.#visit({ key, value: item, owner: node, ownerKey, depth })
      }
      this.descend(value, key, depth + 1)
    }
  }

  #looseOf(key: string): string {
    const known = this.#loose.get(key)
    if (known !== undefined) return known
    const loose = looseKey(key)
    this.#loose.set(key, loose)
    return loose
  }
}

/** `file_uri`, `fileUri` and `File-URI` are one key to some readers. */
export function looseKey(key: string): string {
  return foldKey(key).replace(/[_-]/g, '')
}

/** The strings directly under a loose key of an object. */
export function stringsAt(owner: JsonObject, key: string): readonly string[] {
  return owner.members
    .filter((member) => looseKey(member.key) === key)
    .flatMap(({ value }) => (value.kind === 'string' ? [value.text] : []))
}
