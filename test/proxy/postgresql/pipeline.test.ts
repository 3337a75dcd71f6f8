/** Whose answer comes next, over everything that the extended protocol may do with what was sent ahead. */

import { describe, expect, test } from 'vitest'
import { BACKEND } from '../../../src/proxy/postgresql/messages.ts'
import { type Kind, Pipeline, type Sent } from '../../../src/proxy/postgresql/pipeline.ts'

const KINDS: Record<string, Kind> = {
  Q: 'query',
  P: 'parse',
  B: 'bind',
  D: 'describe-portal',
  d: 'describe-statement',
  E: 'execute',
  C: 'close',
  S: 'sync',
  F: 'call',
  c: 'copy-end',
}
const ANSWERS = Object.values(BACKEND)

interface Named extends Sent {
  readonly name: string
}

/**
 * Words in turn: `>P1` is sent by the client under that name, `<1=P1` comes from the server and answers it, `<Z=-` answers nothing, `<1!` is a
 * fault, `~P1` was skipped.
 */
function play(script: string): Pipeline<Named> {
  const skipped: string[] = []
  const pipeline = new Pipeline<Named>()
  for (const word of script.split(' ')) {
    if (word.startsWith('>')) {
      const name = word.slice(1)
      const kind = KINDS[name[0] ?? ''] as Kind
      pipeline.send({ kind, name, onSkipped: () => skipped.push(name) })
    } else if (word.startsWith('~')) expect(skipped.shift()).toBe(word.slice(1))
    else {
      const [answer = '', whose] = word.slice(1).split('=')
      const type = answer.charCodeAt(0)
      expect(ANSWERS, word).toContain(type)
      const entry = pipeline.answer(type)
      if (answer.endsWith('!')) expect(entry, word).toBe('fault')
      else expect(entry === 'fault' ? entry : (entry?.name ?? '-'), word).toBe(whose)
    }
  }
  expect(skipped).toEqual([])
  return pipeline
}

test.each([
  ['a query', '>Q1 <T=Q1 <D=Q1 <C=Q1 <Z=Q1'],
  ['a query of several', '>Q1 <T=Q1 <C=Q1 <I=Q1 <C=Q1 <Z=Q1'],
  ['a query that fails', '>Q1 <T=Q1 <E=Q1 <Z=Q1'],
  ['two queries at once', '>Q1 >Q2 <C=Q1 <Z=Q1 <E=Q2 <Z=Q2'],
  ['what comes by itself', '<N=- >Q1 <A=- <S=- <C=Q1 <Z=Q1 <A=-'],
  ['an error by itself', '<E=-'],
  [
    'a prepared statement',
    '>P1 >d1 >S1 <1=P1 <t=d1 <T=d1 <Z=S1 >B1 >E1 >S2 <2=B1 <D=E1 <C=E1 <Z=S2',
  ],
  ['one without rows', '>P1 >B1 >D1 >E1 >C1 >S1 <1=P1 <2=B1 <n=D1 <C=E1 <3=C1 <Z=S1'],
  ['rows in parts', '>B1 >E1 >S1 <2=B1 <s=E1 <Z=S1 >E2 >S2 <C=E2 <Z=S2'],
  ['a function', '>F1 <V=F1 <Z=F1 >F2 <E=F2 <Z=F2'],
  [
    'the rest of a series is skipped',
    '>P1 >B1 >E1 >S1 >P2 >S2 <E=P1 ~P1 ~B1 ~E1 <Z=S1 <1=P2 <Z=S2',
  ],
  ['also what is sent later, up to Sync', '>P1 <E=P1 ~P1 >B1 ~B1 >Q1 ~Q1 >S1 <Z=S1 >Q2 <Z=Q2'],
  ['an error at the end of a series', '>E1 >S1 <C=E1 <E=S1 <Z=S1 >Q1 <C=Q1 <Z=Q1'],
  ['rows copied out', '>Q1 <H=Q1 <d=Q1 <c=Q1 <C=Q1 <Z=Q1 >E1 >S1 <H=E1 <d=E1 <c=E1 <C=E1 <Z=S1'],
  ['rows copied in', '>Q1 <G=Q1 >c1 <C=Q1 <Z=Q1 >Q2 <C=Q2 <Z=Q2'],
  ['rows copied in, and refused', '>Q1 <G=Q1 <E=Q1 >c1 <Z=Q1 >P1 >S1 <1=P1 <Z=S1'],
  ['rows copied in twice', '>Q1 <G=Q1 >c1 <C=Q1 <G=Q1 >c2 <C=Q1 <Z=Q1 >Q2 <Z=Q2'],
  ['a Sync that was ignored', '>E1 >S1 <G=E1 >c1 >S2 <C=E1 <Z=S2 >Q1 <Z=Q1'],
  ['a Sync that was sent while rows are copied', '>E1 <G=E1 >S1 >c1 >S2 <C=E1 <Z=S2 >Q1 <Z=Q1'],
  ['all sent ahead', '>E1 >S1 >c1 >S2 >P1 >S3 <G=E1 <C=E1 <Z=S2 <1=P1 <Z=S3'],
  ['rows refused before Sync was ignored', '>E1 >S1 <G=E1 <E=E1 ~E1 <Z=S1 >Q1 <C=Q1 <Z=Q1'],
  ['rows refused after it was', '>E1 >S1 <G=E1 <E=E1 ~E1 >c1 >S2 <Z=S1 >Q1 <C=Q1 <Z=Q1'],
  ['an end of rows that nobody copies', '>c1 >Q1 <C=Q1 <Z=Q1'],
])('%s', (_, script) => {
  expect(play(script).size).toBe(0)
})

describe('what answers nothing that was sent', () => {
  test.each([
    ['rows', '<D!'],
    ['the end of a command', '<C!'],
    ['readiness', '<Z!'],
    ['rows of what only asks what they are', '>D1 <D!'],
    ['a description of what was not asked for', '>E1 <T!'],
    ['readiness within a series', '>P1 >S1 <Z!'],
    ['a bound portal before the statement is prepared', '>P1 >B1 <2!'],
    ['something that no server of this kind sends', '>Q1 <R!'],
    ['both ways at once', '>Q1 <W!'],
  ])('%s', (_, script) => {
    play(script)
  })
})

test('a million answers leave nothing behind', () => {
  const pipeline = new Pipeline()
  for (let i = 0; i < 1_000_000; i++) {
    pipeline.send({ kind: 'query' })
    if (i >= 1_500) pipeline.answer(BACKEND.readyForQuery)
  }
  expect(pipeline.size).toBe(1_500)
})
