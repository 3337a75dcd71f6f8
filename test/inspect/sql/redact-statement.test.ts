/** Statements without what is found in their literals. */

import { describe, expect, test } from 'vitest'
import { Findings } from '../../../src/inspect/redact/findings.ts'
import { type Job, REDACT_LIMITS, type Replace } from '../../../src/inspect/redact/reader.ts'
import { parameterNames, redactStatement } from '../../../src/inspect/sql/redact-statement.ts'
import { label, markers } from '../../support/markers.ts'

function redact(text: string, replace: Replace = label) {
  const findings = new Findings()
  const job: Job = { scan: markers, replace, findings, limits: REDACT_LIMITS, sealed: 'read' }
  const { bytes, problem } = redactStatement(job, Buffer.from(text), true)
  const found = findings.toList().map(({ type, path, count }) => `${type} ${path} ${count}`)
  return { text: bytes?.toString() ?? text, problem, found }
}

describe('literals', () => {
  test.each([
    ['plain', "select 'a XX1234XX b'", "select 'a [mark] b'"],
    [
      'of every form',
      "select E'XX1234XX', N'XX1234XX', U&'XX1234XX', $$XX1234XX$$, $a$ XX1234XX $a$",
      "select E'[mark]', N'[mark]', U&'[mark]', $$[mark]$$, $a$ [mark] $a$",
    ],
    ['with quotes', "select 'it''s XX1234XX''s'", "select 'it''s [mark]''s'"],
    ['in pieces', "select 'XX12' -- a\n  '34XX', 'b'", "select '[mark]', 'b'"],
    [
      'with escapes',
      "select E'\\x58X1234\\130X\\n', E'it\\'s \\u0058X1234XX'",
      "select E'[mark]\\n', E'it\\'s [mark]'",
    ],
    ['escapes that may be some', "select '\\x58X1234XX\\\\a'", "select '[mark]\\\\a'"],
    ['escapes that may be none', "select 'a\\nXX1234XX'", "select 'a\\n[mark]'"],
    ['U& with escapes', "select U&'\\0058X\\+0000312\\0033\\0034XX'", "select U&'[mark]'"],
    [
      'JSON',
      `insert into t values ('{"secret": "1234", "b": 1}')`,
      `insert into t values ('{"secret": "[secret]", "b": 1}')`,
    ],
    [
      'JSON with quotes and escapes',
      `select E'{"secret": "12\\\\u0033\\\\u0034", "a''": "XX1234XX"}'`,
      `select E'{"secret": "[secret]", "a''": "[mark]"}'`,
    ],
    [
      'several',
      "select 'XX1234XX', 'b', 'XX1234XXXX4321XX'",
      "select '[mark]', 'b', '[mark][mark]'",
    ],
    ['nothing', 'select \'a\', 1, "b" /* c */', 'select \'a\', 1, "b" /* c */'],
  ])('%s', (_, text, want) => {
    expect(redact(text)).toMatchObject({ text: want, problem: null })
  })
})

