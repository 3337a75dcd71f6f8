/** Compiles recognisers into a scanner: who takes part, which words, layouts, literals and names lead to whom. */

import type { KeyShape, Recognizer, Shape } from '../recognizers/recognizer.ts'
import { compileAutomaton } from './automaton.ts'
import { compileLayouts, patternsOf } from './layouts.ts'
import { compileLiterals, reachingOf } from './literals.ts'
import { indexContextWords, Names } from './names.ts'
import { Pass } from './pass.ts'
import type { Scanner, ScanOptions } from './scanner.ts'
import { LEAST, Tables } from './tables.ts'

export function createScanner(all: readonly Recognizer[], options: ScanOptions = {}): Scanner {
  const recognizers = all.filter((recognizer) => takesPart(recognizer, options))
  const isOn = (recognizer: Recognizer, shape: Shape): boolean =>
    readinessOf(recognizer, shape) !== 'context'
  const keys = recognizers.flatMap((recognizer, index) =>
    recognizer.shapes
      .filter((shape): shape is KeyShape => shape.kind === 'key')
      .map((shape) => ({ recognizer: index, shape, on: true })),
  )
  const places = (options.fields ?? []).flatMap(({ type, matches }) => {
    const recognizer = recognizers.findIndex((each) => each.type === type)
    if (recognizer < 0) return []
    const key = keys.push({ recognizer, shape: { kind: 'key', keys: [] }, on: true }) - 1
    return [{ matches, context: { hinted: null, keys: [key], plain: false } }]
  })
  const contextAt = (path: string) => places.find(({ matches }) => matches(path))?.context ?? null
  const words = indexContextWords(recognizers)
  const names = new Names(keys, words, recognizers.length)
  const layouts = compileLayouts(patternsOf(recognizers, isOn))
  const literals = compileLiterals(recognizers, isOn)
  const hasLooseNames = keys.some(({ shape }) => shape.loose !== undefined)
  const pass = new Pass({
    types: recognizers.map(({ type }) => type),
    words,
    automaton: compileAutomaton(layouts, literals, hasLooseNames),
    reaching: reachingOf(literals),
    keys,
  })
  const tables = new Tables(pass, names)
  return {
    ...(places.length > 0 ? { contextAt } : {}),
    under: (name, isLabel) => names.under(name, isLabel),
    scan: (bytes, start, end, context, sink, stream) =>
      stream === undefined && end - start < LEAST
        ? pass.scan(bytes, start, end, context, sink, null)
        : tables.scan(bytes, start, end, context, sink, stream ?? null),
  }
}

/** A shape that is `off` takes part where its recogniser was asked for by name. */
function takesPart({ type, readiness }: Recognizer, { types }: ScanOptions): boolean {
  return types === undefined ? readiness !== 'off' : types.has(type)
}

function readinessOf(recognizer: Recognizer, shape: Shape): string {
  return shape.readiness ?? recognizer.readiness
}
