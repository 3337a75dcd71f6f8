/** PostgreSQL with programs that know of no proxy: `psql` and Python's psycopg2 on a host whose connections are led here, and a real server. */

import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  FAR,
  FORCED_NETWORK,
  type ForcedNetwork,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { missing, type Need, program } from '../support/needs.ts'
import {
  openPostgresqlServer,
  type PostgresqlServer,
  postgresql,
  postgresqlProgram,
} from '../support/postgresql-server.ts'
import { eventually } from '../support/wait.ts'

const CONFIG = `
destinations:
  - { host: api.fr.test, region: [FR], because: the test }
rules:
  - id: no-drops
    because: tables stay
    when: { protocol: postgresql, statement: drop }
    then: block
  - id: no-addresses
    because: nobody needs them
    when: { protocol: postgresql, host: api.fr.test }
    redact: { in: email, with: label }
`

const psycopg2: Need = program('/usr/bin/python3', '-c', 'import psycopg2')

/** What a driver does, each on a line: a result, or the code and the message of an error. */
const SCRIPT = `
import io, json, sys, threading, time, psycopg2
connection = psycopg2.connect(sys.argv[1])
connection.autocommit = True
cursor = connection.cursor()
def say(what):
    print(json.dumps(what))
def run(text, *values):
    try:
        cursor.execute(text, values or None)
        say(cursor.fetchall() if cursor.description else cursor.rowcount)
    except psycopg2.Error as error:
        say([error.pgcode, error.diag.message_primary or str(error)])
run('CREATE TABLE IF NOT EXISTS copied (n int, word text)')
cursor.copy_expert('COPY copied FROM STDIN', io.StringIO(''.join('%d\\tword %d\\n' % (n, n) for n in range(50000))))
say(cursor.rowcount)
out = io.StringIO()
cursor.copy_expert("COPY (SELECT * FROM copied ORDER BY n) TO STDOUT WITH (FORMAT csv)", out)
say([len(out.getvalue().splitlines()), out.getvalue().splitlines()[-1]])
run('PREPARE again (int) AS SELECT word FROM copied WHERE n = $1')
run('EXECUTE again (%s)', 7)
run('DROP TABLE copied')
connection.autocommit = False
named = connection.cursor('named')
named.itersize = 1000
named.execute('SELECT n FROM copied ORDER BY n')
say(sum(row[0] for row in named))
named.close()
connection.rollback()
connection.autocommit = True
threading.Timer(1, connection.cancel).start()
run('SELECT pg_sleep(60)')
run('SELECT %s::text', 'last')
`

