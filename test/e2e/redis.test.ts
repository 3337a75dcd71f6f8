/** Commands of Redis through the proxy, to a real server: recorded, refused, held, and answered where their answer belongs. */

import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { hasSubcommands } from '../../src/model/redis-commands.ts'
import { cordon } from '../cli/cordon.ts'
import { converse, openTunnel, runProgram } from '../support/clients.ts'
import { asReviewer } from '../support/desk.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing } from '../support/needs.ts'
import {
  type Forwarder,
  forwardThrough,
  openRedis,
  REDIS,
  type RedisServer,
} from '../support/redis.ts'
import { eventually } from '../support/wait.ts'

const CONFIG = `
hold: { wait: 20s }
rules:
  - id: no-flush
    because: the test
    when: { protocol: redis, command: [flushall, config set, eval] }
    then: block
  - id: ask-before-flushdb
    because: the test
    when: { command: [flushdb, subscribe] }
    then: hold
  - id: no-email-in-streams
    because: the test
    when: { command: xadd }
    redact: { out: email }
  - id: no-email-from-streams
    because: the test
    when: { command: xrange }
    redact: { in: email }
redaction: { on_unscannable: { in: block } }
`

interface Row extends Record<string, unknown> {
  readonly id: number
  readonly parent: number
  readonly statement: string
  readonly times: number
  readonly outcome: string
}

const encode = (...args: string[]) =>
  `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`

