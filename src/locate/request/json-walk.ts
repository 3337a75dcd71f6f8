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
  if (root) descend(root, '', 0, visit)
}

function descend(
  node: JsonNode,
  ownerKey: string,
  depth: number,
  visit: (place: Place) => void,
): void {
  if (node.kind === 'array') for (const item of node.items) descend(item, ownerKey, depth, visit)
  if (node.kind !== 'object') return
  for (const { key, value } of node.members) {
    const loose = looseKey(key)
    for (const each of flat(value)) {
      visit({ key: loose, value: each, owner: node, ownerKey, depth })
    }
    descend(value, loose, depth + 1, visit)
  }
}

/** The value, and when it is an array its items as well. */
function flat(value: JsonNode): readonly JsonNode[] {
  return value.kind === 'array' ? [value, ...value.items] : [value]
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
