/** Every mistake a policy can have, as a row: the document, the keys that lead to the mistake, the sentence. */

import { describe, expect, test } from 'vitest'
import type { PolicyDocument, WhenEntry } from '../../src/policy/document.ts'
import { policyOf, problemsOf, rule } from './support.ts'

const ISO = 'use ISO 3166-1 codes such as DE, or a zone such as EEA'
const HOST = 'write `api.example.com`, `*.example.com` or `*`'
const CIDR = 'write 10.20.0.0/16 or 2001:db8::/32, with host bits zero'
const PATH = 'write `/v1/files` or `/v1/*`'
const when = (condition: WhenEntry): PolicyDocument => ({ rules: [rule('a', 'block', condition)] })

describe('one mistake', () => {
  test.each<[name: string, PolicyDocument, path: string, message: string, hint?: string]>([
    [
      'a statement in upper case',
      when({ protocol: 'postgresql', statement: ['copy', 'DROP  TABLE'] }),
      'rules.0.when.statement.1',
      '`DROP  TABLE` is not the beginning of a statement',
      'write `drop table`',
    ],
    [
      'a whole statement',
      when({ statement: 'drop table users' }),
      'rules.0.when.statement.0',
      '`drop table users` is not the beginning of a statement',
      'write `drop table`',
    ],
    [
      'a command that is none',
      when({ command: 'config *' }),
      'rules.0.when.command.0',
      '`config *` is not the beginning of a command',
      'write `config set`',
    ],
    [
      'a command with its key',
      when({ command: ['config set', 'del users'] }),
      'rules.0.when.command.1',
      '`del users` is never read: what stands behind `del` is a key or a value',
      'write `del`',
    ],
    [
      'statements of a protocol that has none',
      when({ protocol: ['postgresql', 'http'], statement: 'copy' }),
      'rules.0.when.protocol.1',
      'nobody reads a statement of `http`',
      'take it out, or `statement`: read are those of postgresql',
    ],
    [
      'commands of a protocol that has statements',
      when({ protocol: 'postgresql', command: 'copy' }),
      'rules.0.when.protocol.0',
      'nobody reads a command of `postgresql`',
      'take it out, or `command`: read are those of redis',
    ],
    [
      'statements and commands',
      when({ statement: 'copy', command: 'eval' }),
      'rules.0.when.command',
      'no connection has both statements and commands: such a rule never matches',
      'make two rules of it',
    ],
    ['home', { home: 'Europe' }, 'home.0', '`Europe` is neither a zone nor a country code', ISO],
    [
      'home, the second of two',
      { home: ['DE', 'fr'] },
      'home.1',
      '`fr` is neither a zone nor a country code',
      'did you mean `FR`?',
    ],
    ['home of nothing', { home: [] }, 'home', 'no zone is named'],
    ['home anywhere', { home: '*' }, 'home.0', '`*` is neither a zone nor a country code', ISO],
    [
      'a zone',
      { zones: { a: ['DE', 'QQ'] } },
      'zones.a.1',
      '`QQ` is neither a zone nor a country code',
      ISO,
    ],
    [
      'a zone that is built in',
      { zones: { EU: ['US'] } },
      'zones.EU',
      '`EU` is built in and cannot be redefined',
      'choose another name',
    ],
    ['a zone of itself', { zones: { a: ['a'] } }, 'zones.a.0', 'zone `a` contains itself'],

    [
      'an agent twice',
      { agents: [{ id: 'a' }, { id: 'a' }] },
      'agents.1.id',
      'agent `a` is defined twice',
    ],
    [
      'an agent with a blank',
      { agents: [{ id: 'a b' }] },
      'agents.0.id',
      '`a b` cannot be the name of an agent',
    ],
    [
      'an agent called anonymous',
      { agents: [{ id: 'anonymous' }] },
      'agents.0.id',
      '`anonymous` cannot be the name of an agent',
    ],
    [
      'an agent called __proto__',
      { agents: [{ id: '__proto__' }] },
      'agents.0.id',
      '`__proto__` cannot be the name of an agent',
    ],
    [
      'the zones of an agent',
      { agents: [{ id: 'a', zones: ['DE', 'us'] }] },
      'agents.0.zones.1',
      '`us` is neither a zone nor a country code',
      'did you mean `US`?',
    ],
    [
      'the subject of an agent',
      { agents: [{ id: 'a', match: { subject: '' } }] },
      'agents.0.match.subject.0',
      '`` cannot be the name of an agent',
    ],
    [
      'the group of an agent',
      { agents: [{ id: 'a', match: { group: ['b', 'c d'] } }] },
      'agents.0.match.group.1',
      '`c d` cannot be the name of a group',
    ],
    [
      'the groups it is put into',
      { agents: [{ id: 'a', groups: ['c d'] }] },
      'agents.0.groups.0',
      '`c d` cannot be the name of a group',
    ],
    [
      'an agent that everybody would be',
      { agents: [{ id: 'a', match: {} }] },
      'agents.0.match',
      '`match` has no condition',
    ],
    [
      'a source that is a name',
      { agents: [{ id: 'a', match: { source: 'localhost' } }] },
      'agents.0.match.source.0',
      '`localhost` is not an address prefix',
      CIDR,
    ],
    [
      'a source with host bits',
      { agents: [{ id: 'a', match: { source: '10.0.0.1/8' } }] },
      'agents.0.match.source.0',
      '`10.0.0.1/8` is not an address prefix',
      CIDR,
    ],
    [
      'a source that no client has',
      { agents: [{ id: 'a', match: { source: '::ffff:10.0.0.0/104' } }] },
      'agents.0.match.source.0',
      '`::ffff:10.0.0.0/104` is not an address prefix',
      CIDR,
    ],

    [
      'a destination without a name',
      { destinations: [{ region: 'DE' }] },
      'destinations.0',
      'a destination is named by `host` or by `cidr`, one of them',
    ],
    [
      'a destination with two',
      { destinations: [{ host: 'a.test', cidr: '10.0.0.0/8', region: 'DE' }] },
      'destinations.0',
      'a destination is named by `host` or by `cidr`, one of them',
    ],
    [
      'a destination that says nothing',
      { destinations: [{ host: 'a.test' }] },
      'destinations.0',
      'a destination says nothing',
      'add `region: [DE]` or `allowed: [EU]`',
    ],
    [
      'a host that is a URL',
      { destinations: [{ host: 'https://a.test', region: 'DE' }] },
      'destinations.0.host.0',
      '`https://a.test`: the host name has characters that no host name may have',
      HOST,
    ],
    [
      'a star in the middle',
      { destinations: [{ host: 'a.*.test', region: 'DE' }] },
      'destinations.0.host.0',
      '`a.*.test` has a `*` that is not a leading `*.`',
      HOST,
    ],
    [
      'a star before an address',
      { destinations: [{ host: '*.2.3', region: 'DE' }] },
      'destinations.0.host.0',
      '`*.2.3` puts a `*` before an address; use `cidr`',
      HOST,
    ],
    [
      'a prefix that is too long',
      { destinations: [{ cidr: '10.0.0.0/33' }] },
      'destinations.0.cidr.0',
      '`10.0.0.0/33` is not an address prefix',
      CIDR,
    ],
    [
      'a prefix in short form',
      { destinations: [{ cidr: '10.0/16' }] },
      'destinations.0.cidr.0',
      '`10.0/16` is not an address prefix',
      CIDR,
    ],
    [
      'a region',
      { destinations: [{ host: 'a.test', region: ['DE', 'eu'] }] },
      'destinations.0.region.1.0',
      '`eu` is neither a zone nor a country code',
      'did you mean `EU`?',
    ],
    [
      'an allowed zone',
      { destinations: [{ host: 'a.test', allowed: 'Mars' }] },
      'destinations.0.allowed.0',
      '`Mars` is neither a zone nor a country code',
      ISO,
    ],
    [
      'a host twice',
      {
        destinations: [
          { host: 'a.test', region: 'DE' },
          { host: 'A.TEST.', region: 'US' },
        ],
      },
      'destinations.1',
      'destination `a.test` is defined twice',
    ],
    [
      'a prefix twice',
      { destinations: [{ cidr: '10.0.0.1' }, { cidr: '10.0.0.1/32' }] },
      'destinations.1',
      'destination `10.0.0.1/32` is defined twice',
    ],
    [
      'an IPv6 prefix in two spellings',
      { destinations: [{ cidr: '2001:db8::/32' }, { cidr: '2001:0DB8:0::/32' }] },
      'destinations.1',
      'destination `2001:db8::/32` is defined twice',
    ],

    [
      'a rule twice',
      { rules: [rule('a', 'allow', { port: 1 }), rule('a', 'block', { port: 2 })] },
      'rules.1.id',
      'rule `a` is defined twice',
    ],
    ['a rule for everything', when({}), 'rules.0.when', 'a rule needs at least one condition'],
    [
      'a rule with nothing in its condition',
      when({ host: undefined }),
      'rules.0.when',
      'a rule needs at least one condition',
    ],
    [
      'a zone in a rule',
      when({ zone: ['EU', 'XX'] }),
      'rules.0.when.zone.1',
      '`XX` is neither a zone nor a country code',
      ISO,
    ],
    [
      'a host in a rule',
      when({ host: ['a.test', 'b c'] }),
      'rules.0.when.host.1',
      '`b c`: the host name has characters that no host name may have',
      HOST,
    ],
    [
      'a method in lower case',
      when({ method: ['GET', 'post'] }),
      'rules.0.when.method.1',
      '`post` is not the name of a method',
      'write `POST`',
    ],
    [
      'a method that is none',
      when({ method: 'GET POST' }),
      'rules.0.when.method.0',
      '`GET POST` is not the name of a method',
      'write `POST`',
    ],
    [
      'a path with a query',
      when({ path: '/v1?x' }),
      'rules.0.when.path.0',
      '`/v1?x`: a path ends before `?` and `#`',
      PATH,
    ],
    [
      'a path without a slash',
      when({ path: ['/a', 'v1'] }),
      'rules.0.when.path.1',
      '`v1` begins neither with / nor with *',
      PATH,
    ],
    [
      'a path that can be walked around',
      when({ path: '/a/../b' }),
      'rules.0.when.path.0',
      '`/a/../b` has `//`, `\\`, `;` or a dot segment',
      PATH,
    ],
    [
      'an agent in a rule',
      when({ agent: 'a/b' }),
      'rules.0.when.agent.0',
      '`a/b` cannot be the name of an agent',
    ],
    [
      'a group in a rule',
      when({ group: ['x', ''] }),
      'rules.0.when.group.1',
      '`` cannot be the name of a group',
    ],
  ])('%s', (_, document, path, message, hint) => {
    const [problem, ...others] = problemsOf(document)
    expect(others).toEqual([])
    expect({ ...problem, path: problem?.path.join('.') }).toEqual(
      hint === undefined ? { path, message } : { path, message, hint },
    )
  })

  test('a host that is not looked into', () => {
    const problems = problemsOf({}, { tunnelOnly: ['*.pinned.test', '*'.repeat(3)] })
    expect(problems).toEqual([
      {
        path: ['intercept', 'never', 1],
        message: '`***` has a `*` that is not a leading `*.`',
        hint: HOST,
      },
    ])
  })
})

