/**
 * What the live list shows, and what a key makes of it. Pure. Whoever decides has to mean what they see: a row that is chosen stays where
 * it is when it is decided elsewhere, and none is ever chosen by itself because another has gone.
 */

import type { SeenHold } from '../../../console/api/handler.ts'
import type { GrantRow } from '../../../console/api/rows.ts'
import type { Closer } from '../details.ts'
import type { Key } from './keys.ts'

export interface LiveState {
  readonly who: string
  /** Of the server. */
  readonly where: string
  /** Oldest first; what has ended is there only while it is chosen. */
  readonly holds: readonly SeenHold[]
  /** Pending ones that the server has left off. */
  readonly leftOff: number
  /** In force, oldest first; the chosen one also when it has ended. */
  readonly grants: readonly GrantRow[]
  readonly view: 'holds' | 'hold' | 'grants'
  /** Ids; null while nothing is chosen. */
  readonly hold: string | null
  readonly grant: string | null
  /** More about the hold that is looked at. */
  readonly closer: Closer | null
  /** Lines of the hold that is looked at that have gone out at the top. */
  readonly scroll: number
  /** Being typed: the reason for what is to be done. */
  readonly prompt: { readonly act: 'deny' | 'revoke'; readonly text: string } | null
  /** What was done last, or could not be. */
  readonly said: string
  readonly isConnected: boolean
}

/** What is to be done outside. */
export type Act =
  | { readonly kind: 'quit' }
  | { readonly kind: 'look'; readonly id: string }
  | { readonly kind: 'approve'; readonly id: string; readonly wish: object }
  | { readonly kind: 'deny' | 'revoke'; readonly id: string; readonly reason: string | null }

export interface Step {
  readonly state: LiveState
  readonly act: Act | null
}

export const EMPTY: LiveState = {
  who: '',
  where: '',
  holds: [],
  leftOff: 0,
  grants: [],
  view: 'holds',
  hold: null,
  grant: null,
  closer: null,
  scroll: 0,
  prompt: null,
  said: '',
  isConnected: false,
}

const PAGE = 10
const MAX_REASON = 500

export function press(state: LiveState, key: Key): Step {
  if (key.kind === 'interrupt') return { state, act: { kind: 'quit' } }
  if (state.prompt) return pressInPrompt(state, state.prompt, key)
  if (key.kind === 'text') return pressLetter(state, key.text)
  if (key.kind === 'paste') return still(state)
  if (key.kind === 'enter') return look(state)
  if (key.kind === 'escape' || key.kind === 'erase') return still({ ...state, view: 'holds' })
  return still(move(state, STEPS[key.kind]))
}

/** A change as the server tells it. */
export function change(state: LiveState, hold: SeenHold, grant: GrantRow | null): LiveState {
  return {
    ...state,
    holds: place(state.holds, hold, hold.state === 'pending' || hold.id === state.hold),
    grants: grant
      ? place(state.grants, grant, grant.state === 'active' || grant.id === state.grant)
      : state.grants,
  }
}

/** Everything anew; what is chosen stays chosen, as it was seen last. */
export function replace(
  state: LiveState,
  now: Pick<LiveState, 'who' | 'holds' | 'leftOff' | 'grants'>,
): LiveState {
  const isGone = <T extends { readonly id: string }>(rows: readonly T[], id: string | null) =>
    id !== null && !rows.some((row) => row.id === id)
  return {
    ...state,
    ...now,
    isConnected: true,
    hold: isGone(now.holds, state.hold) ? null : (state.hold ?? firstOf(state, now.holds)),
    grant: isGone(now.grants, state.grant) ? null : state.grant,
    view: state.view === 'hold' && isGone(now.holds, state.hold) ? 'holds' : state.view,
    prompt: isGone(now.holds, state.hold) || isGone(now.grants, state.grant) ? null : state.prompt,
  }
}

/** Only the first picture chooses: later the reader may just be about to press a key. */
function firstOf({ who }: LiveState, holds: readonly SeenHold[]): string | null {
  return who === '' ? (holds[0]?.id ?? null) : null
}

