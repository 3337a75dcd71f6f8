/** Scanner, formats and operators put together for one body that goes nowhere: what is found, and why. */

import { deriveAgentKeys } from '../inspect/operators/keys.ts'
import { replace } from '../inspect/operators/replace.ts'
import { createVault, VAULT_LIMITS } from '../inspect/operators/vault.ts'
import type { Recognition } from '../inspect/recognizers/recognition.ts'
import type { Recognizer } from '../inspect/recognizers/recognizer.ts'
import type { Unscannable } from '../inspect/redact/findings.ts'
import type { Place } from '../inspect/redact/reader.ts'
import { createRedactor } from '../inspect/redact/redactor.ts'
import { createScanner } from '../inspect/scan/create-scanner.ts'
import { NOWHERE } from '../inspect/scan/scanner.ts'
import { DATA_CLASSES, type DataClass, type Operator } from '../model/finding.ts'
import { CommandError, EXIT } from './output.ts'

export interface TrialOptions {
  /** What is looked for, and what is left alone. */
  readonly recognition: Recognition
  /** Kinds and classes; null for all that are not off. */
  readonly types: readonly string[] | null
  readonly operator: Operator
  readonly contentType: string | null
  readonly key: Buffer
}

/** One kind at one place. */
export interface Find {
  readonly type: string
  readonly class: DataClass
  readonly path: string
  count: number
  readonly why: string
  /** Different ones, in the order in which they came. */
  readonly values: string[]
}

export interface Trial {
  /** @returns what can go on */
  push(chunk: Buffer): Buffer[]
  end(): Buffer[]
  readonly finds: readonly Find[]
  readonly unscannable: readonly Unscannable[]
}

/** @throws CommandError where a kind is not known */
export function createTrial({
  recognition,
  types,
  operator,
  contentType,
  key,
}: TrialOptions): Trial {
  const { recognizers, fields, allow } = recognition
  const known = new Map(recognizers.map((recognizer) => [recognizer.type, recognizer]))
  const scan = createScanner(recognizers, {
    fields,
    ...(types ? { types: toTypes(types, recognizers) } : {}),
  })
  const keys = deriveAgentKeys(key, '')
  const vault = createVault(
    () => keys,
    VAULT_LIMITS,
    () => performance.now(),
  ).for('')
  const isReal = (type: string, text: string) => {
    const bytes = Buffer.from(text)
    let isFound = false
    scan.scan(bytes, 0, bytes.length, NOWHERE, (_start, _end, each) => {
      isFound ||= each === type
    })
    return isFound
  }
  const finds = new Map<string, Find>()
  const note = (recognizer: Recognizer, value: string, place: Place) => {
    const { type, class: of } = recognizer
    const id = `${type} ${place.path}`
    const why = sayWhy(recognizer, place)
    const find = finds.get(id) ?? { type, class: of, path: place.path, count: 0, why, values: [] }
    find.count++
    if (!find.values.includes(value) && find.values.length < MAX_VALUES) find.values.push(value)
    finds.set(id, find)
  }
  const redactor = createRedactor({
    contentType,
    scan,
    replace: (type, bytes, place) => {
      const recognizer = known.get(type) as Recognizer
      const value = bytes.toString()
      if (allow.allows(value, place.path)) return null
      note(recognizer, value, place)
      const layer = place.kind === 'number' ? 'number' : 'text'
      const found = { type, class: recognizer.class, value }
      return Buffer.from(replace(found, operator, layer, { keys, vault, isReal }))
    },
  })
  return {
    push: (chunk) => redactor.push(chunk),
    end: () => redactor.end(),
    get finds() {
      return [...finds.values()]
    },
    get unscannable() {
      return redactor.unscannable
    },
  }
}

/** Of one kind at one place that are shown. */
const MAX_VALUES = 100

function toTypes(
  asked: readonly string[],
  recognizers: readonly Recognizer[],
): ReadonlySet<string> {
  const types = new Set<string>()
  for (const name of asked.flatMap((text) => text.split(','))) {
    const isClass = DATA_CLASSES.some((each) => each === name)
    const of = recognizers.filter(({ type, class: own, readiness }) =>
      isClass ? own === name && readiness !== 'off' : type === name,
    )
    if (of.length === 0) {
      const near = recognizers.map(({ type }) => type).filter((type) => type.includes(name))
      const hint = near.length > 0 ? near.slice(0, 8).join(', ') : DATA_CLASSES.join(', ')
      throw new CommandError(
        EXIT.invalid,
        `\`--type ${name}\`: no such kind or class`,
        `there is: ${hint}`,
      )
    }
    for (const { type } of of) types.add(type)
  }
  return types
}

/** What made it certain: its form, the name it stands under, words. */
function sayWhy({ shapes, basis, readiness, type }: Recognizer, { key, context }: Place): string {
  const isNamed = key !== '' && (context.keys !== null || context.hinted !== null)
  const byName = isNamed ? `, under \`${key}\`` : ''
  if (shapes.length === 0) return 'whatever stands there'
  if (shapes.every(({ kind }) => kind === 'key')) return `${basis}${byName}`
  const near = readiness === 'context' && !isNamed ? ', a word near it' : ''
  return `form of ${type}: ${basis}${byName}${near}`
}
