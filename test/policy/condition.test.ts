/** What each condition answers: yes, maybe where something is hidden or can be read two ways, no. */

import { describe, expect, test } from 'vitest'
import { ANONYMOUS } from '../../src/model/agent.ts'
import type { Protocol } from '../../src/model/flow.ts'
import {
  type DestinationFacts,
  onAgent,
  onCommand,
  onCreates,
  onGroup,
  onHost,
  onMethod,
  onPath,
  onPlacement,
  onPort,
  onProtocol,
  onScheme,
  onStatement,
  onZone,
  type Truth,
  toRequestFacts,
} from '../../src/policy/condition.ts'
import { compilePathPattern } from '../../src/policy/path.ts'
import { compileHostPattern } from '../../src/policy/pattern.ts'
import { token } from './support.ts'

const facts = (changes: Partial<DestinationFacts> = {}): DestinationFacts => ({
  placement: 'inside',
  otherwise: null,
  regions: ['DE'],
  transit: 'inside',
  creates: null,
  host: 'api.test',
  claimed: null,
  port: 443,
  scheme: 'https',
  agent: ANONYMOUS,
  ...changes,
})

describe('zone: where the data may be processed', () => {
  const nearby = { name: 'nearby', countries: new Set(['DE', 'FR']) }
  test.each<[regions: string[], truth: Truth]>([
    [['DE'], 'yes'],
    [['DE', 'FR'], 'yes'],
    [['DE', 'US'], 'maybe'],
    [['US'], 'no'],
    [['CA', 'US'], 'no'],
    [['*'], 'maybe'],
    [[], 'maybe'],
  ])('%j: %s', (regions, truth) => {
    expect(onZone(nearby).test(facts({ regions }))).toBe(truth)
  })
})

describe('method', () => {
  test.each<[wanted: string[], method: string | null, truth: Truth]>([
    [['POST'], 'POST', 'yes'],
    [['POST'], 'GET', 'no'],
    [['POST', 'PUT'], 'PUT', 'yes'],
    [['POST'], 'post', 'maybe'],
    [['POST'], 'PoSt', 'maybe'],
    [['POST'], 'POSTS', 'no'],
    [['POST'], null, 'maybe'],
  ])('%j, %s: %s', (wanted, method, truth) => {
    expect(onMethod(wanted).test(toRequestFacts({ method, path: null }))).toBe(truth)
  })
})

describe('scheme', () => {
  test.each<[wanted: string[], scheme: string, truth: Truth]>([
    [['https'], 'https', 'yes'],
    [['https'], 'http', 'no'],
    [['http', 'https'], 'http', 'yes'],
    // In a tunnel nobody looked into, it could be either.
    [['https'], 'tcp', 'maybe'],
    [['http'], 'tcp', 'maybe'],
  ])('%j, %s: %s', (wanted, scheme, truth) => {
    expect(onScheme(wanted).test(facts({ scheme }))).toBe(truth)
  })
})

describe('what is always in sight is yes or no', () => {
  const hosts = ['api.test', '*.example'].flatMap((text) => {
    const pattern = compileHostPattern(text)
    return 'value' in pattern ? [pattern.value] : []
  })
  test.each([
    ['placement', onPlacement(['outside', 'inside']), {}, 'yes'],
    ['placement', onPlacement(['outside']), {}, 'no'],
    ['placement', onPlacement(['outside']), { placement: 'unknown' }, 'no'],
    ['placement', onPlacement(['outside']), { placement: 'straddling' }, 'no'],
    ['host', onHost(hosts), {}, 'yes'],
    ['host', onHost(hosts), { host: 'a.b.example' }, 'yes'],
    ['host', onHost(hosts), { host: 'api.test.evil.test' }, 'no'],
    ['port', onPort([80, 443]), {}, 'yes'],
    ['port', onPort([80]), {}, 'no'],
    ['agent', onAgent(['anonymous']), {}, 'yes'],
    ['agent', onAgent(['ci']), {}, 'no'],
    ['agent', onAgent(['ci', 'x']), { agent: token('ci') }, 'yes'],
    ['group', onGroup(['staff']), {}, 'no'],
    ['group', onGroup(['staff', 'batch']), { agent: token('ci', 'batch') }, 'yes'],
    // An agent is not its group.
    ['group', onGroup(['ci']), { agent: token('ci') }, 'no'],
  ] as const)('%s %#', (_, condition, changes, truth) => {
    expect(condition.test(facts(changes as Partial<DestinationFacts>))).toBe(truth)
  })
})

test('each says itself aloud', () => {
  expect(onPlacement(['outside']).says).toBe('the placement is `outside`')
  expect(onPort([80, 443, 8080]).says).toBe('the port is `80`, `443` or `8080`')
  expect(onZone({ name: 'EEA, CH', countries: new Set() }).says).toBe(
    'the data may be processed in EEA, CH',
  )
})