function place<T extends { readonly id: string }>(
  rows: readonly T[],
  row: T,
  stays: boolean,
): readonly T[] {
  const i = rows.findIndex(({ id }) => id === row.id)
  if (i < 0) return stays ? [...rows, row] : rows
  return stays ? rows.with(i, row) : rows.toSpliced(i, 1)
}

const STEPS = {
  up: -1,
  down: 1,
  first: Number.NEGATIVE_INFINITY,
  last: Number.POSITIVE_INFINITY,
  'page-up': -PAGE,
  'page-down': PAGE,
} as const

function move(state: LiveState, by: number): LiveState {
  if (state.view === 'grants') {
    const id = moved(state.grants, state.grant, by)
    const grants = state.grants.filter((row) => row.state === 'active' || row.id === id)
    return { ...state, grants, grant: id, said: '' }
  }
  if (state.view === 'hold') return { ...state, scroll: Math.max(0, state.scroll + by) }
  const id = moved(state.holds, state.hold, by)
  if (id === state.hold) return state
  const holds = state.holds.filter((row) => row.state === 'pending' || row.id === id)
  return { ...state, holds, hold: id, closer: null, said: '' }
}

function moved(
  rows: readonly { readonly id: string }[],
  id: string | null,
  by: number,
): string | null {
  const at = rows.findIndex((row) => row.id === id)
  const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by
  return rows[Math.min(Math.max(to, 0), rows.length - 1)]?.id ?? null
}

function look(state: LiveState): Step {
  if (state.view === 'grants' || state.hold === null) return still(state)
  if (state.view === 'hold') return still({ ...state, view: 'holds' })
  return { state: { ...state, view: 'hold', scroll: 0 }, act: { kind: 'look', id: state.hold } }
}

function pressLetter(state: LiveState, letter: string): Step {
  switch (letter) {
    case 'q':
      return { state, act: { kind: 'quit' } }
    case 'j':
      return still(move(state, 1))
    case 'k':
      return still(move(state, -1))
    case 'g':
      return still({ ...state, view: state.view === 'grants' ? 'holds' : 'grants', said: '' })
    case 'a':
      return approve(state, {})
    case 'A':
      return approve(state, { for: '30m' })
    case 'd':
      return ask(state, 'deny', state.view !== 'grants' && state.hold !== null)
    case 'r':
      return ask(state, 'revoke', state.view === 'grants' && state.grant !== null)
    default:
      return still(state)
  }
}

const CHOOSE = 'choose one with the arrow keys first'

function approve(state: LiveState, wish: object): Step {
  if (state.view === 'grants') return still(state)
  if (state.hold === null) return still({ ...state, said: CHOOSE })
  return { state: { ...state, said: '…' }, act: { kind: 'approve', id: state.hold, wish } }
}

function ask(state: LiveState, act: 'deny' | 'revoke', isChosen: boolean): Step {
  const isHere = (act === 'revoke') === (state.view === 'grants')
  if (!isHere) return still(state)
  return still(isChosen ? { ...state, prompt: { act, text: '' } } : { ...state, said: CHOOSE })
}

function pressInPrompt(state: LiveState, prompt: NonNullable<LiveState['prompt']>, key: Key): Step {
  const { act, text } = prompt
  switch (key.kind) {
    case 'text':
    case 'paste':
      return still(withText(state, prompt, `${text}${key.text}`.slice(0, MAX_REASON)))
    case 'erase':
      return still(withText(state, prompt, [...text].slice(0, -1).join('')))
    case 'escape':
      return still({ ...state, prompt: null })
    case 'enter': {
      const id = act === 'deny' ? state.hold : state.grant
      const reason = text.trim() === '' ? null : text.trim()
      const next = { ...state, prompt: null, said: '…' }
      return id === null ? still(next) : { state: next, act: { kind: act, id, reason } }
    }
    default:
      return still(state)
  }
}

function withText(
  state: LiveState,
  prompt: NonNullable<LiveState['prompt']>,
  text: string,
): LiveState {
  return { ...state, prompt: { ...prompt, text } }
}

function still(state: LiveState): Step {
  return { state, act: null }
}