describe('a date', () => {
  const expires = (date: string) => ({
    destinations: [{ host: 'a.test', region: 'DE', expires: date }],
  })

  test.each([
    ['2027-06-30', '2027-07-01T00:00:00.000Z'],
    ['2027-12-31', '2028-01-01T00:00:00.000Z'],
    ['2028-02-29', '2028-03-01T00:00:00.000Z'],
    ['1970-01-01', '1970-01-02T00:00:00.000Z'],
  ])('%s counts until %s', (date, until) => {
    const [declaration] = policyOf(expires(date)).declarations
    expect(new Date(declaration?.expiresAt ?? 0).toISOString()).toBe(until)
  })

  test('none: for ever', () => {
    const [declaration] = policyOf({
      destinations: [{ host: 'a.test', region: 'DE' }],
    }).declarations
    expect(declaration?.expiresAt).toBeNull()
  })

  test.each([
    '2027-02-29',
    '2027-02-30',
    '2027-06-31',
    '2027-13-01',
    '2027-00-10',
    '2027-6-30',
    '27-06-30',
    '30.06.2027',
    '2027-06-30T12:00:00Z',
    '2027-06-30 ',
    '+002027-06-30',
    'never',
    '',
    '2027-06-30\n',
    '9'.repeat(300),
  ])('%j is none', (date) => {
    expect(problemsOf(expires(date))).toEqual([
      {
        path: ['destinations', 0, 'expires'],
        message: `\`${date}\` is not a date`,
        hint: 'write 2027-06-30',
      },
    ])
  })
})

