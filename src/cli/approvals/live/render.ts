/** The live list as lines of a terminal. Pure: what is shown depends on nothing but what is given. */

import type { SeenHold } from '../../../console/api/handler.ts'
import { toHoldDetails } from '../details.ts'
import { GRANT_HEAD, HOLD_HEAD, toGrantCells, toHoldCells } from '../sayings.ts'
import { fill, wrap } from './columns.ts'
import type { LiveState } from './state.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Picture {
  /** As many as there are rows, each as wide as there are columns, with the attributes that are ours. */
  readonly lines: readonly string[]
  /** How far the hold that is looked at could be scrolled. */
  readonly scroll: number
}

/** @param now milliseconds since the epoch */
export function render(state: LiveState, { columns, rows }: Size, now: number): Picture {
  const foot = [state.said, toKeys(state)]
  const room = Math.max(0, rows - 1 - foot.length)
  const { body, scroll } = toBody(state, columns, room, now)
  const filled = [...body, ...Array<string>(room).fill('')].slice(0, room)
  const lines = [
    bold(fill(toTitle(state), columns)),
    ...filled.map((line) => (line === '' ? fill('', columns) : line)),
    fill(state.prompt ? toPrompt(state.prompt, columns) : (foot[0] ?? ''), columns),
    dim(fill(foot[1] ?? '', columns)),
  ]
  return { lines: lines.slice(0, rows), scroll }
}

function toTitle({ who, where, holds, leftOff, isConnected }: LiveState): string {
  const waiting = holds.filter(({ state }) => state === 'pending').length + leftOff
  const calls = waiting === 1 ? '1 waits' : `${waiting} wait`
  if (who === '') return `cordon: asking ${where}`
  return isConnected
    ? `cordon: ${calls} for a decision; you are ${who} at ${where}`
    : `cordon: no connection to ${where}, trying again`
}

function toKeys({ view, prompt }: LiveState): string {
  if (prompt) return 'enter: do it   esc: leave it'
  if (view === 'grants') return 'up/down: choose   r: revoke   g: holds   q: quit'
  const look = view === 'hold' ? 'up/down: scroll   enter: back' : 'up/down: choose   enter: look'
  return `${look}   a: approve once   A: 30 min   d: deny   g: grants   q: quit`
}

function toPrompt({ act, text }: NonNullable<LiveState['prompt']>, columns: number): string {
  const question = act === 'deny' ? 'deny; reason: ' : 'revoke; reason: '
  // The end of what is typed stays in sight.
  const room = Math.max(1, columns - question.length - 1)
  return `${question}${[...text].slice(-room).join('')}_`
}

interface Body {
  readonly body: readonly string[]
  readonly scroll: number
}

function toBody(state: LiveState, columns: number, room: number, now: number): Body {
  const { view, holds, grants } = state
  if (view === 'grants') {
    const rows = grants.map((grant) =>
      toGrantCells({ ...grant, seconds_left: secondsTo(grant.expires_at, now) }),
    )
    const at = grants.findIndex(({ id }) => id === state.grant)
    return { body: toTable(GRANT_HEAD, rows, at, columns, room), scroll: 0 }
  }
  const hold = holds.find(({ id }) => id === state.hold)
  if (view === 'hold' && hold) return toDetails(state, hold, columns, room, now)
  const rows = holds.map((one) => toHoldCells(aged(one, now)))
  const at = holds.findIndex(({ id }) => id === state.hold)
  return { body: toTable(HOLD_HEAD, rows, at, columns, room), scroll: 0 }
}

function toDetails(
  { closer, scroll }: LiveState,
  hold: SeenHold,
  columns: number,
  room: number,
  now: number,
): Body {
  const left = 12
  const lines = toHoldDetails(aged(hold, now), closer).flatMap(([name, text]) =>
    wrap(text, Math.max(8, columns - left)).map((line, i) =>
      fill(`${(i === 0 ? name : '').padEnd(left)}${line}`, columns),
    ),
  )
  const most = Math.max(0, lines.length - room)
  const from = Math.min(scroll, most)
  return { body: lines.slice(from), scroll: from }
}

/** The chosen row stays in sight. */
function toTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  at: number,
  columns: number,
  room: number,
): string[] {
  if (rows.length === 0) return [fill('', columns), fill('  nothing', columns)]
  const shown = Math.max(1, room - 1)
  const from = Math.min(Math.max(0, at - shown + 1), Math.max(0, rows.length - shown))
  const widths = toWidths([head, ...rows.slice(from, from + shown)], columns)
  const line = (cells: readonly string[]) =>
    fill(cells.map((cell, i) => fill(cell, widths[i] ?? 0)).join('  '), columns)
  return [
    dim(line(head)),
    ...rows.slice(from, from + shown).map((cells, i) => {
      const text = line(cells)
      return from + i === at ? reverse(text) : text
    }),
  ]
}

/** The widest columns give way first where there is no room for all; the id has to be read whole. */
function toWidths(rows: readonly (readonly string[])[], columns: number): number[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((cells) => (cells[i] ?? '').length)),
  )
  let over = widths.reduce((sum, width) => sum + width + 2, -2) - columns
  while (over > 0) {
    const widest = Math.max(...widths.slice(1))
    if (widest <= 4) break
    widths[widths.indexOf(widest, 1)] = widest - 1
    over--
  }
  return widths
}

function aged(hold: SeenHold, now: number): SeenHold {
  return { ...hold, seconds_left: secondsTo(hold.expires_at, now) }
}

function secondsTo(iso: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(iso) - now) / 1_000))
}

const bold = (text: string) => `\u001b[1m${text}\u001b[0m`
const dim = (text: string) => `\u001b[2m${text}\u001b[0m`
const reverse = (text: string) => `\u001b[7m${text}\u001b[0m`
