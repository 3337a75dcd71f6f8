/** Places that say what stands there, and finds that stay: the same however the body is cut. */

import { expect, test } from 'vitest'
import { compileCustom } from '../../../src/inspect/recognizers/custom/custom.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import type { Scanner } from '../../../src/inspect/scan/scanner.ts'
import { label } from '../../support/markers.ts'
import { redactAllWays } from '../../support/redact.ts'

function at(...fields: string[]): Scanner {
  const kinds = [
    { type: 'mark', pattern: 'XX\\d{4}XX' },
    { type: 'field', fields },
  ]
  const own = compileCustom(kinds, Buffer.alloc(32))
  if ('problems' in own) throw new Error(JSON.stringify(own.problems))
  return createScanner(own.recognizers, { fields: own.fields })
}

// biome-ignore format: a table
const ROWS = [
  { name: 'a string and a number', type: 'application/json', fields: ['$.a.b'], body: '{"a":{"b":"x \\u0041 XX0000XX","c":"x"},"b":[1]}', want: '{"a":{"b":"[field]","c":"x"},"b":[1]}', found: ['field $.a.b 1'] },
  { name: 'all that is in it', type: 'application/json', fields: ['$.a'], body: '{"a":{"b":"x","n":[7,"y",""],"t":true}}', want: '{"a":{"b":"[field]","n":[0,"[field]",""],"t":true}}', found: ['field $.a.b 1', 'field $.a.n[] 2'] },
  { name: 'a text that is JSON', type: 'application/json', fields: ['$.a'], body: '{"a":"{\\"k\\":\\"v\\"}"}', want: '{"a":"{\\"k\\":\\"[field]\\"}"}', found: ['field $.a$.k 1'] },
  { name: 'not the keys', type: 'application/json', fields: ['$.a.*'], body: '{"a":{"k":"v"}}', want: '{"a":{"k":"[field]"}}', found: ['field $.a.k 1'] },
  { name: 'a long one', type: 'application/json', fields: ['$.a'], body: `{"a":"${'x y '.repeat(3_000)}","b":"XX0000XX"}`, want: '{"a":"[field]","b":"[mark]"}', found: ['field $.a 1', 'mark $.b 1'] },
  { name: 'a form', type: 'application/x-www-form-urlencoded', fields: ['who'], body: 'who=a+%41&x=1', want: 'who=%5Bfield%5D&x=1', found: ['field who 1'] },
  { name: 'events', type: 'text/event-stream', fields: ['$.a'], body: 'data: {"a":"x","b":"y"}\n\n', want: 'data: {"a":"[field]","b":"y"}\n\n', found: ['field $.a 1'] },
]

test.each(ROWS)('$name', ({ type, fields, body, want, found }) => {
  const { text, findings } = redactAllWays(body, type, { scan: at(...fields) })
  expect(text).toBe(want)
  expect(findings).toEqual(found)
})

test('what is left where it is does not count, whatever is around it', () => {
  const { text, findings } = redactAllWays(
    '{"a":"XX0000XX and XX1111XX","b":"XX0000XX"}',
    'application/json',
    {
      replace: (type, value, place) =>
        `${value}` === 'XX0000XX' ? null : label(type, value, place),
    },
  )
  expect(text).toBe('{"a":"XX0000XX and [mark]","b":"XX0000XX"}')
  expect(findings).toEqual(['mark $.a 1'])
})
