/** Every recogniser there is: one line per family. The order decides where two are equally certain of the same text: the first has it. */

import type { DataClass } from '../../model/finding.ts'
import { CONTACT } from './contact.ts'
import { FINANCIAL } from './financial.ts'
import type { Recognizer } from './recognizer.ts'

export const RECOGNIZERS: readonly Recognizer[] = [...FINANCIAL, ...CONTACT]

/** The class of each kind, by its published name. */
export const KINDS: ReadonlyMap<string, DataClass> = new Map(
  RECOGNIZERS.map(({ type, class: of }) => [type, of]),
)
