/** What names of statements mean where the server may tell them apart in another way. */

import { expect, test } from 'vitest'
import { Names } from '../../../src/proxy/postgresql/names.ts'

const given = (...names: readonly Buffer[]) => {
  const known = new Names<number>(() => 1)
  names.forEach((name, i) => {
    known.give(name, i)
    known.confirm(name, i)
  })
  return known
}

test.each([
  ['in ASCII it is known', Buffer.from('one'), 0],
  // `é` in LATIN1, of which a server in UTF-8 makes two bytes.
  ['in an encoding that the server converts it means anything', Buffer.from([0xe9]), null],
  ['also in UTF-8', Buffer.from('é'), null],
])('%s', (_, name, meaning) => {
  expect(given(name).get(name)).toBe(meaning)
})

test('what the server cuts off makes no other name', () => {
  const long = Buffer.alloc(63, 'a')
  const known = given(long, Buffer.concat([long, Buffer.from('b')]))
  expect(known.get(long)).toBe(1)
})

test.each([
  ['by a statement that gives names another meaning', (known: Names<number>) => known.clear()],
  [
    'because there are too many',
    (known: Names<number>) => {
      for (let i = 0; i < 10_000; i++) known.give(Buffer.from(`other ${i}`), i)
    },
  ],
])(
  'one that is forgotten before the server has it, %s, is not what was given behind it',
  (_, forget) => {
    const name = Buffer.from('x')
    const known = new Names<number>(() => 1)
    known.give(name, 1)
    known.endSeries()
    forget(known)
    known.give(name, 2)
    known.endSeries()
    known.confirm(name, 1)
    // The server has one of that name, and takes no other.
    known.drop(name, 2)
    expect(known.get(name)).toBe(null)
  },
)

test('what is remembered has a weight, and the first are forgotten for the last', () => {
  const known = new Names<number>((mebibytes) => mebibytes * 1024 * 1024)
  const [first, second, third] = ['first', 'second', 'third'].map((name) => Buffer.from(name)) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  // What is given anew, confirmed, dropped or closed weighs no more.
  for (let i = 0; i < 10; i++) {
    known.give(first, 30)
    known.confirm(first, 30)
    known.give(third, 20)
    known.drop(third, 20)
    known.give(second, 20)
    known.confirm(second, 20)
    known.close(second)
  }
  known.give(second, 30)
  expect(known.get(first)).toBe(30)
  known.give(third, 10)
  expect([first, second, third].map((name) => known.get(name))).toEqual([null, 30, 10])
})
