/** YAML 1.2 to values, with the way back from a value to file, line and column: yaml's door. */

import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
} from 'yaml'

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
  /** Where a value stands; the nearest enclosing one when there is none at that path. */
  problemAt(path: readonly PropertyKey[], message: string, hint?: string): FileProblem
}

/** Bytes of the largest file that is read; policies are written by people. */
export const MAX_YAML_BYTES = 4 * 1024 * 1024

/** @param file its name in problems. */
export function parseYaml(text: string, file: string): YamlFile | readonly FileProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    return faults.map((fault) => ({
      ...at(fault.pos[0]),
      message: firstLine(fault.message),
      hint: null,
    }))
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    const message = firstLine(error instanceof Error ? error.message : String(error))
    return [{ file, line: null, column: null, message, hint: null }]
  }
  return {
    file,
    value,
    problemAt(path, message, hint) {
      for (let length = path.length; length > 0; length--) {
        const offset = offsetOf(document, path.slice(0, length))
        if (offset !== null) return { ...at(offset), message, hint: hint ?? null }
      }
      return { file, line: 1, column: 1, message, hint: hint ?? null }
    },
  }
}

/** Where a value begins; its key where the value is a block of lines below it. Null when nothing is there. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number | null {
  const value = document.getIn(path, true)
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
    : undefined
  const key = pair && isScalar(pair.key) ? pair.key.range?.[0] : undefined
  const start = isNode(value) ? value.range?.[0] : undefined
  return (isCollection(value) && !value.flow ? (key ?? start) : (start ?? key)) ?? null
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message
}
