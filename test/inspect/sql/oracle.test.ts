/** The reader of SQL beside PostgreSQL itself: what is a literal, what it says, and what statements are run. */

import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Findings } from '../../../src/inspect/redact/findings.ts'
import { REDACT_LIMITS } from '../../../src/inspect/redact/reader.ts'
import { Form, Lexer, Token } from '../../../src/inspect/sql/lexer.ts'
import { decodeLiteral } from '../../../src/inspect/sql/literal.ts'
import { readStatement } from '../../../src/inspect/sql/read-statement.ts'
import { redactStatement } from '../../../src/inspect/sql/redact-statement.ts'
import { label, markers } from '../../support/markers.ts'
import { missing } from '../../support/needs.ts'
import {
  openPostgresqlServer,
  postgresql,
  postgresqlProgram,
} from '../../support/postgresql-server.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 150)

describe.skipIf(missing(postgresql))('beside a server', () => {
  let server: Awaited<ReturnType<typeof openPostgresqlServer>>
  let client: pg.Client

  beforeAll(async () => {
    server = await openPostgresqlServer([
      "shared_preload_libraries = 'pg_stat_statements'",
      'log_min_messages = panic',
    ])
    client = new pg.Client({
      host: server.socket,
      port: server.port,
      user: 'postgres',
      database: 'postgres',
    })
    await client.connect()
    await client.query('create extension pg_stat_statements')
    await client.query('create table t (a int, b text); create table u (a int, b text)')
  })

  afterAll(async () => {
    await client?.end()
    await server?.[Symbol.asyncDispose]()
  })

  /** What the server does, statement by statement; null where it refuses all of it. */
  const run = async (text: string, isConforming: boolean) => {
    await client.query(
      `begin; set local standard_conforming_strings = ${isConforming ? 'on' : 'off'}`,
    )
    try {
      const result = await client.query({ text, rowMode: 'array' })
      return (Array.isArray(result) ? result : [result]) as pg.QueryArrayResult[]
    } catch {
      return null
    } finally {
      await client.query('rollback')
    }
  }

  /** Texts in which quotes, comments and dollars come together in any way. */
  const piece = fc.constantFrom(
    ...["'", "'", "''", '"', '\\', '$$', '$a$', '$', '--', '/*', '*/', '\n', ' ', 'E', 'U&', 'N'],
    ...['a', '1', '\\n', '\\x41', '\\101', '\\u0041', "\\'", "'\n'", "' -- '\n'", ';', '+', 'é'],
  )
  const inside = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
  const literal = fc.oneof(
    inside.map((text) => `'${text.replaceAll("'", "''")}'`),
    inside.map((text) => `'${text}'`),
    inside.map((text) => `E'${text}'`),
    inside.map((text) => `E'${text.replaceAll("'", "\\'")}'`),
    inside.map((text) => `U&'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`),
    inside.map((text) => `U&'${text}'`),
    inside.map((text) => `N'${text.replaceAll("'", "''")}'`),
    inside.map((text) => `$z$${text}$z$`),
    inside.map((text) => `$$${text}$$`),
    inside.map((text) => `'a'\n'${text.replaceAll("'", "''")}'`),
    inside.map((text) => `E'a' -- '\n '${text.replaceAll("'", "''")}'`),
  )
  const gap = fc.oneof(
    fc.constantFrom(' ', '\n', '\t', '--\n', '/**/', "-- '\n", "/*'*/", '/*/**/*/'),
    inside.map((text) => `/*${text}*/`),
    inside.map((text) => `--${text}\n`),
  )
  const item = fc.tuple(gap, literal, gap).map((parts) => parts.join(''))

  const valuesOf = (text: string, isConforming: boolean) => {
    const lexer = new Lexer(Buffer.from(text), isConforming)
    const values: string[] = []
    while (lexer.next()) {
      if (lexer.token !== Token.text) continue
      const { bytes, from, to, form } = lexer
      const hasEscapes = form === Form.escaped || (form === Form.plain && !isConforming)
      values.push(`${decodeLiteral(bytes, from, to, form, hasEscapes).text}`)
    }
    return lexer.isBroken ? null : values
  }

  test.each([true, false])(
    'literals are what they are to it (standard: %s)',
    async (isConforming) => {
      let taken = 0
      const check = async (text: string) => {
        const results = await run(text, isConforming)
        const row = results?.[0]?.rows[0] ?? []
        // Numbers are none, and of what is reckoned with literals it is not seen what they were.
        if (results?.length !== 1 || !row.every((value) => typeof value === 'string')) return
        taken++
        expect(valuesOf(text, isConforming), text).toEqual(row)
      }
      const select = fc
        .array(item, { minLength: 1, maxLength: 4 })
        .map((all) => `select ${all.join(',')}`)
      await fc.assert(fc.asyncProperty(select, check), { numRuns: 2 * RUNS })
      expect(taken).toBeGreaterThan(RUNS / 20)
    },
  )

  test.each([true, false])(
    'statements that it runs are told (standard: %s)',
    async (isConforming) => {
      const statement = fc.constantFrom(
        ...[
          'select 1',
          'delete from t',
          'insert into t values (1)',
          'notify a',
          'lock t',
          'drop table u',
        ],
        ...[
          'with x as (delete from t returning *) select * from x',
          'truncate u',
          'vacuum',
          'reset role',
        ],
        ...[
          "select ';",
          "', $$",
          "'\\",
          "', '\\",
          'select $a$',
          '$a$',
          '--',
          '\n',
          '/*',
          '*/',
          ';',
          ';',
          "'",
        ],
      )
      const text = fc
        .array(fc.oneof(statement, item), { minLength: 1, maxLength: 8 })
        .map((all) => all.join(' '))
      let taken = 0
      const check = async (each: string) => {
        const results = await run(each, isConforming)
        if (results === null) return
        const commands = results.map(({ command }) => command?.toLowerCase().split(' ')[0] ?? '')
        const { kinds } = readStatement(Buffer.from(each), true, (name) => name)
        if (commands.some((command) => command !== '')) taken++
        for (const command of commands) if (command !== '') expect(kinds, each).toContain(command)
      }
      await fc.assert(fc.asyncProperty(text, check), { numRuns: 6 * RUNS })
      expect(taken).toBeGreaterThan(RUNS / 50)
    },
  )

  test('redacted literals say the same but for what was found', async () => {
    const mark = fc.constantFrom('XX1234XX', "XX12'\n'34XX", '\\x58X1234XX', '\\0058X1234XX')
    const marked = fc
      .array(fc.oneof(piece, mark), { minLength: 1, maxLength: 6 })
      .map((all) => all.join(''))
    const text = fc.oneof(
      marked.map((each) => `'${each}'`),
      marked.map((each) => `E'${each}'`),
      marked.map((each) => `U&'${each}'`),
      marked.map((each) => `$z$${each}$z$`),
    )
    const select = fc
      .array(text, { minLength: 1, maxLength: 3 })
      .map((all) => `select ${all.join(', ')}`)
    let changed = 0
    const check = async (each: string) => {
      const job = { scan: markers, replace: label, limits: REDACT_LIMITS, sealed: 'read' } as const
      const findings = new Findings()
      const { bytes } = redactStatement({ ...job, findings }, Buffer.from(each), true)
      if (bytes === null) return
      changed++
      for (const isConforming of [true, false]) {
        const before = await run(each, isConforming)
        const after = await run(bytes.toString(), isConforming)
        expect(after === null, each).toBe(before === null)
        const valuesOf = (all: typeof before) => all?.map(({ rows }) => rows.flat().map(String))
        const want = valuesOf(before)?.map((row) =>
          row.map((one) => one.replace(/XX\d{4}XX/g, '[mark]')),
        )
        const now = valuesOf(after)
        for (const value of now?.flat() ?? []) expect(value, each).not.toMatch(/XX\d{4}XX/)
        // What only the other reading has found is not there in this one either.
        if (!each.includes('\\')) expect(now, each).toEqual(want)
        else expect(now?.map((row) => row.length)).toEqual(want?.map((row) => row.length))
      }
    }
    await fc.assert(fc.asyncProperty(select, check), { numRuns: 4 * RUNS })
    expect(changed).toBeGreaterThan(RUNS / 50)
  })

  test('every statement that psql has help for is one', () => {
    const args = ['-XAtq', '-h', server.socket, '-p', `${server.port}`, '-U', 'postgres']
    const help = execFileSync(postgresqlProgram('psql'), [...args, '-c', '\\h *'], {
      encoding: 'utf8',
    })
    const names = [...help.matchAll(/^Command:\s+(.*)$/gm)].map((match) => match[1]?.trim() ?? '')
    expect(names.length).toBeGreaterThan(150)
    const behind: Record<string, string> = {
      COPY: 'a from stdin',
      'CREATE TABLE AS': 'select 1',
      DECLARE: 'a cursor for select 1',
      EXPLAIN: 'select 1',
      PREPARE: 'a as select 1',
      WITH: 'a as (select 1) select 2',
    }
    const unknown = names.filter((name) => {
      const text = `${name.replace(' AS', ' a AS')} ${behind[name] ?? 'a'}`
      const { kinds } = readStatement(Buffer.from(text), true, (each) => each)
      return !kinds?.has(name.split(' ')[0]?.toLowerCase() ?? '') && name !== 'WITH'
    })
    expect(unknown).toEqual([])
  })

  test('statements that are the same to it are the same', async () => {
    const texts = [
      [
        "select a, 'b' from t where a = 1 and b like 'x%'",
        "select a, 'c' from t where a = 22 and b like E'y\\n'",
      ],
      ["update t set a = 1, b = $$x$$ where b = U&'a'", null],
      ["insert into t values (1, 'a')", "insert into t values (2, 'b')"],
      [
        'select count(*) from t where a in (1, 2, 3) limit 5',
        'select count(*) from t where a in (4,5,6) limit 1',
      ],
      ['with x as (select 1.5e3 as y) select * from x where y > .5 or y = 0', null],
    ]
    for (const pair of texts)
      for (const text of pair) if (text !== null) await client.query(text).catch(() => {})
    const { rows } = await client.query(
      'select query from pg_stat_statements where query not like $1',
      ['%pg_stat%'],
    )
    const known = new Set(rows.map(({ query }) => plain(query)))
    let seen = 0
    for (const [text, same] of texts) {
      const mine = plain(text ?? '')
      if (same != null) expect(plain(same)).toBe(mine)
      if (known.has(mine)) seen++
    }
    expect(seen).toBe(texts.length)
  })

  const plain = (text: string) =>
    readStatement(Buffer.from(text.replaceAll(/\$\d+/g, '1')), true, (name) => name).normalised
})