describe.skipIf(missing(REDIS))('Redis', () => {
  let lab: Lab
  let redis: RedisServer
  let way: Forwarder
  beforeAll(async () => {
    lab = await openLab({ config: CONFIG })
    redis = lab.keep(await openRedis())
    way = lab.keep(await forwardThrough(lab.proxy, `api.de.test:${redis.port}`))
  })
  afterAll(() => lab?.[Symbol.asyncDispose]())

  const open = () => openTunnel(lab.proxy, `api.de.test:${redis.port}`)
  const cli = async (...command: string[]) =>
    (await runProgram('redis-cli', ['-p', String(way.port), ...command])).out.trim()
  const last = () => lab.proxy.query<{ id: number }>('SELECT max(id) AS id FROM flows')[0]?.id ?? 0

  /** What was said after that flow, once all of it has ended. */
  const said = (after: number, count: number) =>
    eventually(`${count} statements`, () => {
      const rows = lab.proxy.query<Row>('SELECT * FROM statements WHERE id > ? ORDER BY id', after)
      return rows.length >= count && rows.every(({ outcome }) => outcome !== 'open') ? rows : null
    })

  /** Sends all at once, and reads until so many bytes, or that, have come. */
  async function talk(text: string, until: RegExp): Promise<string> {
    const socket = await open()
    const heard = await converse(socket, text, { until })
    socket.destroy()
    return heard
  }

  test('what a client says is on record as a child of its connection: the command, how often, and nothing else', async () => {
    const before = last()
    const text = [
      'SELECT 1',
      'set k-secret-key v-secret-value',
      'GET k-secret-key',
      'get other',
      'CONFIG GET maxmemory',
      'SELECT 0',
    ]
    const socket = await open()
    const pieces = text.map((line) => encode(...line.split(' '))).join('')
    const heard = await converse(socket, pieces, { until: /maxmemory\r\n\$1\r\n0\r\n\+OK\r\n$/ })
    expect(heard).toContain('v-secret-value')
    socket.destroy()
    const rows = await said(before, 4)
    const connection = lab.proxy.flows().find(({ id }) => id === rows[0]?.parent)
    expect(connection).toMatchObject({
      ...{ method: null, scheme: 'tcp', protocol: 'redis', inspection: 'full', parent: null },
      ...{
        outcome: 'forwarded',
        host: 'api.de.test',
        bytes_out: pieces.length,
        bytes_in: heard.length,
      },
    })
    const common = {
      parent: connection?.id,
      outcome: 'forwarded',
      host: 'api.de.test',
      action: 'allow',
      database: null,
    }
    expect(rows).toMatchObject([
      { ...common, statement: 'SELECT', kinds: '["select"]', times: 2 },
      { ...common, statement: 'SET', times: 1 },
      { ...common, statement: 'GET', times: 2 },
      { ...common, statement: 'CONFIG GET', kinds: '["config","config get"]', times: 1 },
    ])
    expect(rows.reduce((sum, { bytes_out }) => sum + Number(bytes_out), 0)).toBe(pieces.length)
    expect(lab.proxy.flows().find(({ id }) => id === rows[3]?.id)).toMatchObject({
      ...{ method: 'CONFIG GET', path: null, parent: connection?.id, statement: 'CONFIG GET' },
    })
  })

  test('redis-cli, with a password, and in RESP3; neither it nor values are in the log', async () => {
    await redis.ask('ACL', 'SETUSER', 'bob', 'on', '>hunter2-secret', '~*', '+@all')
    const args = [
      '-p',
      String(way.port),
      '--user',
      'bob',
      '--pass',
      'hunter2-secret',
      '--no-auth-warning',
    ]
    const run = (...more: string[]) => runProgram('redis-cli', [...args, ...more])
    expect((await run('SET', 'k', 'v-secret-2')).out.trim()).toBe('OK')
    expect((await run('-3', '--no-raw', 'HGETALL', 'none')).out.trim()).toBe('(empty hash)')
    const before = await said(0, 1)
    expect(before.map(({ statement }) => statement)).toEqual(
      expect.arrayContaining(['AUTH', 'HELLO']),
    )
    for (const file of ['audit.db', 'audit.db-wal']) {
      const bytes = readFileSync(`${lab.dir}/data/${file}`)
      for (const secret of ['hunter2', 'v-secret', 'k-secret'])
        expect(bytes.includes(secret)).toBe(false)
    }
  })

  test('a command that a rule names is refused in the words of Redis, and does nothing', async () => {
    await redis.ask('SET', 'kept', '1')
    const before = last()
    expect(await cli('FLUSHALL')).toMatch(
      /^NOPERM cordon: .*\(rule-no-flush; from the proxy Cordon/,
    )
    expect(await cli('config', 'set', 'maxmemory', '1')).toContain('rule-no-flush')
    expect(await cli('CONFIG', 'GET', 'maxmemory')).toBe('maxmemory\n0')
    expect(await redis.ask('GET', 'kept')).toBe('1')
    const rows = await said(before, 3)
    expect(rows.filter(({ outcome }) => outcome === 'blocked')).toMatchObject([
      { statement: 'FLUSHALL', rule: 'no-flush', times: 0, bytes_out: 0 },
      { statement: 'CONFIG SET', rule: 'no-flush', times: 0 },
    ])
  })

  test('in a pipeline the error has its place, however the bytes are cut', async () => {
    const commands = [
      encode('SET', 'a', '1'),
      encode('FLUSHALL', 'x'.repeat(100_000)),
      encode('GET', 'a'),
      encode('GET'),
      encode('EVAL', 'return 1', '0'),
      encode('eval', 'return 2', '0'),
      encode('ECHO', '\r\n-ERR unknown command\r\n'),
      encode('ECHO', 'end'),
    ]
    const wanted =
      /^\+OK\r\n-NOPERM cordon: [^\r\n]*\r\n\$1\r\n1\r\n-ERR wrong number[^\r\n]*\r\n-NOPERM [^\r\n]*\r\n-NOPERM [^\r\n]*\r\n\$24\r\n\r\n-ERR unknown command\r\n\r\n\$3\r\nend\r\n$/
    expect(await talk(commands.join(''), /end\r\n$/)).toMatch(wanted)
    const socket = await open()
    socket.setNoDelay(true)
    let heard = ''
    socket.on('data', (piece) => {
      heard += piece
    })
    const small = [...commands.slice(0, 1), encode('FLUSHALL', 'x'), ...commands.slice(2)].join('')
    for (let at = 0; at < small.length; at += 3) {
      socket.write(small.slice(at, at + 3))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await eventually('the end', () => /end\r\n$/.test(heard) || null)
    expect(heard).toMatch(wanted)
    socket.destroy()
  })

  test('a transaction with a refused command in it is not carried out', async () => {
    const all = [
      ['SET', 'tx', '0'],
      ['MULTI'],
      ['SET', 'tx', '1'],
      ['FLUSHALL'],
      ['EXEC'],
      ['GET', 'tx'],
    ]
    const heard = await talk(all.map((each) => encode(...each)).join(''), /\$1\r\n.\r\n$/)
    expect(heard).toMatch(
      /^\+OK\r\n\+OK\r\n\+QUEUED\r\n-NOPERM [^\r\n]*\r\n-EXECABORT [^\r\n]*\r\n\$1\r\n0\r\n$/,
    )
  })

  test('what is held waits for a person, who sees what it is; what comes behind it waits as well', async () => {
    await redis.ask('SET', 'held', '1')
    const reviewer = asReviewer(lab.proxy)
    const before = last()
    const talking = talk(
      encode('PING') + encode('FLUSHDB', 'SYNC') + encode('GET', 'held'),
      /\$-1\r\n$/,
    )
    const hold = await reviewer.pending()
    expect(hold).toMatchObject({
      method: 'FLUSHDB',
      host: 'api.de.test',
      rule: 'ask-before-flushdb',
      statement: 'FLUSHDB',
    })
    const shown = await reviewer.get(`/holds/${hold.id}`)
    expect(JSON.stringify(shown)).toContain('FLUSHDB')
    expect(JSON.stringify(shown)).not.toContain('SYNC')
    expect(await redis.ask('GET', 'held')).toBe('1')
    await reviewer.approve(hold.id)
    expect(await talking).toBe('+PONG\r\n+OK\r\n$-1\r\n')
    const rows = await said(before, 3)
    expect(rows.find(({ statement }) => statement === 'FLUSHDB')).toMatchObject({
      ...{ hold_id: hold.id, approver: 'admin', times: 1, outcome: 'forwarded', action: 'hold' },
    })
  })

  test('a client that leaves while it waits takes its question along', async () => {
    await redis.ask('SET', 'left', '1')
    const reviewer = asReviewer(lab.proxy)
    const socket = await open()
    socket.on('error', () => {}).resume()
    socket.write(encode('FLUSHDB'))
    const hold = await reviewer.pending()
    socket.destroy()
    await eventually('the hold to end', () => {
      const [row] = lab.proxy.query<{ state: string }>(
        'SELECT state FROM holds WHERE id = ?',
        hold.id,
      )
      return row?.state === 'cancelled' || null
    })
    expect(await redis.ask('GET', 'left')).toBe('1')
  })

  test('messages come as they are published; leave for a subscription ends with the grant', async () => {
    const reviewer = asReviewer(lab.proxy)
    const socket = await open()
    let heard = ''
    socket.on('data', (piece) => {
      heard += piece
    })
    socket.write(encode('HELLO', '3') + encode('SUBSCRIBE', 'news'))
    const hold = await reviewer.pending()
    await reviewer.approve(hold.id)
    await eventually('the subscription', () => heard.includes('subscribe') || null)
    await redis.ask('PUBLISH', 'news', 'hello-there')
    await eventually('the message', () => heard.includes('>3\r\n$7\r\nmessage') || null)
    // In between, as RESP3 lets.
    socket.write(encode('FLUSHALL'))
    await eventually('the error', () => heard.includes('-NOPERM') || null)
    const [grant] = lab.proxy.query<{ id: string }>(
      'SELECT id FROM grants WHERE hold_id = ?',
      hold.id,
    )
    const gone = once(socket, 'close')
    await reviewer.post(`/grants/${grant?.id}/revoke`)
    await gone
    const connection = await eventually('the end', () => {
      const [row] = lab.proxy.query<Row>("SELECT * FROM flows WHERE error = 'grant-ended'")
      return row ?? null
    })
    expect(connection).toMatchObject({ method: null, protocol: 'redis', outcome: 'failed' })
  })

  test.each([
    [
      '1 GB announced',
      '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\n',
      'a length that is more than may be',
    ],
    ['an inline command', 'PING\r\n', 'something other than an array of bulk strings'],
    [
      'an argument that is longer than it says',
      '*2\r\n$4\r\nECHO\r\n$1\r\nabc\r\n',
      'a line or an argument without its end',
    ],
  ])('%s ends the connection', async (_, text, fault) => {
    const before = last()
    const heard = await talk(encode('PING') + text, /cordon: .*\r\n$/)
    expect(heard).toMatch(new RegExp(`-ERR Protocol error: cordon: ${fault}\\r\\n$`))
    await said(before, 1)
    const flow = lab.proxy.flows().find(({ id, method }) => id > before && method === null)
    expect(flow).toMatchObject({ outcome: 'failed', error: 'request-statement' })
  })

  test('a large value passes in pieces, both ways', async () => {
    const size = 48 * 1024 * 1024
    const socket = await open()
    let count = 0
    socket.on('data', (piece) => {
      count += piece.length
    })
    socket.write(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${size}\r\n`)
    const piece = Buffer.alloc(1024 * 1024, 'x')
    for (let i = 0; i < size / piece.length; i++) {
      if (!socket.write(piece)) await once(socket, 'drain')
    }
    socket.write(`\r\n${encode('GET', 'large')}${encode('DEL', 'large')}`)
    await eventually(
      'all of it',
      () => count === size + '+OK\r\n$50331648\r\n\r\n:1\r\n'.length || null,
    )
    socket.destroy()
  })

  test('a client that says all at once, and goodbye, has its answers', async () => {
    const socket = await open()
    const text = encode('PING') + encode('FLUSHALL') + encode('QUIT')
    expect(await converse(socket, text, { end: true })).toMatch(
      /^\+PONG\r\n-NOPERM .*\r\n\+OK\r\n$/,
    )
  })

  test('answers that the client has turned off are missing, and those that follow are right', async () => {
    const all = [
      ['CLIENT', 'REPLY', 'OFF'],
      ['FLUSHALL'],
      ['PING'],
      ['CLIENT', 'REPLY', 'ON'],
      ['EVAL', 'x', '0'],
      ['ECHO', 'end'],
    ]
    const heard = await talk(all.map((each) => encode(...each)).join(''), /end\r\n$/)
    expect(heard).toMatch(/^\+OK\r\n-NOPERM [^\r\n]*\r\n\$3\r\nend\r\n$/)
  })

  test('where a rule takes data out of a command, or of its answer, that command alone is refused', async () => {
    const all = [
      ['XADD', 's', '*', 'f', 'x'],
      ['XRANGE', 's', '-', '+'],
      ['XLEN', 's'],
    ]
    const heard = await talk(all.map((each) => encode(...each)).join(''), /:\d\r\n$/)
    expect(heard).toMatch(
      /^-NOPERM [^\r\n]*body-unscannable[^\r\n]*\r\n-NOPERM [^\r\n]*answer-unscannable[^\r\n]*\r\n:0\r\n$/,
    )
  })

  test('inside TLS that ends here the same holds, and the server has proved its name', async () => {
    await using secure = await openRedis({ certificate: lab.certificate('api.de.test') })
    const socket = await openTunnel(lab.proxy, `api.de.test:${secure.port}`)
    const secured = tls.connect({
      socket,
      servername: 'api.de.test',
      ca: readFileSync(lab.proxy.ca),
    })
    await once(secured, 'secureConnect')
    const before = last()
    const text = encode('SET', 'k', 'v') + encode('FLUSHALL') + encode('GET', 'k')
    const heard = await converse(secured as Socket, text, { until: /v\r\n$/ })
    expect(heard).toMatch(/^\+OK\r\n-NOPERM [^\r\n]*\r\n\$1\r\nv\r\n$/)
    secured.destroy()
    expect((await said(before, 3)).map(({ statement }) => statement)).toEqual([
      'SET',
      'FLUSHALL',
      'GET',
    ])
  })

  test('many at once', async () => {
    const before = last()
    const count = 20_000
    const socket = await open()
    let bytes = 0
    socket.on('data', (piece) => {
      bytes += piece.length
    })
    socket.write(encode('INCR', 'counter').repeat(count) + encode('PING'))
    await eventually('the answers', () => bytes > 100_000 || null)
    socket.destroy()
    expect(await redis.ask('GET', 'counter')).toBe(String(count))
    expect(await said(before, 2)).toMatchObject([
      { statement: 'INCR', times: count },
      { statement: 'PING' },
    ])
  })

  describe('lines for Redis behind the beginning of another protocol', () => {
    const LDAP = '0\x0c\x02\x01\x01\x60\x07'
    const lines = Buffer.from(`${LDAP}\r\nSET smuggled 1\r\nPING\r\n`, 'latin1')

    test('where Redis is expected they may be commands, and a rule about those blocks them', async () => {
      await using usual = await openRedis({ port: 6379 })
      const socket = await openTunnel(lab.proxy, 'api.de.test:6379')
      expect(await converse(socket, lines)).toBe('')
      const flow = lab.proxy.flows().find(({ port }) => port === 6379)
      expect(flow).toMatchObject({ protocol: 'unknown', outcome: 'blocked', rule: 'no-flush' })
      expect(await usual.ask('EXISTS', 'smuggled')).toBe('0')
    })

    test('elsewhere the connection ends with the answer, and that is on record', async () => {
      const before = last()
      const socket = await open()
      expect(await converse(socket, lines)).toBe('')
      const flow = await eventually('the end', () =>
        lab.proxy.flows().find(({ id, outcome }) => id > before && outcome !== 'open'),
      )
      expect(flow).toMatchObject({
        protocol: 'ldap',
        outcome: 'failed',
        error: 'protocol-unexpected',
      })
    })
  })

  test('another policy is tried on what was said; explain says what rules make of it', async () => {
    const rules =
      'version: 1\nrules: [{ id: no-get, because: b, when: { command: get }, then: block }]\n'
    writeFileSync(join(lab.dir, 'other.yaml'), rules)
    const replayed = await cordon(lab.dir, ['replay', '--json', '--rules', 'other.yaml'])
    const { changes } = JSON.parse(replayed.out) as { changes: Record<string, unknown>[] }
    const toGet = changes.filter(({ rule }) => rule === 'no-get')
    expect(toGet).toMatchObject([{ from: 'allow', to: 'block', host: 'api.de.test' }])
    const gets = lab.proxy.query<Row>("SELECT id FROM statements WHERE statement = 'GET'")
    expect(toGet[0]?.calls).toBe(gets.length)
    const [flushed] = lab.proxy.query<Row>(
      "SELECT id FROM statements WHERE statement = 'CONFIG SET'",
    )
    const again = await cordon(lab.dir, ['explain', '--json', '--flow', String(flushed?.id)])
    expect(JSON.parse(again.out)).toMatchObject({
      ...{ statement: 'CONFIG SET', today: { action: 'block', rule: 'no-flush' } },
    })
    const url = `redis://api.de.test:${redis.port}`
    const { out } = await cordon(lab.dir, ['explain', url, '--statement', 'config set'])
    expect(out).toMatch(/^BLOCK {2}CONFIG SET api\.de\.test/)
    expect(out).toMatch(/yes +the command is `flushall`, `config set` or `eval`/)
    const listed = await cordon(lab.dir, ['flows', '--limit', '500'])
    expect(listed.out).toContain(`tcp://api.de.test:${redis.port} CONFIG SET\n`)
  })

  test('every command of the server that has others under it is read with the word behind it', async () => {
    const listed = (await redis.ask('COMMAND', 'LIST')).split('\n')
    const above = new Set(listed.flatMap((name) => /^(.+)\|/.exec(name)?.[1] ?? []))
    expect(above.size).toBeGreaterThan(10)
    expect([...above].filter((name) => !hasSubcommands(name))).toEqual([])
  })

  test('the log is what it says', () => {
    expect(verifyAuditLog(lab.proxy.database)).toMatchObject({ ok: true, breaks: [] })
  })
})
