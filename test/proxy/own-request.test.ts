/** Requests of Cordon's own against real servers: decided and recorded like any other, bounded, verified. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnforcer } from '../../src/enforce.ts'
import { NO_INSPECTOR } from '../../src/inspector.ts'
import type { DecisionRecord, OutcomeRecord } from '../../src/model/audit-record.ts'
import { AuditUnavailable } from '../../src/model/errors.ts'
import type { Action } from '../../src/model/verdict.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { PolicyDocument, WhenEntry } from '../../src/policy/document.ts'
import {
  NO_DECODER,
  NO_HOLDS,
  NO_LEDGER,
  NO_METER,
  NO_OUTLINE,
  type Ports,
} from '../../src/ports.ts'
import { DEFAULT_TIMEOUTS, Deadlines } from '../../src/proxy/deadlines.ts'
import { DEFAULT_LIMITS } from '../../src/proxy/limits/limits.ts'
import { OriginPool } from '../../src/proxy/origin/pool.ts'
import {
  type OwnContext,
  type OwnRequest,
  parseOwnUrl,
  requestAsCordon,
} from '../../src/proxy/own-request.ts'
import { TlsSessions } from '../../src/tls/sessions.ts'
import { openTrust } from '../../src/tls/trust.ts'
import { temporaryFolder } from '../support/folder.ts'
import { destination, ip } from '../support/nouns.ts'
import { httpOrigin, httpsOrigin, makeRoot, type Origin, rawOrigin } from '../support/origins.ts'
import { issue } from '../tls/support.ts'

const EEA = new Map([['EEA', new Set(['DE'])]])
const clock = { now: () => Date.now() }
const root = makeRoot()
const certificate = issue({ name: 'api.test', issuer: root, hosts: ['api.test'] })

let stack: AsyncDisposableStack
let trust: Awaited<ReturnType<typeof openTrust>>
let https: Origin
beforeAll(async () => {
  stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  await writeFile(join(folder.path, 'root.pem'), root.pem)
  trust = await openTrust({ extraRoots: [join(folder.path, 'root.pem')] })
  https = stack.use(await httpsOrigin(certificate))
})
afterAll(() => stack.disposeAsync())

interface Asked extends OwnContext, AsyncDisposable {
  readonly decided: DecisionRecord[]
  readonly settled: OutcomeRecord[]
}

interface ContextOptions {
  readonly document?: PolicyDocument
  readonly regions?: readonly string[]
  readonly audit?: Partial<Ports['audit']>
}

/** The spine with a locator and a log of the test's own; everything that touches a socket is real. */
function context({ document = {}, regions = ['DE'], audit = {} }: ContextOptions = {}): Asked {
  const compiled = compilePolicy(document, {
    builtinZones: EEA,
    digest: 'd',
    enforced: true,
    tunnelOnly: [],
    answers: 'steer',
  })
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const decided: DecisionRecord[] = []
  const settled: OutcomeRecord[] = []
  const addresses = [ip('127.0.0.1')]
  const enforcer = createEnforcer({
    clock,
    resolver: {
      resolve: async () => ({ addresses, cnames: [], source: 'test', validUntil: Infinity }),
    },
    locator: {
      locate: (authority) => destination({ authority, addresses, regions }),
      wantsBody: () => false,
      read: () => null,
      refine: (to) => to,
      watchAnswer: () => null,
    },
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    audit: {
      decide: async (record) => decided.push(record),
      settle: (record) => settled.push(record),
      note: async () => {},
      ...audit,
    },
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => compiled.policy,
    report: () => {},
  })
  const deadlines = new Deadlines(clock, fail)
  const origins = new OriginPool({
    contexts: { for: () => ({ context: trust, id: '' }) },
    sessions: new TlsSessions({ clock }),
    upstreamProxy: null,
    deadlines,
    timeouts: DEFAULT_TIMEOUTS,
    pseudonym: 'us',
    held: { used: 0, limit: 1 },
    limits: DEFAULT_LIMITS,
    meter: NO_METER,
    report: (_, error) => {
      throw error
    },
  })
  return {
    enforcer,
    origins,
    decided,
    settled,
    async [Symbol.asyncDispose]() {
      origins.close()
      deadlines.close()
    },
  }
}

