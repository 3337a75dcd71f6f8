/** Where a reader of JSON is: the keys that lead there, for people and for those who know the API. */

import type { Context } from '../scan/scanner.ts'
import { MAY_NAME, NAMES, type Part, partOf, VALUE } from './pair.ts'
import type { Job, Kind, Place } from './reader.ts'

/** Keys can be data as well. */
const NAME = /^[A-Za-z_$][A-Za-z0-9_.-]{0,39}$/
/** Names that have so many digits are those of things rather than of fields. */
const ID = /\d{4}/
/** Steps that are shown. */
const SHOWN = 12

export class JsonPath {
  readonly #job: Job
  readonly #root: Place
  /** Of each object the key that is read, of each list the number of its element. */
  readonly #steps: (string | number)[] = []
  readonly #contexts: Context[] = []
  /** Of each object and list whether something was noted of it. */
  readonly #marks: boolean[] = []
  /** Of each object what the part of a pair that is a name says; empty for nothing. */
  readonly #names: string[] = []
  /** Whether what says so is a name in any case. */
  readonly #isNamed: boolean[] = []
  /** Of the key that is read. */
  #part: Part = 0
  /** How many of them there are now. */
  #depth = 0
  readonly text: Place
  readonly number: Place
  readonly name: Place

  constructor(job: Job, root: Place) {
    this.#job = job
    this.#root = root
    this.text = new JsonPlace(this, 'text')
    this.number = new JsonPlace(this, 'number')
    this.name = new JsonPlace(this, 'key')
  }

  get depth(): number {
    return this.#depth
  }

  get isInObject(): boolean {
    return this.#depth > 0 && typeof this.#steps[this.#depth - 1] === 'string'
  }

  enter(isObject: boolean): void {
    const depth = this.#depth
    this.#contexts[depth] = this.context
    this.#steps[depth] = isObject ? '' : 0
    this.#marks[depth] = false
    // `{"key": "ssn", "value": {"stringValue": "…"}}`
    this.#names[depth] = this.#part === VALUE && depth > 0 ? (this.#names[depth - 1] as string) : ''
    this.#isNamed[depth] = this.#names[depth] !== ''
    this.#part = 0
    this.#depth++
  }

  leave(): void {
    this.#part = 0
    this.#depth--
  }

  setKey(key: string, context = this.#job.scan.under(key), part = partOf(key)): void {
    const step = this.#depth - 1
    this.#steps[step] = key
    this.#part = part
    this.#contexts[step] = part < VALUE ? context : this.#contextOf(part, step, context)
  }

  /** Of a key that says little by itself. */
  #contextOf(part: Part, step: number, context: Context): Context {
    const name = part === VALUE ? (this.#names[step] as string) : ''
    const own = name === '' ? context : this.#job.scan.under(name)
    if (part === MAY_NAME || own.hinted !== null || own.keys !== null) return own
    return step > 0 ? (this.#contexts[step - 1] as Context) : this.#root.context
  }

  /** Whether what is read under this key says what another value is. */
  get isName(): boolean {
    return this.#part === NAMES || this.#part === MAY_NAME
  }

  setName(name: string): void {
    const step = this.#depth - 1
    if (this.#part === NAMES) this.#isNamed[step] = true
    else if (this.#isNamed[step]) return
    this.#names[step] = name
  }

  /** Notes something of the innermost object, for those who know the API. */
  mark(): void {
    this.#marks[this.#depth - 1] = true
  }

  get isMarked(): boolean {
    return this.#marks[this.#depth - 1] ?? false
  }

  get steps(): readonly (string | number)[] {
    return this.#steps.slice(0, this.#depth)
  }

  next(): void {
    const step = this.#steps[this.#depth - 1]
    if (typeof step === 'number') this.#steps[this.#depth - 1] = step + 1
  }

  /** The nearest key, through lists. */
  get key(): string {
    for (let i = this.#depth - 1; i >= 0; i--) {
      const step = this.#steps[i]
      if (typeof step === 'string') return step
    }
    return this.#root.key
  }

  get context(): Context {
    return this.#depth > 0 ? (this.#contexts[this.#depth - 1] as Context) : this.#root.context
  }

  /** `choices.0.delta.content` */
  toExact(): string {
    return this.steps.join('.')
  }

  /** `$.messages[].content` */
  toString(): string {
    const names = this.steps.map((step) => {
      if (typeof step === 'number') return '[]'
      return NAME.test(step) && !ID.test(step) ? `.${step}` : '.*'
    })
    const shown = names.length > SHOWN ? [...names.slice(0, SHOWN), '…'] : names
    const { path } = this.#root
    return `${path === 'body' ? '' : path}$${shown.join('')}`
  }
}

/** Where the path is at the time. */
class JsonPlace implements Place {
  readonly #path: JsonPath
  readonly kind: Kind

  constructor(path: JsonPath, kind: Kind) {
    this.#path = path
    this.kind = kind
  }

  get path(): string {
    return this.#path.toString()
  }

  get key(): string {
    return this.#path.key
  }

  get context(): Context {
    return this.#path.context
  }
}
