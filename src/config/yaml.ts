/**
 * YAML 1.2 to values, with the way back from a value to file, line and column: yaml's door. What two readers could take
 * for two things (double keys, tags, YAML 1.1) is refused, and so is what takes more than linear time.
 */

import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml'
import { MAX_PROBLEMS } from './form.ts'

/** One mistake in a file, where it is. */
export interface FileProblem {
  readonly file: string
  /** Both from 1; null when the file as a whole is meant. */
  readonly line: number | null
  readonly column: number | null
  readonly message: string
  readonly hint: string | null
}

export interface YamlFile {
  readonly file: string
  readonly value: unknown
  /** Where a value stands, or its key; the nearest enclosing one when there is none at that path. */
  problemAt(
    path: readonly PropertyKey[],
    message: string,
    hint?: string,
    at?: 'value' | 'key',
  ): FileProblem
}

/** Bytes of the largest file that is read. Policies are written by people, and a running proxy stands still meanwhile. */
export const MAX_YAML_BYTES = 1024 * 1024

/** Nodes inside each other, and references to anchors, in one file. */
const MAX_DEPTH = 64
const MAX_ALIASES = 100

/** @param file its name in problems. */
export function parseYaml(text: string, file: string): YamlFile | readonly FileProblem[] {
  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  // The library's own search for double keys takes quadratic time.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, strict: true })
  const faults = findFaults(document)
  if (faults.length > 0) {
    return faults
      .slice(0, MAX_PROBLEMS)
      .map(({ offset, message }) => ({ ...at(offset), message, hint: null }))
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    const message = firstLine(error instanceof Error ? error.message : String(error))
    return [{ file, line: null, column: null, message, hint: null }]
  }
  return {
    file,
    value,
    problemAt(path, message, hint, where = 'value') {
      for (let length = path.length; length > 0; length--) {
        const offset = offsetOf(document, path.slice(0, length), where)
        if (offset !== null) return { ...at(offset), message, hint: hint ?? null }
      }
      return { file, line: 1, column: 1, message, hint: hint ?? null }
    },
  }
}

interface Fault {
  readonly offset: number
  readonly message: string
}

function findFaults(document: Document.Parsed): readonly Fault[] {
  const told = [...document.errors, ...document.warnings]
  if (told.some(({ message }) => message.startsWith('Maximum call stack'))) return [TOO_DEEP]
  if (told.length > 0) {
    return told.map(({ pos, message }) => ({ offset: pos[0], message: firstLine(message) }))
  }
  if (document.directives.yaml.version !== '1.2') {
    return [{ offset: 0, message: 'only YAML 1.2 is read here' }]
  }
  return findAmbiguities(document)
}

const TOO_DEEP: Fault = { offset: 0, message: 'the file is nested too deeply' }

function findAmbiguities(document: Document.Parsed): readonly Fault[] {
  const faults: Fault[] = []
  const anchors = new Set<string>()
  let aliases = 0
  visit(document, {
    Alias(_, { source, range }) {
      const offset = range?.[0] ?? 0
      if (!anchors.has(source)) faults.push({ offset, message: `there is no anchor \`${source}\`` })
      if (++aliases <= MAX_ALIASES) return undefined
      faults.push({ offset, message: `more than ${MAX_ALIASES} aliases` })
      return visit.BREAK
    },
    Scalar(_, { anchor }) {
      if (anchor) anchors.add(anchor)
    },
    Collection(_, node, path) {
      const offset = node.range?.[0] ?? 0
      if (node.anchor) anchors.add(node.anchor)
      if (path.length > MAX_DEPTH) {
        faults.push({ ...TOO_DEEP, offset })
        return visit.BREAK
      }
      const keys = new Set<string>()
      for (const { key } of isMap(node) ? node.items : []) {
        const name = isScalar(key) ? String(key.value) : null
        const start = isNode(key) ? (key.range?.[0] ?? offset) : offset
        // Objects of the language have a `__proto__` that is not their own.
        if (name === null || name === '__proto__') {
          faults.push({ offset: start, message: 'this cannot be a key' })
        } else if (keys.has(name)) {
          faults.push({ offset: start, message: `\`${name}\` is set twice` })
        } else keys.add(name)
      }
      return undefined
    },
  })
  return faults
}

/** Where a value begins; its key when that is asked for, or the value is a block of lines below it. Null when there is none. */
function offsetOf(
  document: Document.Parsed,
  path: readonly PropertyKey[],
  where: 'value' | 'key',
): number | null {
  const value = document.getIn(path, true)
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
    : undefined
  const key = pair && isScalar(pair.key) ? pair.key.range?.[0] : undefined
  const start = isNode(value) ? value.range?.[0] : undefined
  const isBlock = isCollection(value) && !value.flow
  return (where === 'key' || isBlock ? (key ?? start) : (start ?? key)) ?? null
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message
}