function ruleFor(when: WhenEntry, action: Action): PolicyDocument {
  // biome-ignore lint/suspicious/noThenProperty: the published name of the key
  return { rules: [{ id: 'r', because: 'b', when, then: action }] }
}

const LIMITS = { maxBytes: 10_000, timeoutMs: 5_000 }
const get = (own: OwnContext, url: string, changes: Partial<OwnRequest> = {}) =>
  requestAsCordon(own, url, { ...LIMITS, ...changes })

test('an answer, with a row for the decision and one for the end', async () => {
  await using own = context()
  const before = https.seen.length
  const answer = await get(own, `https://api.test:${https.port}/a/b?token=secret`, {
    headers: { 'If-None-Match': '"x"' },
  })
  if (!('body' in answer)) throw new Error(answer.detail)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(JSON.parse(answer.body.toString())).toMatchObject({
    method: 'GET',
    url: '/a/b?token=secret',
    head: ['Host', `api.test:${https.port}`, 'If-None-Match', '"x"', 'Via', '1.1 us'],
  })
  expect(https.seen.slice(before)).toHaveLength(1)
  expect(own.decided).toMatchObject([
    { method: 'GET', path: '/a/b', context: { flow: { agent: { id: 'cordon' } } } },
  ])
  expect(own.settled).toMatchObject([
    { flow: 1, ending: { outcome: 'forwarded', status: 200, dialedIp: '127.0.0.1', error: null } },
  ])
  expect(own.settled[0]?.ending.bytesIn).toBeGreaterThan(100)
})

test('a body goes out framed', async () => {
  await using own = context()
  const url = `https://api.test:${https.port}/hook`
  const answer = await get(own, url, { method: 'POST', body: Buffer.from('{"a":1}') })
  if (!('body' in answer)) throw new Error(answer.detail)
  expect(JSON.parse(answer.body.toString())).toMatchObject({ method: 'POST', body: '{"a":1}' })
})

test('http as well, and the default port is not named', async () => {
  await using own = context()
  await using origin = await httpOrigin()
  const answer = await get(own, `http://api.test:${origin.port}`)
  expect(answer).toMatchObject({ status: 200 })
  expect(origin.seen).toEqual(['GET /'])
})

describe('what the policy does not allow is never dialled', () => {
  test.each<[name: string, options: ContextOptions, code: string]>([
    ['outside', { regions: ['US'] }, 'placement-outside'],
    ['unknown', { regions: [] }, 'hold-unavailable'],
    [
      'a rule about the agent',
      {
        document: ruleFor({ agent: 'cordon' }, 'block'),
      },
      'rule-r',
    ],
    [
      'no row, no egress',
      { audit: { decide: () => Promise.reject(new AuditUnavailable('full')) } },
      'audit-unavailable',
    ],
  ])('%s', async (_, options, code) => {
    await using own = context({ document: { home: 'EEA' }, ...options })
    const before = https.open() + https.seen.length
    expect(await get(own, `https://api.test:${https.port}/`)).toMatchObject({ code })
    expect(https.open() + https.seen.length).toBe(before)
    expect(own.settled).toEqual([])
  })

  test.each<[name: string, document: PolicyDocument]>([
    ['zones of its own', { agents: [{ id: 'cordon', zones: ['US'] }] }],
    ['a rule', ruleFor({ agent: 'cordon', host: 'api.test' }, 'allow')],
  ])('but for %s', async (_, document) => {
    await using own = context({ document: { home: 'EEA', ...document }, regions: ['US'] })
    expect(await get(own, `https://api.test:${https.port}/`)).toMatchObject({ status: 200 })
  })
})

