/** What statements do, as rules name it. */

import { describe, expect, test } from 'vitest'
import { readStatement } from '../../../src/inspect/sql/read-statement.ts'

const kindsOf = (text: string | Buffer, isSafe = true) => {
  const { kinds } = readStatement(Buffer.from(text), isSafe, (name) => name)
  return kinds && [...kinds].sort().join(', ')
}

describe('kinds', () => {
  test.each([
    ['nothing', ' -- select\n;;', ''],
    ['one', 'select 1', 'select'],
    ['any case', 'SeLeCt 1;', 'select'],
    ['in parentheses', '((select 1) union (select 2))', 'select'],
    ['a table, or values', 'table t; values (1)', 'select, table, values'],
    ['several', 'begin; update t set a = 1; commit', 'begin, commit, update'],
    [
      'other words for the same',
      'start transaction; abort; end',
      'abort, begin, commit, end, rollback, start, start transaction',
    ],
    ['behind comments', '/* a /* b */ select */ delete -- x\n from t', 'delete'],
    ['in names', 'select "drop"; select * from "a;drop table b"', 'select'],
    [
      'in literals',
      `select ';drop table a', $$;drop$$, E'\\';drop', B'1', $a$ $$;drop $a$`,
      'select',
    ],
    ['a name like a key word', 'select a.delete, b."x".update as insert from t', 'select'],
    ['for update', 'select 1 from t for update', 'select'],
    ['within WITH', 'with a as (delete from t returning *) select * from a', 'delete, select'],
    [
      'behind WITH',
      'with a(x, y) as (select 1), b as not materialized (values (1)) update t set a = 1',
      'select, update, values',
    ],
    [
      'tables called as statements',
      'with delete as (select 1), update as (select 2) insert into t select * from delete',
      'insert, select',
    ],
    [
      'WITH within WITH',
      'with a as (with b as (select 1) delete from t returning 1) select 1',
      'delete, select',
    ],
    [
      'WITH that says how',
      'with recursive a as (select 1) search depth first by x, y set delete cycle x set c using update merge into t using a on true when matched then do nothing',
      'merge, select',
    ],
    ['WITH before parentheses', 'with a as (select 1) (table a)', 'select, table'],
    ['explained', 'explain delete from t', 'explain'],
    [
      'explained in words',
      'explain (verbose, costs off) with a as (delete from t returning 1) select 1',
      'explain',
    ],
    ['explained and done', 'explain analyze delete from t', 'delete, explain'],
    ['analyse', 'explain analyse verbose delete from t', 'delete, explain'],
    ['options', 'explain (costs off, analyze on) delete from t', 'delete, explain'],
    ['options in quotes', 'explain ("analyze") delete from t', 'delete, explain'],
    ['options with escapes', 'explain (U&"\\0061nalyze") delete from t', 'delete, explain'],
    [
      'explained in parentheses',
      'explain analyze (with a as (delete from t returning 1) select 1)',
      'delete, explain, select',
    ],
    ['explained, then done', 'explain select 1; delete from t', 'delete, explain'],
    [
      'explained CREATE',
      'explain analyze create table a as select 1',
      'create, create table, explain, select, select into',
    ],
    ['PREPARE', 'prepare a (int, numeric(1,2)) as delete from t where a = $1', 'delete, prepare'],
    ['PREPARE TRANSACTION', "prepare transaction 'x'", 'prepare, prepare transaction'],
    [
      'PREPARE of that name',
      'prepare transaction as delete from t',
      'delete, prepare, prepare transaction',
    ],
    ['EXECUTE', 'execute a(1)', 'execute'],
    [
      'COMMIT PREPARED',
      "commit prepared 'a'; rollback prepared 'b'",
      'commit, commit prepared, rollback, rollback prepared',
    ],
    [
      'CREATE TABLE',
      'create temp table if not exists a (b int generated always as (1) stored)',
      'create, create table, create temp',
    ],
    [
      'CREATE TABLE AS',
      'create table a as with b as (select 1) select * from b',
      'create, create table, select, select into',
    ],
    [
      'CREATE TABLE AS EXECUTE',
      'create unlogged table a as execute b',
      'create, create table, create unlogged, execute, select into',
    ],
    [
      'CREATE TABLE AS in parentheses',
      'create table a as (select 1)',
      'create, create table, select, select into',
    ],
    ['SELECT INTO', 'select a into b from c', 'create, create table, select, select into'],
    [
      'SELECT INTO within',
      'explain analyze with x as (select 1) select 1 into temp b',
      'create, create table, explain, select, select into',
    ],
    ['names of INTO', 'insert into a select b.into, c as into from d', 'insert'],
    [
      'a view',
      'create or replace temp recursive view a (b) as select 1',
      'create, create recursive, create temp, create view, select',
    ],
    [
      'a materialized view',
      'create materialized view a as select 1',
      'create, create materialized, create view, select',
    ],
    [
      'a function',
      `create or replace function a() returns int language sql as 'delete from t'`,
      'create, create function',
    ],
    [
      'a function of statements',
      'create function a() returns void begin atomic delete from t; insert into b values (1); end',
      'commit, create, create function, delete, end, insert',
    ],
    [
      'a rule',
      'create rule a as on insert to b do instead delete from c',
      'create, create rule, delete',
    ],
    [
      'a function that returns',
      'create function a() returns int begin atomic select 1; return 2; end',
      'commit, create, create function, end, return, select',
    ],
    [
      'a rule of several',
      'create rule a as on insert to b do also (update c set d = 1; notify e)',
      'create, create rule, notify, update',
    ],
    [
      'a schema',
      'create schema a create table b (c int) create view d as select 1 grant select on b to e',
      'create, create schema, create table, create view, grant, select',
    ],
    [
      'a user',
      'create user a; alter group b add user c; drop role d',
      'alter, alter group, alter role, create, create role, create user, drop, drop role',
    ],
    [
      'foreign things',
      'create foreign table a (b int) server c; create foreign data wrapper d',
      'create, create foreign, create table',
    ],
    [
      'an index',
      'create unique index concurrently a on b (c)',
      'create, create index, create unique',
    ],
    [
      'triggers',
      'create constraint trigger a after insert on b for each row execute function c(); drop event trigger d',
      'create, create constraint, create trigger, drop, drop event, drop trigger',
    ],
    [
      'ALTER',
      'alter table a drop column b; alter system set c = 1; alter default privileges grant select on tables to d',
      'alter, alter default, alter privileges, alter system, alter table',
    ],
    ['COPY from', 'copy a (b, c) from stdin with (format csv)', 'copy, copy from'],
    ['COPY to', 'copy a to stdout', 'copy, copy to'],
    ['COPY of a query', 'copy (delete from a returning b) to stdout', 'copy, copy to, delete'],
    [
      'COPY of WITH',
      'copy (with a as (delete from b returning 1) select 1) to stdout',
      'copy, copy to, delete, select',
    ],
    ['COPY and a program', `copy a from program $$x$$`, 'copy, copy from, copy program'],
    ['COPY and a file', `copy a to E'/x'`, 'copy, copy file, copy to'],
    ['COPY of a table called so', 'copy copy (a) to stdout', 'copy, copy to'],
    [
      'a cursor',
      'declare a insensitive scroll cursor with hold for with b as (select 1) select 2',
      'declare, select',
    ],
    ['DO, CALL', `do $$ begin delete from t; end $$; call a()`, 'call, do'],
    [
      'SET',
      'set role a; set local x = 1; set session authorization b; reset role; set a to b',
      'reset, reset role, set, set authorization, set local, set role, set session',
    ],
    [
      'rows that are there',
      'insert into a values (1) on conflict (b) do update set c = 1',
      'insert, update',
    ],
    [
      'MERGE',
      'merge into a using b on c when matched and d then delete when not matched then insert values (1)',
      'delete, insert, merge',
    ],
    [
      'numbers right before words',
      'select 1union select 2into a',
      'create, create table, select, select into',
    ],
  ])('%s', (_, text, want) => {
    expect(kindsOf(text)).toBe(want)
  })

  test.each([
    ['a literal without an end', "select 'a"],
    ['a literal that escapes its end', "select E'a\\'"],
    ['a name without an end', 'select "a'],
    ['an empty name', 'select ""'],
    ['a comment without an end', 'select 1 /* /* */'],
    ['dollars without an end', 'select $a$ $b$ $$'],
    ['a backslash', 'select 1 \\ delete'],
    ['another byte', 'select 1 \x01'],
    ['a zero', 'select 1\0; drop table a'],
    ['no statement', 'hello world'],
    ['a statement that nobody knows', 'unload t'],
    ['a name', '"select" 1'],
    ['a literal', "'select' 1"],
    ['WITH and nothing behind', 'with a as (delete from b returning 1)'],
    ['EXPLAIN and nothing behind', 'explain (analyze)'],
    ['PREPARE without AS', 'prepare a (int)'],
    ['CREATE of something else', 'create thing a'],
    ['COPY to something else', 'copy a to b'],
    ['parentheses left open', 'select (1'],
    ['parentheses that were not open', 'select 1); delete from t'],
  ])('refused: %s', (_, text) => {
    expect(kindsOf(text)).toBe(null)
  })

  test('where backslashes may be read in two ways, either', () => {
    // With standard strings two statements, without them one.
    const text = "select 'a\\', 'b'';delete from t where c = ''\\', 'd'"
    expect(kindsOf("select 'a\\' where b = ';delete from t; --'")).toBe('delete, select')
    expect(kindsOf(text)).toBe('select')
    const both = "select '\\', $$';drop table a;select'\\'$$, '' --'"
    expect(kindsOf(both)).toBe('drop, drop table, select')
  })

  test('one of more than four mebibytes is not read', () => {
    const of = (size: number) => `select '${'a'.repeat(size - 9)}'`
    expect(kindsOf(of(4 * 1024 * 1024))).toBe('select')
    expect(kindsOf(of(4 * 1024 * 1024 + 1))).toBe(null)
  })

  test('in encodings of which bytes may be quotes nothing but ASCII is read', () => {
    const text = Buffer.from([...Buffer.from("select '"), 0x95, 0x5c, ...Buffer.from("'")])
    expect(kindsOf(text)).toBe('select')
    expect(kindsOf(text, false)).toBe(null)
    expect(kindsOf("select 'a'", false)).toBe('select')
  })

  test('bytes that are no text are letters', () => {
    expect(kindsOf(Buffer.from('select \xff from \x80', 'latin1'))).toBe('select')
  })
})