describe('a name that only the client says', () => {
  const pattern = compileHostPattern('*.corp.test')
  if ('fault' in pattern) throw new Error(pattern.fault)
  const host = onHost([pattern.value])
  test.each<[string, Partial<DestinationFacts>, Truth]>([
    ['it leads there', { host: 'a.corp.test' }, 'yes'],
    ['nothing shows that it does', { host: '9.9.9.1', claimed: 'a.corp.test' }, 'maybe'],
    ['another one', { host: '9.9.9.1', claimed: 'a.test' }, 'no'],
  ])('host: %s', (_, given, want) => expect(host.test(facts(given))).toBe(want))

  test.each<[string, Partial<DestinationFacts>, Truth]>([
    ['both are', { placement: 'inside', otherwise: 'inside' }, 'yes'],
    ['one is', { placement: 'outside', otherwise: 'inside' }, 'maybe'],
    ['the other is', { placement: 'inside', otherwise: 'outside' }, 'maybe'],
    ['neither is', { placement: 'outside', otherwise: 'unknown' }, 'no'],
  ])('placement: %s', (_, given, want) =>
    expect(onPlacement(['inside']).test(facts(given))).toBe(want),
  )

  test.each<[string, Partial<DestinationFacts>, Truth]>([
    ['of a host that is known', { creates: 'inside' }, 'yes'],
    ['of one that is only claimed', { creates: 'inside', claimed: 'a.test' }, 'maybe'],
  ])('what is created: %s', (_, given, want) =>
    expect(onCreates(['inside']).test(facts(given))).toBe(want),
  )
})

describe('protocol: what is spoken on the connection', () => {
  const spoken = (protocol: string) =>
    toRequestFacts({ method: null, path: null, protocol, data: null })
  test.each<[given: string, wanted: Protocol[], truth: Truth]>([
    ['ssh', ['ssh', 'mysql'], 'yes'],
    ['ssh', ['mysql'], 'no'],
    ['ssh', ['http'], 'no'],
    ['HTTP/1.1', ['http'], 'yes'],
    ['HTTP/2', ['http'], 'yes'],
    ['websocket', ['http'], 'yes'],
    ['HTTP/1.1', ['tls'], 'no'],
    ['TLS', ['tls'], 'yes'],
    ['TLS', ['http'], 'maybe'],
    ['TLS', ['postgresql'], 'maybe'],
    ['TLS', ['ssh'], 'no'],
    ['unknown', ['ssh'], 'maybe'],
    ['unknown', ['unknown'], 'yes'],
    ['SMTP', ['smtp'], 'yes'],
    ['made up', ['ssh'], 'maybe'],
  ])('%s, wanted %j: %s', (given, wanted, truth) =>
    expect(onProtocol(wanted).test(spoken(given))).toBe(truth),
  )
})

describe('statement and command: what is said on the connection', () => {
  const said = (protocol: string, statements?: string[] | null) =>
    toRequestFacts({
      ...{ method: 'DROP', path: '/shop', protocol, data: null },
      ...(statements === undefined ? {} : { statements: statements && new Set(statements) }),
    })
  const DROP = ['drop', 'drop table']
  test.each<[protocol: string, statements: string[] | null | undefined, sql: Truth, redis: Truth]>([
    ['postgresql', DROP, 'yes', 'no'],
    ['postgresql', ['drop'], 'yes', 'no'],
    ['postgresql', ['select'], 'no', 'no'],
    // The connection itself.
    ['postgresql', undefined, 'no', 'no'],
    ['postgresql', null, 'maybe', 'no'],
    ['redis', DROP, 'no', 'yes'],
    ['redis', ['get'], 'no', 'no'],
    ['redis', undefined, 'no', 'no'],
    ['redis', null, 'no', 'maybe'],
    // Has statements, and nobody reads them.
    ['mysql', null, 'maybe', 'no'],
    ['mongodb', null, 'no', 'maybe'],
    ['ssh', null, 'no', 'no'],
    ['HTTP/1.1', undefined, 'no', 'no'],
    ['websocket', undefined, 'no', 'no'],
    ['TLS', undefined, 'maybe', 'maybe'],
    ['unknown', null, 'maybe', 'maybe'],
  ])('%s that says %j: statement %s, command %s', (protocol, statements, sql, redis) => {
    expect(onStatement(['copy', 'drop']).test(said(protocol, statements))).toBe(sql)
    expect(onCommand(['copy', 'drop']).test(said(protocol, statements))).toBe(redis)
  })

  test('two words are one of their own', () => {
    const table = onStatement(['drop table'])
    expect(table.test(said('postgresql', DROP))).toBe('yes')
    expect(table.test(said('postgresql', ['drop', 'drop view']))).toBe('no')
    expect(table.says).toBe('the statement is `drop table`')
  })

  test('rules about methods and paths do not take what is shown of a statement for such', () => {
    const facts = said('redis', ['get'])
    expect(onMethod(['DROP']).test(facts)).toBe('maybe')
    const shop = compilePathPattern('/shop')
    if (!('value' in shop)) throw new Error(shop.fault)
    expect(onPath([shop.value]).test(facts)).toBe('maybe')
  })
})