describe.skipIf(missing(...FORCED_NETWORK, postgresql, psycopg2))('PostgreSQL', () => {
  let net: ForcedNetwork
  let server: PostgresqlServer
  const stack = new AsyncDisposableStack()

  beforeAll(async () => {
    net = stack.use(await openForcedNetwork({ way: 'redirect', config: CONFIG }))
    const { key, cert } = JSON.parse(readFileSync(join(net.dir, 'internet.json'), 'utf8'))
    chmodSync(net.dir, 0o755)
    const hba = `local all all trust
hostssl all scram all scram-sha-256
hostssl all all all trust
host all plain all trust
`
    const files = { 'server.key': key, 'server.pem': cert, hba }
    for (const [name, text] of Object.entries(files)) {
      // A key of root's that its group may read is taken by the server.
      writeFileSync(join(net.dir, name), text, { mode: 0o644 })
    }
    const { execFileSync } = await import('node:child_process')
    execFileSync('chown', ['root:postgres', join(net.dir, 'server.key')])
    chmodSync(join(net.dir, 'server.key'), 0o640)
    server = stack.use(
      await openPostgresqlServer(
        [
          "listen_addresses = '*'",
          `hba_file = '${join(net.dir, 'hba')}'`,
          'ssl = on',
          `ssl_cert_file = '${join(net.dir, 'server.pem')}'`,
          `ssl_key_file = '${join(net.dir, 'server.key')}'`,
        ],
        5433,
        ['ip', 'netns', 'exec', net.far],
      ),
    )
    execFileSync(postgresqlProgram('psql'), [
      ...['-Xq', '-h', server.socket, '-p', '5433', '-U', 'postgres', '-c'],
      "CREATE ROLE scram LOGIN PASSWORD 'secret'; CREATE ROLE plain LOGIN",
    ])
  })
  afterAll(() => stack.disposeAsync())

  const psql = (to: string, ...commands: string[]) =>
    net.onHost(postgresqlProgram('psql'), [
      ...['-XAt', `port=5433 dbname=postgres connect_timeout=20 ${to}`],
      ...commands.flatMap((command) => ['-c', command]),
    ])
  const lastId = () => net.proxy.flows().at(-1)?.id ?? 0
  const since = (before: number) =>
    eventually('flows that have ended', () => {
      const rows = net.proxy.flows().filter(({ id }) => id > before)
      return rows.length > 0 && rows.every(({ outcome }) => outcome !== 'open') ? rows : null
    })
  const trusting = () => `sslmode=verify-full sslrootcert=${net.proxy.ca}`

  test('psql: TLS under the name it asks for, verified on both sides', async () => {
    const before = lastId()
    const { out, err } = await psql(
      `host=api.de.test user=postgres ${trusting()}`,
      'SELECT 1 + 1',
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    )
    expect(err).toBe('')
    expect(out).toBe('2\nt\n')
    const [connection, ...statements] = await since(before)
    expect(connection).toMatchObject({
      mode: 'redirect',
      protocol: 'postgresql',
      host: 'api.de.test',
      dialed_ip: FAR.de.v4,
      placement: 'inside',
      outcome: 'forwarded',
    })
    expect(statements.map(({ statement }) => statement)).toContain('SELECT ? + ?'.toLowerCase())
  })

  test('psql in the clear: the address is what counts', async () => {
    const before = lastId()
    const { out } = await psql('host=api.de.test user=plain sslmode=disable', 'SELECT 1')
    expect(out).toBe('1\n')
    expect((await since(before))[0]).toMatchObject({ host: FAR.de.v4, outcome: 'forwarded' })
  })

  test('a name that does not lead there is a claim: it restricts, and grants nothing', async () => {
    const { code, err } = await psql(
      `host=api.de.test hostaddr=${FAR.us.v4} user=postgres ${trusting()}`,
      'SELECT 1',
    )
    expect(code).not.toBe(0)
    expect(err).toContain('placement-outside')
  })

  test('a rule under a name that is right holds: rows are without what it takes out', async () => {
    const { out } = await psql(
      `host=api.fr.test user=postgres ${trusting()}`,
      "SELECT 'ada.lovelace@example.org'",
    )
    expect(out).toBe('[EMAIL]\n')
  })

  test('SCRAM over TLS: psql is told to do without channel binding, and then it works', async () => {
    const to = `host=api.de.test user=scram password=secret`
    const required = await psql(`${to} ${trusting()}`, 'SELECT current_user')
    expect(required.err).toContain('channel-binding')
    expect(required.err).toContain('PGCHANNELBINDING=disable')
    const without = await psql(`${to} channel_binding=disable ${trusting()}`, 'SELECT current_user')
    expect(without.out).toBe('scram\n')
  })

  test('psycopg2: COPY both ways, prepared in SQL, a cursor, a refusal, and a query cancelled', async () => {
    const script = join(net.dir, 'driver.py')
    writeFileSync(script, SCRIPT)
    const to = `host=api.de.test port=5433 dbname=postgres user=postgres ${trusting()}`
    const { out, err } = await net.onHost('/usr/bin/python3', [script, to])
    expect(err).toBe('')
    const said = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(said).toEqual([
      -1,
      50_000,
      [50_000, '49999,word 49999'],
      -1,
      [['word 7']],
      ['42501', expect.stringContaining('rule-no-drops')],
      (50_000 * 49_999) / 2,
      ['57014', expect.any(String)],
      [['last']],
    ])
  })
})
