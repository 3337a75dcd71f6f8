/** Notices by mail to a real mail server: TLS verified against its name, through Cordon's own policy, one mail for one notice. */

import { afterEach, describe, expect, test } from 'vitest'
import { makeHold, openedEvent } from '../holds/notices/support.ts'
import { makeAuthority, openNoticesLab } from '../support/notices.ts'
import { openSmtpServer, type SmtpOptions, type SmtpServer } from '../support/smtp-server.ts'
import { eventually } from '../support/wait.ts'

const { root, certificate } = makeAuthority()
const CERTIFICATE = certificate('api.de.test')

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const server = async (options: SmtpOptions) =>
  stack.use(await openSmtpServer({ address: '0.0.0.0', ...options }))

interface MailLabOptions {
  readonly tls?: 'implicit' | 'starttls' | 'none'
  readonly host?: string
  readonly login?: boolean
  readonly to?: string
  readonly more?: string
}

async function lab({ port }: SmtpServer, options: MailLabOptions = {}) {
  const { tls = 'starttls', host = 'api.de.test', login = false, more = '' } = options
  const { to = 'dpo@corp.test, ops@corp.test' } = options
  const how = login ? ', user: { file: user }, password: { file: password }' : ''
  const config = `${more}
notify:
  link_base: https://cordon.test
  to:
    - id: mail
      kind: mail
      smtp: { host: ${host}, port: ${port}, tls: ${tls}${how} }
      from: cordon@corp.test
      to: [${to}]`
  const files = { user: 'cordon\n', password: 'p4ssw0rd\n' }
  return stack.use(await openNoticesLab({ root, config, files, pause: () => 1 }))
}

describe('a mail', () => {
  test.each([
    ['starttls', 'api.de.test', true],
    ['implicit', 'api.de.test', true],
    ['none', '127.0.0.1', false],
  ] as const)('tls: %s', async (tls, host, secure) => {
    const smtp = await server({
      ...(secure ? { certificate: CERTIFICATE } : {}),
      implicit: tls === 'implicit',
      password: 'p4ssw0rd',
    })
    const { happens, query } = await lab(smtp, { tls, host, login: true })
    happens(openedEvent(makeHold()), makeHold())
    const mail = await eventually('a mail', () => smtp.mails[0])
    expect(mail).toMatchObject({
      from: 'cordon@corp.test',
      to: ['dpo@corp.test', 'ops@corp.test'],
      secure,
      user: 'cordon',
    })
    expect(mail.text).toContain('Subject: Cordon: A call waits for a decision: ci to api.us.test')
    expect(mail.text).toContain('Auto-Submitted: auto-generated')
    expect(mail.text).toMatch(/Message-ID: <[0-9a-f-]{36}@corp\.test>/)
    expect(mail.text.replace(/=\r\n/g, '')).toMatch(/https:\/\/cordon\.test\/decide\/[\w-]+/)
    const flow = () => query<Record<string, unknown>>('SELECT * FROM flows')[0]
    await eventually('its end', () => flow()?.outcome === 'forwarded')
    expect(flow()).toMatchObject({
      agent: 'cordon',
      host,
      scheme: 'tcp',
      dialed_ip: host === '127.0.0.1' ? host : '127.0.0.10',
    })
  })

  test('nothing was said in the clear but what leads to TLS', async () => {
    const smtp = await server({ certificate: CERTIFICATE, password: 'p4ssw0rd' })
    const { happens } = await lab(smtp, { login: true })
    happens(openedEvent(makeHold()), makeHold())
    await eventually('a mail', () => smtp.mails[0])
    expect(smtp.said.slice(0, 2)).toEqual(['EHLO [127.0.0.1]', 'STARTTLS'])
    expect(smtp.said[2]).toMatch(/^EHLO /)
    expect(smtp.said[3]).toMatch(/^AUTH /)
  })

  test('what agents write adds no header, recipient or line', async () => {
    const smtp = await server({ certificate: CERTIFICATE })
    const { happens } = await lab(smtp)
    const evil = 'x\r\nBcc: everybody@evil.test\r\n\r\n.\r\nRCPT TO:<evil@evil.test>'
    const hold = makeHold(
      { purpose: evil, requester: evil },
      { agent: evil, path: evil, host: evil },
    )
    happens(openedEvent(hold), hold)
    const mail = await eventually('a mail', () => smtp.mails[0])
    expect(mail.to).toEqual(['dpo@corp.test', 'ops@corp.test'])
    expect(mail.text).not.toMatch(/^(Bcc|RCPT)/m)
    expect(smtp.said.filter((line) => line.startsWith('RCPT'))).toHaveLength(2)
  })
})

