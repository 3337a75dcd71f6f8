/** PostgreSQL through the proxy, against a real server: sessions with and without TLS, and statements that are judged one by one. */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AUTHENTICATION } from '../../src/proxy/postgresql/channel-binding.ts'
import { FRONTEND, toInt16, toMessage } from '../../src/proxy/postgresql/messages.ts'
import { toCancelRequest, toSslRequest } from '../../src/proxy/postgresql/startup.ts'
import { openTunnel } from '../support/clients.ts'
import { asReviewer, type Reviewer } from '../support/desk.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing } from '../support/needs.ts'
import { connectPg, PgWire, toStart } from '../support/postgresql-client.ts'
import {
  openPostgresqlServer,
  type PostgresqlServer,
  postgresql,
  postgresqlProgram,
} from '../support/postgresql-server.ts'
import { eventually } from '../support/wait.ts'

const PORT = 15432
/** Of one without TLS. */
const PLAIN = 15433

const CONFIG = `
timeouts: { head: 5s }
redaction: { on_unscannable: { out: block, in: block } }
hold: { wait: 20s, expires: 1m }
rules:
  - id: no-drops
    because: tables stay
    when: { protocol: postgresql, statement: drop }
    then: block
  - id: ask-for-truncate
    because: rows stay
    when: { protocol: postgresql, statement: truncate }
    then: hold
  - id: no-addresses
    because: nobody needs them
    when: { protocol: postgresql, host: api.fr.test }
    redact: { in: email, with: label }
  - id: no-addresses-out
    because: nobody needs them
    when: { protocol: postgresql, host: alias.test }
    redact: { out: email, with: label }
  - id: no-cards
    because: PCI
    when: { protocol: postgresql, host: alias.test, data: payment-card }
    then: block
`

const HBA = `
local all all trust
host all scram 127.0.0.1/32 scram-sha-256
host all md5 127.0.0.1/32 md5
host all all 127.0.0.1/32 trust
`

interface Statement {
  readonly id: number
  readonly statement: string
  readonly times: number
  readonly outcome: string
  readonly error: string | null
  readonly rows_in: number
  readonly redactions_in: number
  readonly redactions_out: number
}

