/** Notices to real receivers: signed, tried again, through Cordon's own policy, and without secrets in the log. */

import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeHold, openedEvent } from '../holds/notices/support.ts'
import { makeAuthority, type NoticesLab, openNoticesLab } from '../support/notices.ts'
import { httpsOrigin, type Origin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'

interface Got {
  readonly headers: IncomingMessage['headers']
  readonly url: string | undefined
  readonly body: string
}

const { root, certificate } = makeAuthority()
const SECRET = 'k3y'
const PATH = '/services/T000/B000/s3cr3t-path'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

/** @param answer what it says to the n-th request, from 1 */
async function receiver(
  answer: (count: number, response: ServerResponse) => void,
): Promise<Origin & { readonly got: Got[] }> {
  const got: Got[] = []
  const hosts = ['api.de.test', 'api.us.test', 'api.mixed.test']
  const origin = stack.use(
    await httpsOrigin(certificate(...hosts), {
      address: '0.0.0.0',
      handler(request, response) {
        const pieces: Buffer[] = []
        request.on('data', (piece: Buffer) => pieces.push(piece))
        request.on('end', () => {
          const body = Buffer.concat(pieces).toString()
          got.push({ headers: request.headers, url: request.url, body })
          answer(got.length, response)
        })
      },
    }),
  )
  return Object.assign(origin, { got })
}

const ok = (_: number, response: ServerResponse) => response.end('ok')

async function lab(notify: string, files: Record<string, string>, more = ''): Promise<NoticesLab> {
  const config = `${more}\nnotify:\n  link_base: https://cordon.test\n  to:\n${notify}`
  return stack.use(
    await openNoticesLab({ root, config, files: { ...files, secret: SECRET }, pause: () => 1 }),
  )
}

const json = (id: string) =>
  `    - { id: ${id}, kind: json, url: { file: ${id}.url }, secret: { file: secret } }\n`
const url = (host: string, { port }: Origin) => `https://${host}:${port}${PATH}\n`

describe('a notice', () => {
  test('arrives with a signature that holds, and a link', async () => {
    const to = await receiver(ok)
    const { happens } = await lab(json('siem'), { 'siem.url': url('api.de.test', to) })
    const hold = makeHold({ expiresAt: Date.now() + 3_600_000 })
    happens(openedEvent(hold), hold)
    const { headers, url: path, body } = await eventually('a notice', () => to.got[0])
    expect(path).toBe(PATH)
    const timestamp = String(headers['cordon-timestamp'])
    const mac = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex')
    expect(headers['cordon-signature']).toBe(`v1=${mac}`)
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(60)
    expect(JSON.parse(body)).toMatchObject({
      version: 1,
      id: headers['idempotency-key'],
      type: 'hold.opened',
      hold: { id: hold.id, agent: 'ci', host: 'api.us.test', regions: ['US'] },
      link: { url: expect.stringMatching(/^https:\/\/cordon\.test\/decide\/[\w-]+$/) },
    })
  })

  test('is tried again until it is taken, under the same key', async () => {
    const to = await receiver((count, response) => {
      response.statusCode = count < 3 ? 503 : 200
      response.end()
    })
    const { happens, notices } = await lab(json('siem'), { 'siem.url': url('api.de.test', to) })
    happens(openedEvent(makeHold()), makeHold())
    await eventually('it to be taken', () => notices.counts()[0]?.taken === 1)
    expect(to.got).toHaveLength(3)
    expect(new Set(to.got.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(new Set(to.got.map(({ body }) => body)).size).toBe(1)
  })

  test('goes through the log as a call of `cordon`, without what opens the door', async () => {
    const to = await receiver(ok)
    const { happens, notices, query } = await lab(json('siem'), {
      'siem.url': url('api.de.test', to),
    })
    happens(openedEvent(makeHold()), makeHold())
    await eventually('it to be taken', () => notices.counts()[0]?.taken === 1)
    const flow = () => query<Record<string, unknown>>('SELECT * FROM flows')[0]
    await eventually('its end', () => flow()?.outcome === 'forwarded')
    expect(flow()).toMatchObject({
      agent: 'cordon',
      method: 'POST',
      host: 'api.de.test',
      path: null,
    })
    expect(JSON.stringify(query('SELECT * FROM flows'))).not.toContain('s3cr3t')
  })
})

test.each([
  ['slack', 'blocks'],
  ['teams', 'attachments'],
])('%s gets its own shape; without a secret it is not signed', async (kind, part) => {
  const to = await receiver(ok)
  const chat = `    - { id: chat, kind: ${kind}, url: { file: chat.url } }\n`
  const { happens } = await lab(chat, { 'chat.url': url('api.de.test', to) })
  happens(openedEvent(makeHold()), makeHold())
  const { headers, body } = await eventually('a notice', () => to.got[0])
  expect(headers).not.toHaveProperty('cordon-signature')
  expect(JSON.parse(body)).toHaveProperty(part)
  expect(body).toContain('https://cordon.test/decide/')
})

describe('a receiver that does not take it', () => {
  test.each([
    ['refuses', (response: ServerResponse) => response.writeHead(404).end(), 'status 404'],
    [
      'sends elsewhere',
      (response: ServerResponse) =>
        response.writeHead(302, { Location: 'https://api.us.test/' }).end(),
      'status 302',
    ],
  ])('%s: that is written down once, without URL', async (_, answer, want) => {
    const to = await receiver((_, response) => answer(response))
    const { happens, noted } = await lab(json('siem'), { 'siem.url': url('api.de.test', to) })
    happens(openedEvent(makeHold()), makeHold())
    const rows = await noted('notice-failed')
    expect(rows).toEqual([
      {
        subject: 'siem',
        detail: `\`opened\` of h-k7m2p9qa: it was answered with ${want}; given up after 1 try`,
      },
    ])
    expect(to.got).toHaveLength(1)
  })

  test('never answers: another one has got it already', async () => {
    const silent = await receiver(() => {})
    const other = await receiver(ok)
    const { happens, notices } = await lab(json('silent') + json('other'), {
      'silent.url': url('api.de.test', silent),
      'other.url': url('api.de.test', other),
    })
    for (let i = 0; i < 3; i++) happens(openedEvent(makeHold()), makeHold())
    await eventually('the other to have all', () => other.got.length === 3)
    const counts = notices.counts()
    expect(counts.find(({ receiver }) => receiver === 'silent')).toMatchObject({ taken: 0 })
  })

  test('shows a certificate of somebody else: nothing is said to it', async () => {
    const to = await receiver(ok)
    const { happens, noted } = await lab(json('siem'), { 'siem.url': url('api.fr.test', to) })
    happens(openedEvent(makeHold()), makeHold())
    expect((await noted('notice-failed'))[0]?.detail).toContain('tls-name-mismatch')
    expect(to.got).toEqual([])
  })
})

describe("Cordon's own policy", () => {
  test('a receiver outside of the zone gets nothing, and that is said at the start', async () => {
    const to = await receiver(ok)
    const { happens, noted } = await lab(json('chat'), { 'chat.url': url('api.us.test', to) })
    const [{ subject, detail }] = (await noted('notices-blocked')) as [
      { subject: string; detail: string },
    ]
    expect(subject).toBe('chat')
    expect(detail).toContain('notices to `chat` do not pass the policy (api.us.test): ')
    happens(openedEvent(makeHold()), makeHold())
    const failed = await noted('notice-failed')
    expect(failed[0]?.detail).toContain('placement-outside')
    expect(failed[0]?.detail).toContain('given up after 1 try')
    expect(JSON.stringify(failed)).not.toContain('s3cr3t')
    expect(to.got).toEqual([])
  })

  test.each([
    [
      'a rule for `cordon`',
      'rules: [{ id: chat, because: contract 4711, when: { agent: cordon, host: api.us.test }, then: allow }]',
    ],
    ['zones for `cordon`', 'agents: [{ id: cordon, zones: [EEA, US] }]'],
  ])('%s lets it through', async (_, more) => {
    const to = await receiver(ok)
    const { happens, query } = await lab(json('chat'), { 'chat.url': url('api.us.test', to) }, more)
    happens(openedEvent(makeHold()), makeHold())
    await eventually('a notice', () => to.got.length === 1)
    expect(query(`SELECT * FROM admin_actions WHERE action = 'notices-blocked'`)).toEqual([])
  })

  test('a policy that changes and leaves a receiver outside says so as well', async () => {
    const to = await receiver(ok)
    const allowing = 'agents: [{ id: cordon, zones: [EEA, US] }]'
    const { dir, owner, noted, query } = await lab(
      json('chat'),
      { 'chat.url': url('api.us.test', to) },
      allowing,
    )
    const path = join(dir, 'cordon.yaml')
    writeFileSync(path, readFileSync(path, 'utf8').replace(allowing, ''))
    owner.reload()
    expect((await noted('notices-blocked'))[0]?.subject).toBe('chat')
    expect(query(`SELECT * FROM admin_actions WHERE action = 'policy-reload'`)).toHaveLength(1)
  })

  test('a notice never waits for a person: it could be about itself', async () => {
    const to = await receiver(ok)
    const { happens, noted, query } = await lab(json('chat'), {
      'chat.url': url('api.mixed.test', to),
    })
    happens(openedEvent(makeHold()), makeHold())
    expect((await noted('notice-failed'))[0]?.detail).toContain('hold-unavailable')
    expect(query<{ error: string }>('SELECT error FROM flows')[0]?.error).toBe('hold-unavailable')
    expect(to.got).toEqual([])
  })
})

test('what was not sent when Cordon stops is said', async () => {
  const silent = await receiver(() => {})
  const { happens, notices, noted } = await lab(json('siem'), {
    'siem.url': url('api.de.test', silent),
  })
  for (let i = 0; i < 2; i++) happens(openedEvent(makeHold()), makeHold())
  await eventually('a try', () => silent.got.length === 1)
  await notices[Symbol.asyncDispose]()
  expect(await noted('notice-failed')).toEqual([
    { subject: 'siem', detail: '2 were not sent before Cordon stopped' },
  ])
})

describe('credentials that cannot be had keep it from starting', () => {
  test.each([
    ['no file', {}, 'cannot use the URL of `siem` in `'],
    ['an empty one', { 'siem.url': '\n' }, 'there is nothing'],
    ['two lines', { 'siem.url': 'https://a.test/\nx\n' }, 'more than one line'],
    ['in the clear', { 'siem.url': 'http://api.de.test/s3cr3t' }, 'it is not https://'],
    ['with a user', { 'siem.url': 'https://u:p4ss@api.de.test/s3cr3t' }, 'cannot be used'],
    ['no URL', { 'siem.url': 's3cr3t' }, 'not an absolute http:// or https:// URL'],
  ])('%s', async (_, files, want) => {
    const error = await lab(json('siem'), files as Record<string, string>).catch((e: Error) => e)
    expect(String(error)).toContain(want)
    expect(String(error)).not.toMatch(/s3cr3t|p4ss/)
  })
})
