/** The parts of the live list that need no terminal: what fits into columns, what keys are, what a key does. */

import { describe, expect, test } from 'vitest'
import { fill, wrap } from '../../src/cli/approvals/live/columns.ts'
import { KeyReader } from '../../src/cli/approvals/live/keys.ts'
import { render } from '../../src/cli/approvals/live/render.ts'
import {
  change,
  EMPTY,
  type LiveState,
  press,
  replace,
} from '../../src/cli/approvals/live/state.ts'
import { sayTime } from '../../src/cli/approvals/sayings.ts'
import type { SeenHold } from '../../src/console/api/handler.ts'
import { toHoldRow } from '../../src/console/api/rows.ts'
import { openApprovals } from '../support/approvals.ts'

describe('fill', () => {
  test.each([
    ['', 3, '   '],
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['ab', 4, 'ab  '],
    ['a  b', 4, 'a  b'],
    ['日本', 4, '日本'],
    ['日本', 3, '日…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日… '],
    ['e\u0301a', 2, 'e\u0301a'],
    ['a\u200bb', 2, 'a\u200bb'],
    ['a\nb', 3, 'a b'],
    ['\u001b[2J', 12, '\\u001b[2J  '.padEnd(12)],
    ['abc', 0, ''],
    ['abc', 1, '…'],
  ])('%j in %i: %j', (text, columns, want) => {
    expect(fill(text, columns)).toBe(want)
  })
})

describe('wrap', () => {
  test.each([
    ['a b c', 3, ['a b', 'c']],
    ['abcdef', 3, ['abc', 'def']],
    ['ab abcdef', 3, ['ab', 'abc', 'def']],
    ['', 3, ['']],
    ['日本語', 4, ['日本', '語']],
  ])('%j in %i: %j', (text, columns, want) => {
    expect(wrap(text, columns)).toEqual(want)
  })
})

test.each([
  [['aA'], ['a', 'A']],
  [['\u001b[A\u001b[B'], ['up', 'down']],
  [['\u001bOA'], ['up']],
  [['\u001b'], ['escape']],
  [
    ['\u001b', 'a'],
    ['escape', 'a'],
  ],
  [
    ['\u001b', '\u001b'],
    ['escape', 'escape'],
  ],
  [['\u001b[5~\u001b[6~\u001b[H\u001b[F'], ['page-up', 'page-down', 'first', 'last']],
  [['\r\u007f\u0003'], ['enter', 'erase', 'interrupt']],
  // What is not known is nothing: its letters decide nothing.
  [['\u001b[1;5A'], []],
  [['\u001b[Z\u001bOa'], []],
  [['\u0001\u0002'], []],
  [['ü日'], ['ü', '日']],
  // In pieces, as it comes over slow connections: an arrow is never an A.
  [
    ['\u001b[', 'A', 'A'],
    ['up', 'A'],
  ],
  [
    ['\u001b', '[A'],
    ['escape', 'up'],
  ],
  [
    ['\u001b', '[', 'A'],
    ['escape', 'up'],
  ],
  [['\u001b[1;', '5', 'A'], []],
  [['\u001bO', 'A'], ['up']],
  // What is pasted is not typed.
  [['\u001b[200~aA\r\u0003\u001b[201~a'], ['paste a', 'paste A', 'a']],
  [
    ['\u001b[20', '0~a\u001b', '[201', '~d'],
    ['paste a', 'd'],
  ],
])('keys %j: %j', (pieces, want) => {
  const reader = new KeyReader()
  const said = pieces
    .flatMap((piece) => reader.read(piece))
    .map((key) => {
      if (key.kind === 'text') return key.text
      return key.kind === 'paste' ? `paste ${key.text}` : key.kind
    })
  expect(said).toEqual(want)
})

test.each([
  [0, '0s'],
  [59, '59s'],
  [60, '1m 00s'],
  [3_599, '59m 59s'],
  [3_600, '1h 00m'],
  [172_800, '2d 00h'],
])('%i seconds: %s', (seconds, want) => {
  expect(sayTime(seconds)).toBe(want)
})

describe('what a key does', () => {
  const approvals = openApprovals()
  const [first, second] = ['first.test', 'second.test'].map((host): SeenHold => {
    const row = toHoldRow(approvals.open({ host }), approvals.time)
    return { ...row, waiting: 1, may_decide: true }
  }) as [SeenHold, SeenHold]
  const now = { who: 'ada', leftOff: 0, grants: [] }
  const shown = replace(EMPTY, { ...now, holds: [first, second] })
  const type = (state: LiveState, text: string) =>
    new KeyReader().read(text).reduce((step, key) => press(step.state, key), {
      state,
      act: null,
    } as ReturnType<typeof press>)

  test('the first picture chooses the first; a later one nothing', () => {
    expect(shown.hold).toBe(first.id)
    const empty = replace(EMPTY, { ...now, holds: [] })
    expect(change(empty, first, null).hold).toBeNull()
    expect(replace(empty, { ...now, holds: [first] }).hold).toBeNull()
  })

  test('a key acts on what is chosen', () => {
    expect(type(shown, 'a').act).toEqual({ kind: 'approve', id: first.id, wish: {} })
    expect(type(shown, 'jA').act).toEqual({
      kind: 'approve',
      id: second.id,
      wish: { for: '30m' },
    })
    expect(type(shown, 'dno\r').act).toEqual({ kind: 'deny', id: first.id, reason: 'no' })
    expect(type(shown, 'd\r').act).toEqual({ kind: 'deny', id: first.id, reason: null })
    expect(type(shown, 'q').act).toEqual({ kind: 'quit' })
  })

  test('while a reason is typed no key decides', () => {
    expect(type(shown, 'daAq').act).toBeNull()
    const left = type(shown, 'd\u001b').state
    expect(type(left, 'a').act).toMatchObject({ kind: 'approve' })
  })

  test('one that was decided elsewhere stays chosen; when the picture is made anew without it, none is', () => {
    const denied = change(shown, { ...first, state: 'denied' }, null)
    expect(type(denied, 'a').act).toMatchObject({ id: first.id })
    const moved = type(denied, 'j').state
    expect(moved.holds.map(({ id }) => id)).toEqual([second.id])
    const anew = replace(type(denied, 'dx').state, { ...now, holds: [second] })
    expect(anew).toMatchObject({ hold: null, prompt: null })
    expect(type(anew, 'a').act).toBeNull()
  })

  test('one that is not chosen goes with its end', () => {
    const state = change(shown, { ...second, state: 'expired' }, null)
    expect(state.holds.map(({ id }) => id)).toEqual([first.id])
  })

  test.each([
    { columns: 80, rows: 24 },
    { columns: 20, rows: 5 },
    { columns: 1, rows: 1 },
    { columns: 200, rows: 3 },
  ])('a picture of $columns × $rows is that large', (size) => {
    for (const state of [EMPTY, shown, type(shown, '\r').state, type(shown, 'g').state]) {
      const { lines } = render(state, size, approvals.time)
      const plain = lines.map((line) => line.replace(/\u001b\[\dm/g, ''))
      expect(plain.map((line) => line.length)).toEqual(Array(size.rows).fill(size.columns))
    }
  })
})
