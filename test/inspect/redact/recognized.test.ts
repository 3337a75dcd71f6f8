/** The formats with what is really looked for: the same finds wherever a body is cut. */

import { expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { redactAllWays } from '../../support/redact.ts'

const TEXT =
  'mail bob@example.com, call +14155550132, card 4111 1111 1111 1111, iban DE89370400440532013000, 123-45-6789'
const FOUND = ['email', 'phone', 'payment-card', 'iban', 'us-ssn']
const LEFT = /bob@|4155550132|4111|DE89|6789/

const options = {
  scan: createScanner(RECOGNIZERS),
  replace: (type: string) => Buffer.from(`[${type}]`),
}

test.each([
  ['123-45-6789 4111 1111 1111 1111 2026-01-31', '[us-ssn] [payment-card] 2026-01-31'],
  ['bob@example.com 4111 1111 1111 1111 123-45-6789', '[email] [payment-card] [us-ssn]'],
  ['4111 1111 1111 1111 4012 8888 8888 1881 5555', '4111 1111 1111 1111 4012 8888 8888 1881 5555'],
])('with nothing but blanks between: %s', (body, want) => {
  expect(redactAllWays(body, 'text/plain', options).text).toBe(want)
})

test.each([
  ['application/json', JSON.stringify({ a: [{ content: TEXT, card: 4111111111111111 }] })],
  ['application/json', JSON.stringify({ arguments: JSON.stringify({ text: `"${TEXT}"\n` }) })],
  ['text/plain', TEXT],
  ['text/event-stream', `data: ${TEXT}\n\ndata: {"text":${JSON.stringify(TEXT)}}\n\n`],
  [
    'text/event-stream',
    [...TEXT]
      .map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
      .join(''),
  ],
  ['application/x-www-form-urlencoded', new URLSearchParams({ a: TEXT }).toString()],
  ['application/xml', `<a b="${TEXT}">${TEXT.replace('@', '&#64;')}</a>`],
  ['text/csv', `a,b\n1,"${TEXT}"\n`],
])('%s', (type, body) => {
  const { text, findings } = redactAllWays(body, type, options)
  expect(text).not.toMatch(LEFT)
  expect([...new Set(findings.map((line) => line.split(' ')[0]))].sort()).toEqual(FOUND.sort())
})

test.each([
  ['a name and a value', '{"name":"routing number","value":"021000021"}'],
  ['names in another style', '{"field_name":"abaRouting","fieldValue":"021000021"}'],
  ['in lists', '[{"label":"x","answer":1},{"label":"Routing","answer":"021000021"}]'],
  ['as a number', '{"key":"routing","value":21000021,"n":{"key":"routing","value":121000358}}'],
  [
    'a type and a value',
    '[{"type":"routing","value":"021000021"},{"type":"x","value":"121000358"}]',
  ],
  ['a type that is not the name', '{"type":"string","name":"routing","value":"021000021"}'],
  ['a title', '{"id":"f1","title":"Routing number","value":"021000021"}'],
  ['a place in a patch', '{"op":"add","path":"/bank/routing","value":"021000021"}'],
  ['a value under the name', '{"routing":{"value":"021000021","n":1}}'],
  ['of a table of Amazon', '{"Item":{"ROUTING":{"S":"021000021"}}}'],
  ['one of several', '{"routing":{"primary":"021000021","count":121000358}}'],
  ['within a value', '{"key":"bank.routing","value":{"stringValue":"021000021"}}'],
])('pairs: %s', (_, body) => {
  const { findings } = redactAllWays(body, 'application/json', options)
  expect(findings).toHaveLength(1)
  expect(findings[0]).toMatch(/^us-aba-routing /)
})

test.each([
  '"password": "hunter22!"',
  '"a": 1,\n"password": "hunter22!",\n',
  '  "password" : "hunter22!"',
  '       "password": "hunter22!"',
])('a piece of an object, as a text: %s', (body) => {
  const { text } = redactAllWays(body, 'text/plain', options)
  expect(text).not.toContain('hunter22!')
  expect(
    redactAllWays(JSON.stringify({ x: body }), 'application/json', options).text,
  ).not.toContain('hunter22!')
})

test.each([0, 7, 8, 16, 40, 62, 63, 64, 70])('a quote behind %i blanks', (blanks) => {
  const body = `${' '.repeat(blanks)}"see ada@example.com and what else there is, ada@example.com`
  expect(redactAllWays(body, 'text/plain', options).text).not.toContain('ada@')
})

test.each([
  ['of another object', '[{"name":"routing"},{"value":"021000021"}]'],
  ['behind the object', '{"a":{"name":"routing"},"value":"021000021"}'],
  ['a name behind another', '{"name":"x","type":"routing","value":"021000021"}'],
  ['under another key', '{"name":"routing","ticket":"021000021"}'],
  ['the same key in the next body', '{"value":"021000021"}'],
])('no pair: %s', (_, body) => {
  expect(redactAllWays(body, 'application/json', options).findings).toEqual([])
})