test('all mistakes are said at once', () => {
  const problems = problemsOf({
    home: 'nowhere',
    zones: { a: ['b'] },
    agents: [{ id: '' }],
    destinations: [{}],
    rules: [rule('a', 'allow', { method: 'get', path: 'x', host: '*x', zone: 'y' })],
  })
  expect(problems.map(({ path }) => path.join('.'))).toEqual([
    'zones.a.0',
    'home.0',
    'agents.0.id',
    'destinations.0',
    'rules.0.when.zone.0',
    'rules.0.when.host.0',
    'rules.0.when.method.0',
    'rules.0.when.path.0',
  ])
})

describe('what an empty document means', () => {
  const policy = policyOf({})

  test('home is the EEA', () => {
    expect(policy.home.name).toBe('EEA')
    expect(policy.home.countries.size).toBe(30)
  })

  test('nothing but inside passes', () => {
    expect(policy.defaults).toEqual({
      inside: 'allow',
      outside: 'block',
      straddling: 'hold',
      unknown: 'hold',
    })
  })
})

describe('what is said', () => {
  test('placements take the place of the defaults one by one', () => {
    expect(policyOf({ placement: { unknown: 'block' } }).defaults).toEqual({
      inside: 'allow',
      outside: 'block',
      straddling: 'hold',
      unknown: 'block',
    })
  })

  test('a declaration may name zones, countries, and anywhere', () => {
    const { declarations } = policyOf({
      zones: { near: ['DE', 'FR'] },
      destinations: [
        { host: 'a.test', region: ['near', 'US'] },
        { host: 'b.test', region: '*' },
        { cidr: '10.0.0.0/8' },
        { host: 'c.test', allowed: ['near', 'GB'] },
      ],
    })
    expect(declarations.map(({ regions }) => regions)).toEqual([
      ['DE', 'FR', 'US'],
      ['*'],
      null,
      null,
    ])
    expect([...(declarations[3]?.allowed?.countries ?? [])].sort()).toEqual(['DE', 'FR', 'GB'])
  })

  test('an agent without `match` is known by its name, one with it only by that', () => {
    const { agents } = policyOf({ agents: [{ id: 'a' }, { id: 'b', match: { group: 'g' } }] })
    expect(agents.map(({ subjects }) => subjects)).toEqual([['a'], []])
  })

  test('rules are sorted by id, wherever they stand', () => {
    const ids = ['b', 'a-1', 'a', 'z', '0']
    const { rules } = policyOf({ rules: ids.map((id) => rule(id, 'allow', { port: 1 })) })
    expect(rules.map(({ id }) => id)).toEqual(['0', 'a', 'a-1', 'b', 'z'])
  })
})
