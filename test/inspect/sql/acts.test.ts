/** What statements do, as triggers of a server see it, is among what they are said to do: however deep it stands in others. */

import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readStatement } from '../../../src/inspect/sql/read-statement.ts'
import { missing } from '../../support/needs.ts'
import { openPostgresqlServer, postgresql } from '../../support/postgresql-server.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 300)

const TABLES = `
create table fired (what text);
create table t (a int, b text, "delete" int);
create table u (a int, b text);
insert into t select n, 'b' from generate_series(1, 3) n;
insert into u select n, 'b' from generate_series(1, 2) n;
create function note() returns trigger language plpgsql as 'begin insert into fired values (lower(tg_op)); return null; end';
create trigger t after insert or update or delete or truncate on t for each statement execute function note();
create function note_ddl() returns event_trigger language plpgsql as 'begin insert into fired values (lower(tg_tag)); end';
create event trigger ddl on ddl_command_start execute function note_ddl();
`

/** Names that are key words as well. */
const name = fc.constantFrom('x', '"select"', 'delete', 'update', 'insert', '"Drop"', 'y')
const gap = fc.constantFrom(' ', '\n', '/* select; */', "--'\n", '/*/**/*/ ')
const change = fc.constantFrom(
  ...[
    'delete from t',
    'delete from t where a in (select a from u)',
    'update t set b = $$x; delete$$',
  ],
  ...["insert into t values (1, 'delete from t')", 'insert into t (a) select a from u'],
)
const merge = fc.constantFrom(
  ...['merge into t using u on t.a = u.a when matched then delete'],
  ...[
    "merge into t using u on t.a = u.a when matched then update set b = 'c' when not matched then do nothing",
  ],
  ...['merge into t using u on t.a = u.a + 2 when not matched then insert values (u.a, u.b)'],
)
const query = fc.constantFrom(
  ...[
    'select * from u',
    'table u',
    'values (1, 2)',
    '(select 1 union (select 2))',
    'select 1 for update of u',
  ],
  ...[
    'select t.delete from t',
    'select "delete" as update from t',
    "select 'insert into t values (1)'",
  ],
)
const returning = change.map((text) => `${text} returning *`)
const bodies = fc.letrec<Record<'cte' | 'main', string>>((tie) => ({
  cte: fc.oneof({ depthSize: 'small' }, query, returning, tie('main')),
  main: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(
        name,
        fc.constantFrom('as', 'as materialized', 'as not materialized'),
        gap,
        tie('cte'),
        fc.oneof(query, returning, change),
      )
      .map(
        ([each, as, blank, inner, main]) => `with ${each} ${as}${blank}(${inner})${blank}${main}`,
      ),
    fc
      .tuple(name, tie('cte'), query, fc.oneof(query, change))
      .map(
        ([each, inner, other, main]) =>
          `with recursive ${each} as (${inner}), z (a) as (${other}) ${main}`,
      ),
  ),
}))
const statement = fc.oneof(query, change, merge, bodies.main, bodies.main)
const text = fc.oneof(
  statement,
  statement.map((each) => `explain ${each}`),
  statement.map((each) => `explain (costs off, analyze) ${each}`),
  statement.map((each) => `explain analyze verbose ${each}`),
  statement.map((each) => `prepare p as ${each}; execute p; deallocate p`),
  statement.map((each) => `copy (${each}) to '/dev/null'`),
  fc.oneof(query, bodies.main).map((each) => `create table made as ${each}`),
  fc.oneof(query, bodies.main).map((each) => `declare c cursor for ${each}; fetch all from c`),
  fc.constantFrom(
    'select a into made from u',
    'with x as (select 1) select * into temp made from x',
    'truncate t',
  ),
  fc.constantFrom(
    'create schema s create table s.v (a int) create view s.w as select 1',
    'drop table u',
    'create temp table q (a int)',
  ),
  fc.constantFrom(
    'create rule r as on insert to u do also delete from t; insert into u values (1)',
    'alter table u add c int',
  ),
)
const texts = fc.array(
  fc.tuple(gap, text).map((parts) => parts.join('')),
  { minLength: 1, maxLength: 2 },
)

describe.skipIf(missing(postgresql))('what statements do', () => {
  let server: Awaited<ReturnType<typeof openPostgresqlServer>>
  let client: pg.Client

  beforeAll(async () => {
    server = await openPostgresqlServer(['log_min_messages = panic'])
    const { socket, port } = server
    client = new pg.Client({ host: socket, port, user: 'postgres', database: 'postgres' })
    await client.connect()
    await client.query(TABLES)
  })

  afterAll(async () => {
    await client?.end()
    await server?.[Symbol.asyncDispose]()
  })

  /** What triggers have seen; null where the server has refused it. */
  const run = async (each: string): Promise<readonly string[] | null> => {
    await client.query('begin')
    try {
      await client.query(each)
      const { rows } = await client.query('select distinct what from fired')
      return rows.map(({ what }) => what)
    } catch {
      return null
    } finally {
      await client.query('rollback; deallocate all')
    }
  }

  test('is among what they are said to do', async () => {
    const seen = new Map<string, number>()
    const check = async (all: readonly string[]) => {
      const each = all.join(';')
      const fired = await run(each)
      if (fired === null) return
      const { kinds } = readStatement(Buffer.from(each), true, (plain) => plain)
      for (const what of fired) {
        seen.set(what, (seen.get(what) ?? 0) + 1)
        const kind = what === 'create table as' ? 'select into' : what
        expect(kinds, each).toContain(kind)
      }
      // Said is not more than there is: nothing that changes rows where none of its words stands outside of literals and names.
      if (fired.length === 0 && /^\s*(?:select|table|values)\b/.test(each) && all.length === 1) {
        expect(kinds?.has('delete') ?? true, each).toBe(false)
      }
    }
    await fc.assert(fc.asyncProperty(texts, check), { numRuns: RUNS })
    // Not one of each comes in every run.
    expect(seen.size).toBeGreaterThan(3)
  })
})
