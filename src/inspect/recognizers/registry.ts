/** Every recogniser there is: one line per family. The order decides where two are equally certain of the same text: the first has it. */

import { CONTACT } from './contact.ts'
import { FINANCIAL } from './financial.ts'
import type { Recognizer } from './recognizer.ts'

export const RECOGNIZERS: readonly Recognizer[] = [...FINANCIAL, ...CONTACT]