describe('names of columns', () => {
  test.each([
    [
      'compared',
      "select 1 from t where secret = '1234' and b = '1234'",
      "select 1 from t where secret = '[secret]' and b = '1234'",
    ],
    [
      'compared in other ways',
      `select 1 where t."secret" ilike '1234' or secret<>E'1234'`,
      `select 1 where t."secret" ilike '[secret]' or secret<>E'[secret]'`,
    ],
    [
      'in a list',
      "select 1 where secret not in ('1234', 'a', '1234') or b in ('1234')",
      "select 1 where secret not in ('[secret]', 'a', '[secret]') or b in ('1234')",
    ],
    [
      'any of a list',
      "select 1 where secret = any(array['1234'])",
      "select 1 where secret = any(array['[secret]'])",
    ],
    [
      'set',
      "update t set a = '1234', secret = '1234', b = '1234'",
      "update t set a = '1234', secret = '[secret]', b = '1234'",
    ],
    [
      'inserted',
      "insert into s.t (a, secret, b) values ('1234', '1234', '1234'), (1, lower('1234'), '1234') on conflict (secret) do update set b = '1234'",
      "insert into s.t (a, secret, b) values ('1234', '[secret]', '1234'), (1, lower('[secret]'), '1234') on conflict (secret) do update set b = '1234'",
    ],
    [
      'inserted from a query',
      "insert into t (a, secret) select '1234', '1234' from x where b in ('1234', '1234')",
      "insert into t (a, secret) select '1234', '[secret]' from x where b in ('1234', '1234')",
    ],
    [
      'keys of JSON',
      "select 1 where a->>'secret' = '1234' or a->>'b' = '1234'",
      "select 1 where a->>'secret' = '[secret]' or a->>'b' = '1234'",
    ],
    [
      'named arguments',
      "select f(a => '1234', secret => '1234')",
      "select f(a => '1234', secret => '[secret]')",
    ],
    ['settings', "set secret to '1234'", "set secret to '[secret]'"],
    [
      'another statement',
      "insert into t (secret) values ('1234'); insert into u values ('1234')",
      "insert into t (secret) values ('[secret]'); insert into u values ('1234')",
    ],
  ])('%s', (_, text, want) => {
    expect(redact(text)).toMatchObject({ text: want, problem: null })
  })

  test('where it stood', () => {
    const text = `update t set secret = '1234' where b = '{"c":"XX1234XX"}' or 'XX1234XX' = 'a'`
    expect(redact(text).found).toEqual(['secret secret 1', 'mark b$.c 1', 'mark body 1'])
  })

  test.each([
    ['select 1 where a = $2 and b in ($1, $3)', ['b', 'a', 'b']],
    ['insert into t (a, b) values ($1, $2), ($3, lower($4))', ['a', 'b', 'a', 'b']],
    ['select $1, $3', ['', '', '']],
    ['select 1 where c = $1 or d = $1', ['c']],
    ["select '", []],
    ['select $99999999999', []],
  ])('of parameters: %s', (text, want) => {
    expect(parameterNames(Buffer.from(text), true)).toEqual(want)
  })
})

describe('what cannot be changed is told', () => {
  test.each([
    ['a number', 'select 1 where secret = 1234'],
    ['a number that is inserted', 'insert into t (a, secret) values (1, 1234)'],
    ['a name', 'select "XX1234XX"'],
    ['a name without quotes', 'select XX1234XX'],
    ['a comment', 'select 1 -- XX1234XX'],
    ['a comment within another', 'select 1 /* /* XX1234XX */ */'],
    ['bits', "select B'XX1234XX'"],
    ['escapes that begin with another letter', "select U&'!0058X1234XX' uescape '!'"],
    ['and literals stay with it', 'select \'XX1234XX\', "XX1234XX"'],
  ])('%s', (_, text) => {
    expect(redact(text)).toMatchObject({ text, problem: 'fixed' })
  })

  test.each(["'", '\\', '$', '\0', "a'; drop table b; --"])('what needs escapes: %j', (by) => {
    for (const text of ["select 'XX1234XX'", "select E'XX1234XX'", 'select $$XX1234XX$$']) {
      expect(redact(text, () => Buffer.from(by))).toMatchObject({ text, problem: 'fixed' })
    }
  })

  test('what would go together with what is around it', () => {
    // Without what is found one literal would begin with what is an escape then.
    const text = "select '\\XX1234XX''', 'a'"
    expect(redact(text, () => Buffer.alloc(0))).toMatchObject({ text, problem: 'fixed' })
  })
})

test.each([
  ['no end', "select 'a"],
  ['two ways to read it', "select '\\', $$';select'\\'$$, '' --'"],
  ['a zero', 'select 1\0'],
])('not read: %s', (_, text) => {
  expect(redact(text)).toMatchObject({ text, problem: 'form' })
})
