/** The states of runs.ts: what is known of the run of letters and digits at hand, or of the gap behind one. */

import type { Node } from './layouts.ts'

/** What ends right before: nothing, a run without a digit close by, one with such a digit, a digit. */
export const NOTHING = 0
export const WORD_END = 1
export const NEAR_DIGIT = 2
export const AT_DIGIT = 3
export type Behind = typeof NOTHING | typeof WORD_END | typeof NEAR_DIGIT | typeof AT_DIGIT

/** As far back as surroundings.ts looks for a digit. */
export const NEAR = 16

/** Layouts that may begin with the run of that length, which ended `back` bytes ago. */
export interface Attempt {
  readonly node: Node
  readonly length: number
  readonly kinds: number
  readonly back: number
}

export type State =
  | { readonly in: 'gap'; readonly behind: Behind }
  /** Between two runs of which the second is a piece of something. */
  | { readonly in: 'joint' }
  /** The same, unless it begins with a digit. */
  | { readonly in: 'slash' }
  /** Behind a run and a separator, where the next run decides. */
  | {
      readonly in: 'turn'
      readonly attempt: Attempt
      readonly separator: number
      readonly on: State
    }
  /** In the run behind a joint and digits, which tells by its length whether the layout goes on: most are decimal numbers. */
  | {
      readonly in: 'second'
      readonly attempt: Attempt
      readonly separator: number
      readonly length: number
      readonly kinds: number
    }
  | { readonly in: 'run'; readonly length: number; readonly kinds: number }
  /** In a run that no layout begins with. */
  | { readonly in: 'piece'; readonly sinceDigit: number }
  /** Behind a backslash and so many characters of `uXXXX`. */
  | { readonly in: 'escape'; readonly length: number; readonly kinds: number }

export const GAP: State = { in: 'gap', behind: NOTHING }
export const JOINT: State = { in: 'joint' }
const SLASH: State = { in: 'slash' }

/** As surroundings.ts: a decimal number, a UUID, base64. */
export function stateBehind(byte: number, behind: Behind): State {
  switch (byte) {
    case 0x2e: // .
      return behind === AT_DIGIT ? JOINT : GAP
    case 0x2d: // -
    case 0x5f: // _
      return behind >= NEAR_DIGIT ? JOINT : GAP
    case 0x2b: // +
      return behind >= WORD_END ? JOINT : GAP
    case 0x2f: // /
      return behind >= WORD_END ? SLASH : GAP
    default:
      return GAP
  }
}

export function nameOf(state: State): string {
  switch (state.in) {
    case 'gap':
      return `gap ${state.behind}`
    case 'joint':
    case 'slash':
      return state.in
    case 'turn': {
      const { length, kinds } = state.attempt
      return `turn ${length} ${kinds} ${state.separator} ${state.on.in}`
    }
    case 'second': {
      const { attempt, separator, length, kinds } = state
      return `second ${attempt.length} ${attempt.kinds} ${separator} ${length} ${kinds}`
    }
    case 'piece':
      return `piece ${state.sinceDigit}`
    default:
      return `${state.in} ${state.length} ${state.kinds}`
  }
}
