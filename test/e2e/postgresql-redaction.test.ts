/** What comes out of a database and goes into it, through the proxy, as drivers see it: every type, in text and in binary. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type pg from 'pg'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FRONTEND, toMessage } from '../../src/proxy/postgresql/messages.ts'
import { openTunnel, runProgram } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { connectPg, PgWire, toStart } from '../support/postgresql-client.ts'
import {
  openPostgresqlServer,
  type PostgresqlServer,
  postgresql,
  postgresqlProgram,
} from '../support/postgresql-server.ts'
import { type Forwarder, forwardThrough } from '../support/redis.ts'
import { eventually } from '../support/wait.ts'

const PORT = 15434
const MAIL = 'ada.lovelace@example.org'
const CARD = '4111111111111111'
const IBAN = 'DE89370400440532013000'

const CONFIG = `
redaction: { on_unscannable: { out: block, in: block } }
rules:
  - id: nothing-in
    because: nobody needs it here
    when: { protocol: postgresql, host: api.de.test }
    redact: { in: [email, payment-card, iban, date-of-birth], with: label }
  - id: tokens-out
    because: the database keeps no addresses
    when: { protocol: postgresql, host: api.fr.test }
    redact: { out: [email, iban], with: token }
`

const PEOPLE = `
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('calm', 'loud');
CREATE TYPE person AS (name text, contact text);
CREATE TABLE people (
  id int PRIMARY KEY, contact text, alias varchar(60), padded char(30), folded citext, about jsonb, plain json, page xml,
  ways text[], accounts jsonb[], numbers bigint[], card bigint, exact numeric, bytes bytea, blob bytea,
  pair person, date_of_birth date, happened timestamptz, key uuid, host inet, mood mood, ok boolean, nothing text
);
INSERT INTO people VALUES (
  1, 'write to ${MAIL}', '${MAIL}', '${MAIL}', '${MAIL}', '{"email": "${MAIL}", "card": ${CARD}, "n": [1, "${IBAN}"]}', '["${MAIL}"]',
  '<p a="${MAIL}">${IBAN}</p>', '{"${MAIL}","a \\"b\\"",NULL}', ARRAY['{"iban": "${IBAN}"}'::jsonb], '{1,${CARD}}', ${CARD}, ${CARD}.00,
  convert_to('to ${MAIL}', 'UTF8'), NULL, ROW('Ada', '${MAIL}'), '1985-12-10', '2026-01-02 03:04:05Z',
  'd3b07384-d9a0-4c9b-8f3d-2f1e6a5b4c3d', '10.0.0.1', 'calm', true, NULL
);
GRANT ALL ON people TO PUBLIC;
CREATE TABLE notes (email text, iban text, about jsonb, n bigint);
GRANT ALL ON notes TO PUBLIC;
`

const run = promisify(execFile)
const PYTHON = '/usr/bin/python3'

describe.skipIf(missing(postgresql))('PostgreSQL, redacted', () => {
  let lab: Lab
  let server: PostgresqlServer
  const stack = new AsyncDisposableStack()

  beforeAll(async () => {
    lab = stack.use(await openLab({ config: CONFIG }))
    server = stack.use(
      await openPostgresqlServer(["listen_addresses = '127.0.0.10, 127.0.0.11'"], PORT),
    )
    await straight(PEOPLE)
  })
  afterAll(() => stack.disposeAsync())

  /** Not through the proxy. */
  async function straight(text: string): Promise<string> {
    const args = ['-XAtq', '-h', server.socket, '-p', `${PORT}`, '-U', 'postgres', '-c', text]
    const { stdout } = await run(postgresqlProgram('psql'), args)
    return stdout.trim()
  }

  const connect = async (host: string): Promise<Client> => {
    const client = await connectPg(lab.proxy, `${host}:${PORT}`)
    stack.defer(() => client.end())
    return client
  }

  describe('rows', () => {
    let client: Client
    beforeAll(async () => {
      client = await connect('api.de.test')
    })

    /** Each value as the wire has it. */
    const raw = async (columns: string, isBinary: boolean) => {
      const types = {
        getTypeParser: () => (value: unknown) => value,
      } as unknown as pg.CustomTypesConfig
      const query = { text: `SELECT ${columns} FROM people`, types, binary: isBinary, values: [] }
      const { rows } = await client.query({ ...query, queryMode: 'extended' } as pg.QueryConfig)
      return rows[0] as Record<string, string | Buffer | null>
    }

    test('in text: texts and JSON without what is found, and NULL for what cannot hold that', async () => {
      expect(await raw('*', false)).toEqual({
        id: '1',
        contact: 'write to [EMAIL]',
        alias: '[EMAIL]',
        padded: '[EMAIL]'.padEnd(30 - MAIL.length + '[EMAIL]'.length),
        folded: '[EMAIL]',
        about: expect.stringMatching(
          /^\{"n": \[1, "\[IBAN\]"\], "card": \d+, "email": "\[EMAIL\]"\}$/,
        ),
        plain: '["[EMAIL]"]',
        page: '<p a="[EMAIL]">[IBAN]</p>',
        ways: '{"[EMAIL]","a \\"b\\"",NULL}',
        accounts: '{"{\\"iban\\": \\"[IBAN]\\"}"}',
        numbers: null,
        card: null,
        exact: null,
        bytes: `\\x${Buffer.from('to [EMAIL]').toString('hex')}`,
        blob: null,
        pair: '(Ada,[EMAIL])',
        date_of_birth: null,
        happened: '2026-01-02 03:04:05+00',
        key: 'd3b07384-d9a0-4c9b-8f3d-2f1e6a5b4c3d',
        host: '10.0.0.1',
        mood: 'calm',
        ok: 't',
        nothing: null,
      })
    })

    test('in binary the same', async () => {
      const columns =
        'id, contact, alias, about, plain, ways, accounts, numbers, card, exact, bytes, date_of_birth, happened, key, host, ok'
      const row = await raw(columns, true)
      const text = (name: string) => row[name]?.toString()
      expect(Number(`0x${(row.id as Buffer).toString('hex')}`)).toBe(1)
      expect(text('contact')).toBe('write to [EMAIL]')
      expect(text('alias')).toBe('[EMAIL]')
      expect(text('about')).toMatch(
        /^\x01\{"n": \[1, "\[IBAN\]"\], "card": \d+, "email": "\[EMAIL\]"\}$/,
      )
      expect(text('plain')).toBe('["[EMAIL]"]')
      expect(text('bytes')).toBe('to [EMAIL]')
      expect(row).toMatchObject({ card: null, exact: null, date_of_birth: null })
      for (const value of Object.values(row)) {
        expect(value?.toString('latin1') ?? '').not.toMatch(/ada|DE89/)
      }
      const { rows } = await client.query({
        text: 'SELECT ways FROM people',
        values: [],
        binary: true,
      } as pg.QueryConfig)
      expect(rows).toEqual([{ ways: ['[EMAIL]', 'a "b"', null] }])
    })

    test('bytes that are no text cannot be read: the session ends', async () => {
      const other = await connect('api.de.test')
      await expect(other.query("SELECT '\\x00ff01'::bytea")).rejects.toThrow()
      expect((await client.query("SELECT '\\x00ff01'::text AS a")).rows).toEqual([
        { a: '\\x00ff01' },
      ])
    })

    test('what was counted is in the log, by column', async () => {
      await client.end()
      const pathsOf = () =>
        lab.proxy
          .query<{ path: string; type: string }>('SELECT DISTINCT path, type FROM redactions')
          .map(({ path, type }) => `${type} ${path}`)
      const paths = await eventually('what was counted', () => {
        const all = pathsOf()
        return all.includes('iban about$.n[]') ? all : null
      })
      expect(paths).toEqual(
        expect.arrayContaining([
          ...['email contact', 'email about$.email', 'payment-card card', 'email ways'],
          'date-of-birth date_of_birth',
        ]),
      )
      expect(JSON.stringify(paths)).not.toContain(MAIL)
    })
  })

  test.skipIf(missing(program(PYTHON, '-c', 'import psycopg2')))('psycopg2', async () => {
    await using forwarder = await forwardThrough(lab.proxy, `api.de.test:${PORT}`)
    const script = `
import json, sys, psycopg2
connection = psycopg2.connect(host='127.0.0.1', port=int(sys.argv[1]), user='postgres', dbname='postgres', channel_binding='disable')
cursor = connection.cursor()
cursor.execute('SELECT contact, about, ways, card, pair, happened::text FROM people WHERE id = %s', (1,))
print(json.dumps(cursor.fetchall()))
named = connection.cursor('named')
named.execute('SELECT alias, exact FROM people')
print(json.dumps(named.fetchmany(5)))
`
    const { stdout } = await run(PYTHON, ['-c', script, `${forwarder.port}`])
    const [rows, cursor] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toEqual([
      [
        'write to [EMAIL]',
        { n: [1, '[IBAN]'], card: expect.any(Number), email: '[EMAIL]' },
        ['[EMAIL]', 'a "b"', null],
        null,
        '(Ada,[EMAIL])',
        '2026-01-02 03:04:05+00',
      ],
    ])
    expect(cursor).toEqual([['[EMAIL]', null]])
  })

  test('psql', async () => {
    await using forwarder = await forwardThrough(lab.proxy, `api.de.test:${PORT}`)
    const env = { ...process.env, PGCHANNELBINDING: 'disable' }
    const psql = (...commands: string[]) => {
      const args = ['-XAtq', '-h', '127.0.0.1', '-p', `${forwarder.port}`, '-U', 'postgres']
      return run(
        postgresqlProgram('psql'),
        [...args, ...commands.flatMap((each) => ['-c', each])],
        { env },
      )
    }
    const { stdout } = await psql(
      'SELECT contact, card, page FROM people',
      `SELECT '${MAIL}'`,
      '\\d people',
    )
    expect(stdout).toContain('write to [EMAIL]||<p a="[EMAIL]">[IBAN]</p>\n[EMAIL]\n')
    expect(stdout).toContain('date_of_birth|date')
    expect(stdout).not.toContain('ada')
  })

  describe('COPY', () => {
    let forwarder: Forwarder
    const psql = async (input: string, ...args: string[]) => {
      const env = { ...process.env, PGCHANNELBINDING: 'disable' }
      const where = ['-XAtq', '-h', '127.0.0.1', '-p', `${forwarder.port}`, '-U', 'postgres']
      return runProgram(postgresqlProgram('psql'), [...where, ...args], { env, input })
    }

    describe('out', () => {
      beforeAll(async () => {
        forwarder = stack.use(await forwardThrough(lab.proxy, `api.de.test:${PORT}`))
      })

      test.each([
        [
          'as text',
          'COPY people (id, contact, date_of_birth, ways) TO STDOUT',
          '1\twrite to [EMAIL]\t[DATE_OF_BIRTH]\t{[EMAIL],"a \\\\"b\\\\"",NULL}\n',
        ],
        [
          'as CSV',
          'COPY (SELECT alias, card, date_of_birth, nothing FROM people) TO STDOUT WITH (FORMAT csv, HEADER)',
          'alias,card,date_of_birth,nothing\n[EMAIL],[PAYMENT_CARD],[DATE_OF_BIRTH],\n',
        ],
      ])('%s', async (_, text, want) => {
        expect(await psql('', '-c', text)).toMatchObject({ code: 0, out: want })
      })

      test('in binary it cannot be read: the session ends, and no row has come', async () => {
        const { code, out } = await psql(
          '',
          '-c',
          'COPY people (contact) TO STDOUT (FORMAT binary)',
        )
        expect(code).not.toBe(0)
        expect(out).not.toContain('ada')
      })

      test.skipIf(missing(program(PYTHON, '-c', 'import psycopg2')))('psycopg2', async () => {
        const script = `
import io, sys, psycopg2
connection = psycopg2.connect(host='127.0.0.1', port=int(sys.argv[1]), user='postgres', dbname='postgres', channel_binding='disable')
cursor = connection.cursor()
for text in ("COPY (SELECT n, %r AS contact FROM generate_series(1, 3000) n) TO STDOUT" % sys.argv[2], "COPY people (alias) TO STDOUT CSV"):
    out = io.StringIO()
    cursor.copy_expert(text, out)
    print(len(out.getvalue().splitlines()), out.getvalue().count('[EMAIL]'), out.getvalue().count('ada'))
`
        const { out, err } = await runProgram(PYTHON, ['-c', script, `${forwarder.port}`, MAIL])
        expect(err).toBe('')
        expect(out).toBe('3000 3000 0\n1 1 0\n')
      })
    })

    describe('in', () => {
      beforeAll(async () => {
        forwarder = stack.use(await forwardThrough(lab.proxy, `api.fr.test:${PORT}`))
        await straight('CREATE TABLE copied (email text, n int); GRANT ALL ON copied TO PUBLIC')
      })

      test.each([
        ['as text', 'COPY copied FROM STDIN', `${MAIL}\t1\nsay ${MAIL}\t2\n\\.\n`],
        [
          'as CSV',
          'COPY copied (n, email) FROM STDIN (FORMAT csv, HEADER)',
          `n,email\n3,"${MAIL}"\n\\.\n`,
        ],
      ])('%s', async (_, text, rows) => {
        expect(await psql(`${text};\n${rows}`)).toMatchObject({ code: 0, err: '' })
      })

      test('many, in pieces of any size, and what the server refuses', async () => {
        const rows = Array.from({ length: 5_000 }, (_, i) => `${MAIL}\t${i + 10}\n`).join('')
        expect(await psql(`COPY copied FROM STDIN;\n${rows}\\.\n`)).toMatchObject({
          code: 0,
          err: '',
        })
        const { err, out } = await psql(
          `COPY copied FROM STDIN;\n${MAIL}\tno number\n${rows}\\.\nSELECT 'on it goes';\n`,
        )
        expect(err).toMatch(/invalid input syntax for type integer/)
        expect(err).not.toContain('ada')
        expect(out).toBe('on it goes\n')
      })

      test('is kept as tokens, and comes back', async () => {
        const kept =
          "SELECT count(*), count(DISTINCT email), bool_or(email LIKE '%ada%') FROM copied"
        expect(await straight(kept)).toBe('5003|2|f')
        const { out } = await psql('', '-c', 'SELECT email FROM copied WHERE n < 4 ORDER BY n')
        expect(out).toBe(`${MAIL}\nsay ${MAIL}\n${MAIL}\n`)
        const copied = await psql('', '-c', 'COPY (SELECT email FROM copied WHERE n = 2) TO STDOUT')
        expect(copied.out).toBe(`say ${MAIL}\n`)
      })

      test('rows that come before they are asked for end the session', async () => {
        const wire = PgWire.open(await openTunnel(lab.proxy, `api.fr.test:${PORT}`))
        wire.send(toStart({ user: 'postgres', database: 'postgres' }))
        await wire.until('Z')
        const data = toMessage(FRONTEND.copyData, `${MAIL}\t9999999\n`)
        const query = toMessage(FRONTEND.query, 'COPY copied FROM STDIN\0')
        wire.send(Buffer.concat([query, data, toMessage(FRONTEND.copyDone)]))
        expect((await wire.until('E')).toString()).toContain('request-statement')
        await wire.ended
        expect(await straight('SELECT count(*) FROM copied WHERE n = 9999999')).toBe('0')
      })

      test('in binary it does not leave', async () => {
        const { code, err } = await psql('', '-c', 'COPY copied FROM STDIN (FORMAT binary)')
        expect(code).not.toBe(0)
        expect(err).toMatch(/body-unscannable|cannot be read/)
      })
    })
  })

  describe('tokens', () => {
    test('what is said is kept as tokens, and comes back to who said it', async () => {
      const client = await connect('api.fr.test')
      const about = { contact: { email: MAIL }, n: 1 }
      await client.query('INSERT INTO notes (email, iban, about, n) VALUES ($1, $2, $3, $4)', [
        MAIL,
        IBAN,
        about,
        5,
      ])
      await client.query(`INSERT INTO notes (email, iban) VALUES ('${MAIL}', E'${IBAN}')`)
      const kept = await straight('SELECT email, iban, about FROM notes')
      expect(kept).not.toMatch(/ada|DE89/)
      expect(kept).toMatch(
        /^PII_EMAIL_\w+\|PII_IBAN_\w+\|\{"n": 1, "contact": \{"email": "PII_EMAIL_\w+"\}\}$/m,
      )
      const { rows } = await client.query('SELECT * FROM notes WHERE email = $1', [MAIL])
      expect(rows).toEqual([
        { email: MAIL, iban: IBAN, about, n: '5' },
        { email: MAIL, iban: IBAN, about: null, n: null },
      ])
    })

    test('where nothing can be put, nothing leaves', async () => {
      const client = await connect('api.fr.test')
      await expect(client.query(`SELECT 1 AS "${MAIL}"`)).rejects.toThrow(
        /[Cc]ordon|number, a name/,
      )
      expect((await client.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }])
    })
  })
})
