/**
 * All kinds that can be found under one policy, and how: those that everybody has, and a customer's own; and what is found and yet left
 * alone. For the policy it is a table of kinds and nothing more.
 */

import type { DataClass, Kind } from '../../model/finding.ts'
import type { PlaceKind } from '../scan/scanner.ts'
import { type Allow, compileAllow } from './custom/allow.ts'
import { compileCustom } from './custom/custom.ts'
import type { AllowDocument, CustomProblem, OwnKind } from './custom/document.ts'
import type { Recognizer } from './recognizer.ts'
import { KINDS, RECOGNIZERS } from './registry.ts'

export class Recognition extends Map<string, Kind> {
  /** A customer's own first: of two that find the same they are heard. */
  readonly recognizers: readonly Recognizer[]
  readonly fields: readonly PlaceKind[]
  readonly allow: Allow

  constructor(own: readonly Recognizer[], fields: readonly PlaceKind[], allow: Allow) {
    super(KINDS)
    for (const { type, class: of, readiness } of own) this.set(type, { class: of, readiness })
    this.recognizers = [...own, ...RECOGNIZERS]
    this.fields = fields
    this.allow = allow
  }

  classOf(type: string): DataClass {
    return this.get(type)?.class ?? 'secret'
  }
}

export const BUILT_IN = new Recognition([], [], { allows: () => false })

/** @returns that, or everything that is wrong with what was given */
export function compileRecognition(
  kinds: readonly OwnKind[],
  allow: AllowDocument,
  key: Buffer,
): { readonly recognition: Recognition } | { readonly problems: readonly CustomProblem[] } {
  const own = compileCustom(kinds, key, new Set(KINDS.keys()))
  const left = compileAllow(allow)
  if ('problems' in own || 'problems' in left) {
    const problems = [own, left].flatMap((each) => ('problems' in each ? each.problems : []))
    return { problems }
  }
  return { recognition: new Recognition(own.recognizers, own.fields, left.allow) }
}

/** How the kinds of a policy are recognised. */
export function recognitionOf(kinds: ReadonlyMap<string, Kind>): Recognition {
  return kinds instanceof Recognition ? kinds : BUILT_IN
}
