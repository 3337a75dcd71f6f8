/** `notify:` as people write it: what it becomes, and what they are told of mistakes. Credentials are never written in it. */

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { load, problems, write } from './support.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  dir = folder.path
})
afterAll(() => folder[Symbol.asyncDispose]())

const V = 'version: 1\nreviewers: [{ id: anna, groups: [dpo] }]\nnotify:\n'

test('nobody is told of anything unless it is said', () => {
  write(dir, { 'cordon.yaml': 'version: 1\n' })
  expect(load(dir).operation.notify).toBeNull()
})

test('all kinds', () => {
  write(dir, {
    'cordon.yaml': `${V}
  link_base: https://cordon.corp.example/
  to:
    - { id: ops-chat, kind: slack, url: { env: SLACK_URL }, on: [opened, denied], reviewers: [dpo] }
    - { id: siem, kind: json, url: { file: siem.url }, secret: { file: /run/secrets/siem } }
    - { id: teams, kind: teams, url: { env: TEAMS_URL }, secret: { env: TEAMS_SECRET } }
    - id: mail
      kind: mail
      smtp: { host: mail.corp.example, port: 587, tls: starttls, user: { env: U }, password: { file: p } }
      from: cordon@corp.example
      to: [dpo@corp.example, ops+cordon@corp.example]
`,
  })
  const on = ['opened', 'agreed', 'approved', 'denied', 'expired']
  expect(load(dir).operation.notify).toEqual({
    linkBase: 'https://cordon.corp.example',
    to: [
      {
        id: 'ops-chat',
        kind: 'slack',
        on: ['opened', 'denied'],
        reviewers: ['dpo'],
        url: { env: 'SLACK_URL' },
        secret: null,
      },
      {
        id: 'siem',
        kind: 'json',
        on,
        reviewers: null,
        url: { file: join(dir, 'siem.url') },
        secret: { file: '/run/secrets/siem' },
      },
      {
        id: 'teams',
        kind: 'teams',
        on,
        reviewers: null,
        url: { env: 'TEAMS_URL' },
        secret: { env: 'TEAMS_SECRET' },
      },
      {
        id: 'mail',
        kind: 'mail',
        on,
        reviewers: null,
        host: 'mail.corp.example',
        port: 587,
        tls: 'starttls',
        credentials: { user: { env: 'U' }, password: { file: join(dir, 'p') } },
        from: 'cordon@corp.example',
        to: ['dpo@corp.example', 'ops+cordon@corp.example'],
      },
    ],
  })
})

describe('mistakes', () => {
  const one = (text: string) => `  to:\n    - { ${text} }\n`
  const mail = (smtp: string) =>
    one(`id: m, kind: mail, smtp: { ${smtp} }, from: a@b.example, to: [c@d.example]`)
  test.each([
    [
      'a URL written down',
      one('id: a, kind: slack, url: "https://hooks.slack.example/T0/B0/x"'),
      'a credential is named, not written down here: { env: NAME } or { file: PATH }',
    ],
    [
      'a secret from two places',
      one('id: a, kind: slack, url: { env: A, file: b }'),
      'name one of `env` and `file`',
    ],
    ['a secret from nowhere', one('id: a, kind: slack, url: {}'), 'name one of `env` and `file`'],
    ['a secret misspelt', one('id: a, kind: slack, url: { fil: b }'), 'unknown key `fil`'],
    ['no variable', one('id: a, kind: slack, url: { env: "A B" }'), 'not the name of a variable'],
    [
      'an unknown kind',
      one('id: a, kind: pager, url: { env: A }'),
      '`kind` is one of slack, teams, json and mail',
    ],
    ['no kind', one('id: a, url: { env: A }'), '`kind` is missing'],
    ['no secret for a program', one('id: a, kind: json, url: { env: A }'), '`secret` is missing'],
    [
      'a key of another kind',
      one('id: a, kind: slack, url: { env: A }, smtp: {}'),
      'unknown key `smtp`',
    ],
    ['an unknown event', one('id: a, kind: slack, url: { env: A }, on: [opend]'), 'invalid option'],
    ['no event', one('id: a, kind: slack, url: { env: A }, on: []'), 'too small'],
    [
      'two of one name',
      `  to:\n    - { id: a, kind: slack, url: { env: A } }\n    - { id: a, kind: teams, url: { env: A } }\n`,
      'two receivers have the same id',
    ],
    ['nobody', '  to: []\n', 'too small'],
    [
      'a base that is no URL',
      `  link_base: cordon.example\n${one('id: a, kind: slack, url: { env: A }')}`,
      'where reviewers reach the console is written like',
    ],
    [
      'a base in the clear',
      `  link_base: http://cordon.example\n${one('id: a, kind: slack, url: { env: A }')}`,
      'where reviewers reach the console is written like',
    ],
    [
      'a base with a user',
      `  link_base: https://u:p@cordon.example\n${one('id: a, kind: slack, url: { env: A }')}`,
      'where reviewers reach the console is written like',
    ],
    [
      'a base with a query',
      `  link_base: https://cordon.example/?a=b\n${one('id: a, kind: slack, url: { env: A }')}`,
      'where reviewers reach the console is written like',
    ],
    [
      'mail in the clear',
      mail('host: mail.example, port: 25, tls: none'),
      'without TLS only a mail server on this host is used',
    ],
    ['mail without saying how', mail('host: mail.example, port: 25'), '`tls` is missing'],
    [
      'a user without a password',
      mail('host: mail.example, port: 465, tls: implicit, user: { env: A }'),
      '`user` and `password` belong together',
    ],
    [
      'an address with a name',
      one(
        'id: m, kind: mail, smtp: { host: localhost, port: 25, tls: none }, from: "Cordon <a@b.example>", to: [c@d.example]',
      ),
      'an address is written like',
    ],
    [
      'a header in an address',
      one(
        'id: m, kind: mail, smtp: { host: localhost, port: 25, tls: none }, from: "a@b.example\\r\\nBcc: x@y.example", to: [c@d.example]',
      ),
      'an address is written like',
    ],
  ])('%s', (_, text, want) => {
    write(dir, { 'cordon.yaml': V + text })
    expect(problems(dir).join('\n')).toContain(want)
  })

  test('a reviewer who is none, with who was meant', () => {
    write(dir, {
      'cordon.yaml': V + one('id: a, kind: slack, url: { env: A }, reviewers: [dpo, ana]'),
    })
    expect(problems(dir)).toEqual([
      'cordon.yaml:5:63: `ana` is neither a reviewer nor a group of them (did you mean `anna`?)',
    ])
  })

  test.each([
    'http://localhost:3130',
    'http://127.0.0.1:3130',
    'http://[::1]:3130',
    'https://a.example/cordon',
  ])('a base that is one: %s', (base) => {
    write(dir, {
      'cordon.yaml': `${V}  link_base: "${base}"\n${one('id: a, kind: slack, url: { env: A }')}`,
    })
    expect(load(dir).operation.notify?.linkBase).toBe(base)
  })
})