describe('failures end in the log, too', () => {
  const failing = async (answer: string, limits: Partial<OwnRequest> = {}) => {
    await using own = context()
    await using origin = await rawOrigin((socket) => {
      socket.once('data', () => socket.write(answer))
    })
    const result = await get(own, `http://api.test:${origin.port}/`, limits)
    return { result, ending: own.settled[0]?.ending }
  }
  const HEAD = 'HTTP/1.1 200 OK\r\n'

  test.each([
    ['a body over the limit', `${HEAD}Content-Length: 9\r\n\r\n123456789`, 'connect-malformed'],
    [
      'chunks over the limit',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n`,
      'connect-malformed',
    ],
    ['no end in time', `${HEAD}Content-Length: 9\r\n\r\n1`, 'connect-stalled'],
    ['no answer in time', '', 'connect-stalled'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'connect-malformed'],
    [
      'an encoding nobody asked for',
      `${HEAD}Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n1`,
      'connect-malformed',
    ],
  ])('%s', async (_, answer, code) => {
    const { result, ending } = await failing(answer, { maxBytes: 8, timeoutMs: 300 })
    expect(result).toMatchObject({ code })
    expect(ending).toMatchObject({ outcome: 'failed', error: code, dialedIp: '127.0.0.1' })
  })

  test('an answer cut off', async () => {
    await using own = context()
    await using origin = await rawOrigin((socket) => {
      socket.once('data', () => socket.end(`${HEAD}Content-Length: 9\r\n\r\n1`))
    })
    expect(await get(own, `http://api.test:${origin.port}/`)).toMatchObject({
      code: 'connect-reset',
    })
  })

  test('nobody listens', async () => {
    await using own = context()
    const origin = await httpOrigin()
    await origin[Symbol.asyncDispose]()
    const result = await get(own, `http://api.test:${origin.port}/`)
    expect(result).toMatchObject({ code: 'connect-refused' })
    expect(own.settled).toMatchObject([{ ending: { outcome: 'failed', dialedIp: null } }])
  })

  test('a certificate for another name', async () => {
    await using own = context()
    const result = await get(own, `https://other.test:${https.port}/`)
    expect(result).toMatchObject({ code: 'tls-name-mismatch' })
  })

  test('a handshake that does not end', async () => {
    await using own = context()
    await using origin = await rawOrigin(() => {})
    const result = await get(own, `https://api.test:${origin.port}/`, { timeoutMs: 200 })
    expect(result).toMatchObject({ code: 'connect-stalled' })
  })
})

describe('URLs', () => {
  test.each([
    ['https://api.test/a?b=c', 'api.test:443', '/a', '?b=c'],
    ['http://api.test', 'api.test:80', '/', ''],
    ['https://api.test:8443?x', 'api.test:8443', '/', '?x'],
    ['https://[2001:db8::1]/', '[2001:db8::1]:443', '/', ''],
  ])('%s', (url, text, path, query) => {
    expect(parseOwnUrl(url)).toMatchObject({ value: { authority: { text }, path, query } })
  })

  test.each([
    'ftp://api.test/',
    '//api.test/',
    'https:///a',
    'https://user@api.test/',
    'https://api.test/a b',
    'https://api.test/a\r\nX: y',
    'https://api.test/#a',
    'https://api.test:0/',
    '',
  ])('refused: %j', async (url) => {
    await using own = context()
    expect(await get(own, url)).toMatchObject({ code: 'request-target' })
    expect(own.decided).toEqual([])
  })

  test('a header that would end its line is a defect', async () => {
    await using own = context()
    const headers = { ETag: 'a\r\nX: y' }
    await expect(get(own, 'https://api.test/', { headers })).rejects.toThrow(TypeError)
    expect(own.decided).toEqual([])
  })
})

function fail(where: string, error: unknown): never {
  throw new Error(where, { cause: error })
}