describe('a mail server that cannot be trusted hears nothing', () => {
  test.each<[string, SmtpOptions, MailLabOptions]>([
    ['another name', { certificate: certificate('other.test') }, {}],
    [
      'another name, TLS at once',
      { certificate: certificate('other.test'), implicit: true },
      { tls: 'implicit' },
    ],
    ['a root nobody knows', { certificate: makeAuthority().certificate('api.de.test') }, {}],
    ['STARTTLS that was taken out on the way', { certificate: CERTIFICATE, offersTls: false }, {}],
  ])('%s', async (_, options, how) => {
    const smtp = await server({ password: 'p4ssw0rd', ...options })
    const { happens, noted } = await lab(smtp, { login: true, ...how })
    happens(openedEvent(makeHold()), makeHold())
    const [row] = await noted('notice-failed')
    expect(row?.detail).toMatch(/mail server.*given up after 8 tries/)
    expect(row?.detail).not.toContain('p4ss')
    expect(smtp.mails).toEqual([])
    expect(smtp.said.filter((line) => /^(AUTH|MAIL|RCPT|DATA)/.test(line))).toEqual([])
  })

  test('what is said in the clear behind the answer to STARTTLS is not heard', async () => {
    const smtp = await server({
      certificate: CERTIFICATE,
      password: 'p4ssw0rd',
      injected: '250-evil\r\n250 AUTH NOTHING\r\n',
    })
    const { happens, noted } = await lab(smtp, { login: true })
    happens(openedEvent(makeHold()), makeHold())
    // Either the handshake fails on it, or it is thrown away.
    await Promise.race([noted('notice-failed'), eventually('a mail', () => smtp.mails[0])])
    expect(smtp.said).not.toContain('AUTH NOTHING')
  })
})

describe('what a mail server answers', () => {
  test('later (4xx): tried again, one mail', async () => {
    const smtp = await server({
      certificate: CERTIFICATE,
      onMail: (count) => (count < 3 ? '451 later' : null),
    })
    const { happens, notices } = await lab(smtp)
    happens(openedEvent(makeHold()), makeHold())
    await eventually('it to be taken', () => notices.counts()[0]?.taken === 1)
    expect(smtp.mails).toHaveLength(1)
  })

  test.each<[string, SmtpOptions, string]>([
    [
      'no (5xx)',
      { onMail: () => '554 evil text \u001b[2K' },
      'the mail server answered with code 554; given up after 1 try',
    ],
    [
      'a wrong password',
      { password: 'other' },
      'the mail server answered with code 535; given up after 1 try',
    ],
    [
      'one recipient of two is not there',
      {
        password: 'p4ssw0rd',
        onRecipient: (address) => (address.startsWith('dpo') ? '550 who' : null),
      },
      'the mail server refused 1 of 2 recipients; given up after 1 try',
    ],
  ])('%s: not tried again, and none of its words are repeated', async (_, options, want) => {
    const smtp = await server({ certificate: CERTIFICATE, ...options })
    const { happens, noted } = await lab(smtp, { login: 'password' in options })
    happens(openedEvent(makeHold()), makeHold())
    const [row] = await noted('notice-failed')
    expect(row?.detail).toBe(`\`opened\` of h-k7m2p9qa: ${want}`)
  })
})

test('a mail server outside of the zone is not connected to', async () => {
  const smtp = await server({ certificate: certificate('api.us.test') })
  const { happens, noted, query } = await lab(smtp, { host: 'api.us.test' })
  expect((await noted('notices-blocked'))[0]?.subject).toBe('mail')
  happens(openedEvent(makeHold()), makeHold())
  expect((await noted('notice-failed'))[0]?.detail).toContain('placement-outside')
  expect(query<{ dialed_ip: unknown }>('SELECT * FROM flows')[0]).toMatchObject({
    dialed_ip: null,
    outcome: 'blocked',
  })
  expect(smtp.said).toEqual([])
})