describe.skipIf(missing(postgresql))('PostgreSQL', () => {
  let lab: Lab
  let admin: Reviewer
  let server: PostgresqlServer
  let ca: string
  const stack = new AsyncDisposableStack()

  beforeAll(async () => {
    lab = stack.use(await openLab({ config: CONFIG }))
    admin = asReviewer(lab.proxy)
    ca = readFileSync(lab.proxy.ca, 'utf8')
    const folder = stack.use(await temporaryFolder())
    const { keyPem, pem } = lab.certificate('api.de.test', 'api.us.test', 'bound.test')
    const [uid, gid] = ownerOf()
    chownSync(folder.path, uid, gid)
    for (const [name, text] of Object.entries({ 'key.pem': keyPem, 'cert.pem': pem, hba: HBA })) {
      writeFileSync(join(folder.path, name), text, { mode: 0o600 })
      chownSync(join(folder.path, name), uid, gid)
    }
    const open = ["listen_addresses = '0.0.0.0'", `hba_file = '${join(folder.path, 'hba')}'`]
    const secure = [
      'ssl = on',
      `ssl_cert_file = '${join(folder.path, 'cert.pem')}'`,
      `ssl_key_file = '${join(folder.path, 'key.pem')}'`,
    ]
    server = stack.use(await openPostgresqlServer([...open, ...secure], PORT))
    stack.use(await openPostgresqlServer(open, PLAIN))
    sql(server, "CREATE ROLE scram LOGIN PASSWORD 'secret'")
    sql(server, "SET password_encryption = md5; CREATE ROLE md5 LOGIN PASSWORD 'secret'")
    sql(server, 'CREATE TABLE t (n int, word text); GRANT ALL ON t TO PUBLIC')
  })
  afterAll(() => stack.disposeAsync())

  /** Straight to the server. */
  function sql({ socket, port }: PostgresqlServer, text: string): string {
    const args = ['-XAtq', '-h', socket, '-p', `${port}`, '-U', 'postgres', '-c', text]
    return execFileSync(postgresqlProgram('psql'), args, { encoding: 'utf8' }).trim()
  }

  const statements = () => lab.proxy.query<Statement>('SELECT * FROM statements ORDER BY id')
  const connections = () =>
    lab.proxy.query<Record<string, unknown>>(
      "SELECT * FROM flows WHERE protocol = 'postgresql' AND method IS NULL ORDER BY id",
    )
  /** Those since then, once all have ended. */
  const newStatements = (before: number) =>
    eventually('statements that have ended', () => {
      const rows = statements().filter(({ id }) => id > before)
      return rows.length > 0 && rows.every(({ outcome }) => outcome !== 'open') ? rows : null
    })
  const newConnections = (before: number) =>
    eventually('connections that have ended', () => {
      const rows = connections().filter(({ id }) => Number(id) > before)
      return rows.length > 0 && rows.every(({ outcome }) => outcome !== 'open') ? rows : null
    })
  const lastId = () => lab.proxy.flows().at(-1)?.id ?? 0
  const connect = (config = {}, host = 'api.de.test', port = PORT) =>
    connectPg(lab.proxy, `${host}:${port}`, config)

  describe.each([
    ['in the clear', PORT, {}],
    ['in TLS', PORT, { ssl: true }],
    ['to a server without TLS', PLAIN, {}],
  ])('a session %s', (_, port, config) => {
    let client: Client
    let before: number
    beforeAll(async () => {
      before = lastId()
      const ssl = 'ssl' in config ? { ca } : false
      client = await connect({ ssl }, 'api.de.test', port)
    })

    test('answers as the server does', async () => {
      expect((await client.query("SELECT 1 AS n, 'x' AS word")).rows).toEqual([{ n: 1, word: 'x' }])
      expect((await client.query('SELECT $1::int AS n', [7])).rows).toEqual([{ n: 7 }])
      await expect(client.query('SELECT nothing')).rejects.toMatchObject({ code: '42703' })
      const named = { name: 'mine', text: 'SELECT $1::int + 1 AS n' }
      for (const n of [1, 2]) {
        expect((await client.query({ ...named, values: [n] })).rows).toEqual([{ n: n + 1 }])
      }
      if (port === PORT) {
        const { rows } = await client.query(
          'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
        )
        expect(rows).toEqual([{ ssl: 'ssl' in config }])
      }
    })

    test('is on record, and each statement once without its values', async () => {
      await client.end()
      const rows = await newStatements(before)
      const own = rows.map(({ statement, times, rows_in }) => [statement, times, rows_in])
      expect(own.slice(0, 4)).toEqual([
        ['SELECT ? AS n, ? AS word', 1, 1].map(lower),
        ['SELECT $1::int AS n', 1, 1].map(lower),
        ['SELECT nothing', 1, 0].map(lower),
        ['SELECT $1::int + ? AS n', 2, 2].map(lower),
      ])
      const connection = connections().find(({ id }) => Number(id) > before)
      expect(connection).toMatchObject({
        mode: 'connect',
        scheme: 'tcp',
        protocol: 'postgresql',
        host: 'api.de.test',
        inspection: 'full',
        outcome: 'forwarded',
        dialed_ip: '127.0.0.10',
      })
    })
  })

  test.each(['md5', 'scram'])('%s: the password is between client and server', async (user) => {
    for (const ssl of [false, { ca }]) {
      const client = await connect({ user, password: 'secret', ssl })
      expect((await client.query('SELECT current_user AS me')).rows).toEqual([{ me: user }])
      await client.end()
      await expect(connect({ user, password: 'wrong', ssl })).rejects.toMatchObject({
        code: '28P01',
      })
    }
  })

  test('a client that would bind SCRAM to TLS is told why it cannot, and does not go on without', async () => {
    lab.dns.records['bound.test'] = { A: ['127.0.0.10'] }
    for (const [mechanism, flag] of [
      ['SCRAM-SHA-256', 'y,,n=,r=abc'],
      ['SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,n=,r=abc'],
    ] as const) {
      const wire = PgWire.open(await secured('bound.test'))
      wire.send(toStart({ user: 'scram' }))
      const asked = await wire.until('R')
      expect(asked.readInt32BE(5)).toBe(AUTHENTICATION.sasl)
      expect(asked.toString('latin1', 9)).toBe('SCRAM-SHA-256\0\0')
      const length = Buffer.alloc(4)
      length.writeInt32BE(flag.length)
      wire.send(toMessage(FRONTEND.password, `${mechanism}\0`, length, flag))
      const error = (await wire.until('E')).toString()
      expect(error).toContain('FATAL')
      expect(error).toContain('channel-binding')
      expect(error).toContain('PGCHANNELBINDING=disable')
      await wire.ended
    }
    // As libpq does where it only prefers TLS.
    const without = connect({ user: 'scram', password: 'secret' }, 'bound.test')
    await expect(without).rejects.toMatchObject({
      message: expect.stringContaining('channel-binding'),
    })
  })

  /** TLS as a client asks for it in the protocol. */
  async function secured(host: string, port = PORT, servername = host): Promise<tls.TLSSocket> {
    const socket = await openTunnel(lab.proxy, `${host}:${port}`)
    socket.write(toSslRequest())
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toBe('S')
    const secure = tls.connect({ socket, servername, ca, checkServerIdentity: () => undefined })
    await once(secure, 'secureConnect')
    return secure
  }

  describe('TLS', () => {
    test('is answered as the server answers', async () => {
      const socket = await openTunnel(lab.proxy, `api.de.test:${PLAIN}`)
      socket.write(toSslRequest())
      expect(String((await once(socket, 'data'))[0])).toBe('N')
      const wire = PgWire.open(socket)
      wire.send(toStart({ user: 'postgres' }))
      await wire.until('Z')
      wire.end()
    })

    test('GSSAPI is declined, and TLS may still be asked for', async () => {
      const socket = await openTunnel(lab.proxy, `api.de.test:${PORT}`)
      socket.write(Buffer.from('0000000804d21630', 'hex'))
      expect(String((await once(socket, 'data'))[0])).toBe('N')
      socket.write(toSslRequest())
      expect(String((await once(socket, 'data'))[0])).toBe('S')
      socket.destroy()
    })

    test('another name than the tunnel is for is refused, in words', async () => {
      const before = lastId()
      const wire = PgWire.open(await secured('api.de.test', PORT, 'api.fr.test'))
      wire.send(toStart({ user: 'postgres' }))
      expect((await wire.until('E')).toString()).toContain('names-disagree')
      await wire.ended
      expect(await newConnections(before)).toMatchObject([
        { error: 'names-disagree', outcome: 'blocked' },
      ])
    })

    test('a server that cannot prove its name is not spoken with', async () => {
      lab.dns.records['stranger.test'] = { A: ['127.0.0.10'] }
      // Nor in the clear, right behind it.
      for (const ssl of [{ ca }, false]) {
        await expect(connect({ ssl }, 'stranger.test')).rejects.toMatchObject({
          code: '08006',
          message: expect.stringContaining('tls-name-mismatch'),
        })
      }
    })

    test('what comes behind a request for it was sent by somebody else', async () => {
      const socket = await openTunnel(lab.proxy, `api.de.test:${PORT}`)
      socket.write(Buffer.concat([toSslRequest(), toStart({ user: 'postgres' })]))
      const wire = PgWire.open(socket)
      expect((await wire.until('E')).toString()).toContain('request-statement')
      await wire.ended
    })
  })

  describe('a connection that is refused', () => {
    test.each([
      ['in the clear', false],
      ['in TLS', true],
    ])('%s is told so in the protocol', async (_, isSecure) => {
      const refused = connect({ ssl: isSecure ? { ca } : false }, 'api.us.test')
      await expect(refused).rejects.toMatchObject({
        severity: 'FATAL',
        code: '42501',
        message: expect.stringContaining('placement-outside'),
        hint: expect.stringContaining('operator'),
      })
    })

    test('one that waits for a person: nothing is sent before, and then it goes on', async () => {
      const before = lastId()
      const waiting = connect({}, 'api.mixed.test')
      const hold = await admin.pending()
      expect(hold).toMatchObject({ method: 'CONNECT (postgresql)', host: 'api.mixed.test' })
      await admin.approve(hold.id)
      const client = await waiting
      expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
      await client.end()
      expect(connections().find(({ id }) => Number(id) > before)).toMatchObject({
        hold_id: hold.id,
        approver: 'admin',
      })
    })
  })

  test('a session of replication is refused where rules are about statements', async () => {
    const wire = PgWire.open(await openTunnel(lab.proxy, `api.de.test:${PORT}`))
    wire.send(toStart({ user: 'postgres', replication: 'database', database: 'postgres' }))
    expect((await wire.until('E')).toString()).toMatch(/FATAL.*rule-no-drops/s)
    await wire.ended
  })

  test('a function called by its number may be anything', async () => {
    const wire = PgWire.open(await openTunnel(lab.proxy, `api.de.test:${PORT}`))
    wire.send(toStart({ user: 'postgres' }))
    await wire.until('Z')
    // version(), with arguments and a result as text.
    wire.send(toMessage(FRONTEND.functionCall, Buffer.from('00000059000000000000', 'hex')))
    expect((await wire.until('E')).toString()).toMatch(/ERROR.*rule-no-drops/s)
    await wire.until('Z')
    wire.send(toMessage(FRONTEND.query, 'SELECT 1\0'))
    expect(await wire.letters()).toBe('TDCZ')
    wire.end()
  })

  test('TLS from the first byte on, under its own name', async () => {
    const { keyPem: key, pem: cert } = lab.certificate('api.de.test')
    const names: (string | false | null)[] = []
    // As PostgreSQL 17 does.
    const front = tls.createServer({ key, cert, ALPNProtocols: ['postgresql'] }, (socket) => {
      names.push(socket.alpnProtocol)
      const back = net.connect(PLAIN, '127.0.0.1')
      for (const each of [socket, back]) each.on('error', () => {})
      socket.pipe(back).pipe(socket)
    })
    front.listen(0, '127.0.0.10')
    await once(front, 'listening')
    const { port } = front.address() as net.AddressInfo
    const before = lastId()
    const socket = await openTunnel(lab.proxy, `api.de.test:${port}`)
    const secure = tls.connect({
      socket,
      servername: 'api.de.test',
      ca,
      ALPNProtocols: ['postgresql'],
    })
    await once(secure, 'secureConnect')
    expect(secure.alpnProtocol).toBe('postgresql')
    const wire = PgWire.open(secure)
    wire.send(toStart({ user: 'postgres' }))
    await wire.until('Z')
    wire.send(toMessage(FRONTEND.query, 'SELECT 1\0'))
    expect(await wire.letters()).toBe('TDCZ')
    wire.end()
    front.close()
    expect(names).toEqual(['postgresql'])
    expect((await newConnections(before))[0]).toMatchObject({
      protocol: 'postgresql',
      inspection: 'full',
    })
  })

  describe('a statement that is refused', () => {
    test('alone: an error with the rule, and the session goes on', async () => {
      const client = await connect()
      const refused = client.query('DROP TABLE t')
      await expect(refused).rejects.toMatchObject({
        severity: 'ERROR',
        code: '42501',
        message: expect.stringContaining('rule-no-drops'),
        detail: expect.stringContaining('tables stay'),
      })
      expect((await client.query('SELECT count(*)::int AS n FROM t')).rows).toHaveLength(1)
      await client.end()
    })

    test.each([
      ['simple', undefined],
      ['extended', []],
    ])('within a transaction, %s: it is aborted as by any error', async (_, values) => {
      const client = await connect()
      await client.query('BEGIN')
      await client.query("INSERT INTO t VALUES (1, 'gone')")
      await expect(client.query('DROP TABLE t', values)).rejects.toMatchObject({ code: '42501' })
      await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' })
      await client.query('ROLLBACK')
      expect((await client.query("SELECT * FROM t WHERE word = 'gone'")).rows).toEqual([])
      await client.end()
    })

    test('behind others in one text: none of them runs', async () => {
      const client = await connect()
      const text = "INSERT INTO t VALUES (2, 'first'); DROP TABLE t"
      await expect(client.query(text)).rejects.toMatchObject({ code: '42501' })
      expect((await client.query("SELECT * FROM t WHERE word = 'first'")).rows).toEqual([])
      await client.end()
    })

    test('in a pipeline: the rest of its series is skipped, the next one is not', async () => {
      const wire = PgWire.open(await openTunnel(lab.proxy, `api.de.test:${PORT}`))
      wire.send(toStart({ user: 'postgres' }))
      await wire.until('Z')
      const series = (text: string) => [
        toMessage(FRONTEND.parse, `\0${text}\0`, toInt16(0)),
        toMessage(FRONTEND.bind, '\0\0', Buffer.alloc(6)),
        toMessage(FRONTEND.execute, '\0', Buffer.alloc(4)),
      ]
      const sync = toMessage(FRONTEND.sync)
      wire.send(
        Buffer.concat([
          ...series("INSERT INTO t VALUES (3, 'series')"),
          ...series('DROP TABLE t'),
          ...series("INSERT INTO t VALUES (4, 'series')"),
          sync,
          ...series("SELECT word FROM t WHERE word = 'series'"),
          sync,
        ]),
      )
      const heard = [await wire.letters(), await wire.letters()]
      // The first insert was taken back with the series; nothing is found.
      expect(heard).toEqual(['12CEZ', '12CZ'])
      wire.end()
    })

    // A setting may go back to what it was before the transaction: in SJIS the backslash is a part of the character before it.
    test.each([
      ['a rollback', 'ROLLBACK'],
      ['an error', 'BEGIN nonsense'],
      ['one that is refused', 'DROP TABLE t'],
    ])('behind %s, in an encoding that comes back with it', async (_, first) => {
      sql(server, 'CREATE TABLE IF NOT EXISTS victim (n int)')
      const wire = PgWire.open(await openTunnel(lab.proxy, `api.de.test:${PORT}`))
      wire.send(toStart({ user: 'postgres' }))
      await wire.until('Z')
      for (const set of ["SET client_encoding = 'SJIS'", "BEGIN; SET client_encoding = 'UTF8'"]) {
        wire.send(toMessage(FRONTEND.query, `${set}\0`))
        expect(await wire.letters()).toMatch(/C+S?Z$/)
      }
      const hidden = Buffer.from("ROLLBACK; SELECT E'\x95\\'; DROP TABLE victim; --'\0", 'latin1')
      wire.send(
        Buffer.concat([toMessage(FRONTEND.query, `${first}\0`), toMessage(FRONTEND.query, hidden)]),
      )
      await wire.letters()
      expect(await wire.letters()).toBe('EZ')
      expect(sql(server, "SELECT to_regclass('victim')")).toBe('victim')
      wire.end()
    })

    test('a large one, cut anywhere', async () => {
      const client = await connect()
      const text = `DROP TABLE t -- ${'x'.repeat(300_000)}`
      await expect(client.query(text)).rejects.toMatchObject({ code: '42501' })
      await client.end()
    })
  })

  test('a statement waits for a person, and runs once', async () => {
    const before = lastId()
    const client = await connect()
    await client.query("INSERT INTO t VALUES (5, 'kept')")
    const waiting = client.query('TRUNCATE t')
    const hold = await admin.pending()
    expect(hold).toMatchObject({ method: 'TRUNCATE', host: 'api.de.test' })
    expect(sql(server, 'SELECT count(*) FROM t')).not.toBe('0')
    await admin.approve(hold.id)
    expect((await waiting).command).toBe('TRUNCATE')
    expect(sql(server, 'SELECT count(*) FROM t')).toBe('0')
    const next = client.query('TRUNCATE t')
    next.catch(() => {})
    const other = await admin.pending()
    await admin.post(`/holds/${other.id}/deny`, { reason: 'not again' })
    await expect(next).rejects.toMatchObject({ message: expect.stringContaining('hold-denied') })
    await client.end()
    const rows = await newStatements(before)
    const asked = rows.filter(({ statement }) => /^truncate/i.test(statement))
    expect(asked).toMatchObject([
      { outcome: 'forwarded', times: 1 },
      { outcome: 'denied', error: 'hold-denied' },
    ])
  })

  test('a query under way is cancelled by whose it is, and by nobody else', async () => {
    const client = await connect()
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
    const key = Buffer.alloc(8)
    key.writeInt32BE(processID)
    key.writeInt32BE(secretKey, 4)
    const sleeping = client.query('SELECT pg_sleep(60)')
    sleeping.catch(() => {})
    await eventually('the query', () =>
      sql(
        server,
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid = ${processID}`,
      ),
    )
    const cancel = async (host: string, bytes: Buffer) => {
      const before = lastId()
      const socket = await openTunnel(lab.proxy, `${host}:${PORT}`)
      socket.write(toCancelRequest(bytes))
      socket.resume()
      await once(socket, 'close')
      return (await newConnections(before)).at(-1)
    }
    const wrong = Buffer.from(key)
    wrong.writeInt32BE(secretKey ^ 1, 4)
    expect(await cancel('api.de.test', wrong)).toMatchObject({
      outcome: 'blocked',
      dialed_ip: null,
    })
    expect(await cancel('api.fr.test', key)).toMatchObject({ outcome: 'blocked', dialed_ip: null })
    expect(await cancel('api.de.test', key)).toMatchObject({ dialed_ip: '127.0.0.10' })
    await expect(sleeping).rejects.toMatchObject({ code: '57014' })
    await client.end()
  })

  describe('data that a rule takes out of what is answered', () => {
    const MAIL = 'ada.lovelace@example.org'
    let client: Client
    let before: number
    beforeAll(async () => {
      before = lastId()
      client = await connect({}, 'api.fr.test')
      sql(server, `CREATE TABLE people (id int, contact text, about json)`)
      sql(
        server,
        `INSERT INTO people SELECT n, '${MAIL}', '{"at":"${MAIL}"}' FROM generate_series(1, 3) n`,
      )
    })
    const taken = { contact: '[EMAIL]', about: { at: '[EMAIL]' } }

    test.each([
      ['simple', undefined],
      ['extended', [1]],
    ])('rows, %s', async (_, values) => {
      const where = values ? 'WHERE id = $1' : 'WHERE id = 1'
      const { rows } = await client.query(`SELECT * FROM people ${where}`, values)
      expect(rows).toEqual([{ id: 1, ...taken }])
    })

    test('rows in parts, of a portal that nobody has described', async () => {
      const wire = PgWire.open(await openTunnel(lab.proxy, `api.fr.test:${PORT}`))
      wire.send(toStart({ user: 'postgres' }))
      await wire.until('Z')
      const execute = toMessage(FRONTEND.execute, 'p\0', Buffer.from([0, 0, 0, 2]))
      wire.send(
        Buffer.concat([
          toMessage(FRONTEND.parse, '\0SELECT contact FROM people\0', toInt16(0)),
          toMessage(FRONTEND.bind, 'p\0\0', Buffer.alloc(6)),
          execute,
          execute,
          toMessage(FRONTEND.sync),
        ]),
      )
      const heard: string[] = []
      for (let message = await wire.next(); message; message = await wire.next()) {
        const letter = message.toString('latin1', 0, 1)
        heard.push(letter === 'D' ? message.toString('latin1', 11) : letter)
        if (letter === 'Z') break
      }
      const row = '[EMAIL]'
      // No description is heard that was not asked for.
      expect(heard).toEqual(['1', '2', row, row, 's', row, 'C', 'Z'])
      wire.end()
    })

    test('rows of a portal that was described, and its description heard, before it runs', async () => {
      const wire = PgWire.open(await openTunnel(lab.proxy, `api.fr.test:${PORT}`))
      wire.send(toStart({ user: 'postgres' }))
      await wire.until('Z')
      wire.send(
        Buffer.concat([
          toMessage(FRONTEND.parse, '\0SELECT contact FROM people LIMIT 1\0', toInt16(0)),
          toMessage(FRONTEND.bind, '\0\0', Buffer.alloc(6)),
          toMessage(FRONTEND.describe, 'P\0'),
          toMessage(FRONTEND.flush),
        ]),
      )
      await wire.until('T')
      wire.send(
        Buffer.concat([
          toMessage(FRONTEND.execute, '\0', Buffer.alloc(4)),
          toMessage(FRONTEND.sync),
        ]),
      )
      expect((await wire.next())?.toString('latin1', 11)).toBe('[EMAIL]')
      expect(await wire.letters()).toBe('CZ')
      wire.end()
    })

    test('several results of one text, a cursor, and a named statement again', async () => {
      const results = (await client.query(
        'BEGIN; DECLARE c CURSOR FOR SELECT contact FROM people; FETCH 1 FROM c; SELECT about FROM people WHERE id = 2; END',
      )) as unknown as { rows: unknown[] }[]
      expect(results.map(({ rows }) => rows)).toEqual([
        [],
        [],
        [{ contact: '[EMAIL]' }],
        [{ about: taken.about }],
        [],
      ])
      for (const id of [1, 2]) {
        const named = { name: 'again', text: 'SELECT * FROM people WHERE id = $1', values: [id] }
        expect((await client.query(named)).rows).toEqual([{ id, ...taken }])
      }
    })

    test('words of errors, notices and notifications', async () => {
      const notices: string[] = []
      const notified: (string | undefined)[] = []
      client.on('notice', ({ message = '' }) => notices.push(message))
      client.on('notification', ({ payload }) => notified.push(payload))
      await expect(client.query(`SELECT '${MAIL}'::int`)).rejects.toMatchObject({
        message: 'invalid input syntax for type integer: "[EMAIL]"',
      })
      await client.query(`DO $$ BEGIN RAISE NOTICE 'to ${MAIL}'; END $$`)
      expect(notices).toEqual(['to [EMAIL]'])
      await client.query('LISTEN mail')
      sql(server, `NOTIFY mail, '${MAIL}'`)
      await eventually('the notification', async () => {
        await client.query('SELECT 1')
        return notified.length > 0
      })
      expect(notified).toEqual(['[EMAIL]'])
    })

    test('whatever else the server says: names in errors, channels, settings', async () => {
      const wire = PgWire.open(await openTunnel(lab.proxy, `api.fr.test:${PORT}`))
      wire.send(toStart({ user: 'postgres' }))
      await wire.until('Z')
      const ask = async (text: string) => {
        wire.send(toMessage(FRONTEND.query, `${text}\0`))
        let heard = ''
        for (let message = await wire.next(); message; message = await wire.next()) {
          heard += message.toString('latin1')
          if (message[0] === 'Z'.charCodeAt(0)) break
        }
        expect(heard).not.toContain(MAIL)
        return heard
      }
      const one = '(SELECT contact FROM people LIMIT 1)'
      for (const item of ['TABLE', 'COLUMN', 'SCHEMA', 'CONSTRAINT', 'DATATYPE']) {
        const heard = await ask(
          `DO $$ BEGIN RAISE NOTICE USING MESSAGE = 'x', ${item} = ${one}; END $$`,
        )
        expect(heard).toContain('[EMAIL]')
      }
      await ask(`SELECT set_config('application_name', ${one}, false) IS NULL`)
      await ask(`DO $$ BEGIN EXECUTE format('LISTEN %I', ${one}); END $$`)
      const notified = await ask(`SELECT pg_notify(contact, '') IS NULL FROM people LIMIT 1`)
      expect(notified).toContain('[EMAIL]\0')
      wire.end()
    })

    test('is counted in the log', async () => {
      await client.end()
      const rows = await newStatements(before)
      const redacted = rows.filter(({ statement }) => /from people/i.test(statement))
      expect(redacted.length).toBeGreaterThan(2)
      for (const row of redacted) expect(row.redactions_in).toBeGreaterThan(0)
    })
  })

  describe('data in what is said', () => {
    const MAIL = 'ada.lovelace@example.org'
    const CARD = '4111 1111 1111 1111'
    let client: Client
    let before: number
    beforeAll(async () => {
      before = lastId()
      sql(server, 'CREATE TABLE said (contact text, about json, n int)')
      client = await connect({}, 'alias.test')
    })
    const stored = () => {
      const text = sql(server, "SELECT coalesce(json_agg(said), '[]') FROM said; TRUNCATE said")
      return JSON.parse(text) as unknown[]
    }

    test('is taken out of literals, of what is bound, and of what is prepared', async () => {
      await client.query(`INSERT INTO said (contact, n) VALUES ('${MAIL}', 1)`)
      const text = 'INSERT INTO said VALUES ($1, $2, $3)'
      const values = [MAIL, JSON.stringify({ at: MAIL }), 2]
      await client.query(text, values)
      for (const n of [3, 4]) {
        await client.query({ name: 'in', text, values: [`<${MAIL}>`, '{}', n] })
      }
      await client.query(`INSERT INTO said SELECT '${MAIL}', $1`, ['[]'])
      const rows = [
        { contact: '[EMAIL]', about: null, n: 1 },
        { contact: '[EMAIL]', about: { at: '[EMAIL]' }, n: 2 },
        { contact: '<[EMAIL]>', about: {}, n: 3 },
        { contact: '<[EMAIL]>', about: {}, n: 4 },
        { contact: '[EMAIL]', about: [], n: null },
      ]
      expect(stored()).toEqual(rows)
    })

    test('where a rule blocks it, it does not leave: in literals and in what is bound', async () => {
      const refusal = { code: '42501', message: expect.stringContaining('rule-no-cards') }
      const text = 'INSERT INTO said (contact) VALUES'
      await expect(client.query(`${text} ('${CARD}')`)).rejects.toMatchObject(refusal)
      await expect(client.query(`${text} ($1)`, [CARD])).rejects.toMatchObject(refusal)
      const named = { name: 'card', text: `${text} ($1)` }
      await client.query({ ...named, values: ['none'] })
      await expect(client.query({ ...named, values: [CARD] })).rejects.toMatchObject(refusal)
      await client.query({ ...named, values: ['again'] })
      expect(stored()).toMatchObject([{ contact: 'none' }, { contact: 'again' }])
    })

    test('what cannot be changed does not leave', async () => {
      const refusal = { message: expect.stringContaining('body-unscannable') }
      const comment = `SELECT 1 -- for ${MAIL}`
      await expect(client.query(comment)).rejects.toMatchObject(refusal)
      const copy = 'COPY said (contact) FROM STDIN (FORMAT binary)'
      await expect(client.query(copy)).rejects.toMatchObject(refusal)
      await expect(
        client.query('SELECT $1::bytea', [Buffer.from([0, 255, 254])]),
        // Nobody can say that there is no card in it.
      ).rejects.toMatchObject({ message: expect.stringContaining('rule-no-cards') })
      expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    })

    test('is counted in the log, and is nowhere in it', async () => {
      await client.end()
      const rows = await newStatements(before)
      const counts = rows.map(({ redactions_out }) => redactions_out)
      expect(counts.filter((count) => count > 0).length).toBeGreaterThan(2)
      expect(JSON.stringify(lab.proxy.flows())).not.toContain('lovelace')
      expect(JSON.stringify(lab.proxy.flows())).not.toContain('4111')
    })
  })

  test('what was prepared is judged again where the policy has changed', async () => {
    const client = await connect({}, 'api.de.test', PLAIN)
    const named = { name: 'kept', text: 'CREATE TABLE IF NOT EXISTS kept (n int)' }
    await client.query(named)
    const path = join(lab.dir, 'cordon.yaml')
    const config = readFileSync(path, 'utf8')
    const taken = () => lab.proxy.said().split('policy reloaded').length
    const reload = async (text: string) => {
      const before = taken()
      writeFileSync(path, text)
      lab.proxy.process.kill('SIGHUP')
      await eventually('the policy', () => taken() > before)
    }
    await reload(config.replace('statement: drop }', 'statement: [drop, create] }'))
    await expect(client.query(named)).rejects.toMatchObject({ code: '42501' })
    await reload(config)
    // The client has kept what it has prepared.
    await client.query(named)
    await client.end()
  })

  test('sessions end with the proxy, and are told so', async () => {
    const wire = PgWire.open(await openTunnel(lab.proxy, `api.de.test:${PORT}`))
    wire.send(toStart({ user: 'postgres' }))
    await wire.until('Z')
    const stopped = lab.proxy.stop()
    expect((await wire.until('E')).toString()).toContain('57P01')
    await wire.ended
    expect(await stopped).toBe(0)
  })

  function lower(value: string | number): string | number {
    return typeof value === 'string' ? value.toLowerCase() : value
  }
})

function ownerOf(): [number, number] {
  const ids = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, process.getuid?.() === 0 ? 'postgres' : ''].filter(Boolean))),
  )
  return [ids[0] ?? 0, ids[1] ?? 0]
}
