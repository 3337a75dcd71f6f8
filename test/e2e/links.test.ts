/** From a held call to a notice, from its link to a decision, and on: with a running proxy, its desk, its log and its console. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import { ReviewerTokens } from '../../src/identity/reviewer-tokens.ts'
import { CHROMIUM } from '../support/browser.ts'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { httpOrigin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'

interface Got {
  readonly type: string
  readonly by: string | null
  readonly hold: { readonly id: string; readonly host: string }
  readonly link: { readonly url: string } | null
}

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

async function open({ more = '', workers = 1 }: { more?: string; workers?: number } = {}) {
  const got: Got[] = []
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      got.push(JSON.parse(Buffer.concat(pieces).toString()))
      response.end()
    })
  }
  const { port } = stack.use(await httpOrigin({ address: '127.0.0.10', handler }))
  const lab = stack.use(
    await openLab({
      workers,
      config: `
reviewers: [{ id: alice }, { id: bob }]
hold: { wait: 60s, expires: 1h }
notify:
  to: [{ id: siem, kind: json, url: { env: SIEM_URL }, secret: { env: SIEM_SECRET } }]
${more}`,
      env: { SIEM_URL: `http://127.0.0.10:${port}/s3cr3t`, SIEM_SECRET: 'k3y' },
    }),
  )
  const tokens = new ReviewerTokens(join(lab.dir, 'data'), { now: () => Date.now() })
  return { lab, got, alice: tokens.issue('alice'), bob: tokens.issue('bob') }
}

const call = (lab: Lab) =>
  curl(lab.proxy, '-d', '{"a":1}', `http://api.mixed.test:${lab.http.port}/v1/a`)

const opened = (got: readonly Got[], count = 1) =>
  eventually(`notice ${count} of a hold`, () => {
    const all = got.filter(({ link }) => link !== null)
    return all.length >= count ? all.at(-1) : null
  })

/** As a browser sends the form of the page. */
async function decide(url: string, token: string, decision: string) {
  const body = new URLSearchParams({ token, decision, reason: '' })
  const response = await fetch(url, { method: 'POST', body })
  return { status: response.status, text: await response.text() }
}

describe.each([1, 2])('%i processes', (workers) => {
  test('a call is held, told of, looked at, approved over its link, and passes once', async () => {
    const { lab, got, alice } = await open({ workers })
    const held = call(lab)
    const { hold, link } = await opened(got)
    expect(link?.url).toMatch(`http://127.0.0.1:${lab.proxy.consolePort}/decide/`)
    const page = await fetch(link?.url ?? '')
    expect([page.status, (await page.text()).includes('api.mixed.test')]).toEqual([200, true])
    expect(lab.http.seen).toEqual([])

    const { status, text } = await decide(link?.url ?? '', alice, 'approve')
    expect([status, text.includes('Approved by alice')]).toEqual([200, true])
    expect((await held).status).toBe(200)
    expect(lab.http.seen).toEqual(['POST /v1/a'])
    await eventually('word of it', () => got.some(({ type }) => type === 'hold.approved'))
    expect(got.find(({ type }) => type === 'hold.approved')).toMatchObject({
      by: 'alice',
      hold: { id: hold.id },
      link: null,
    })

    // Once is once: the same call is a new hold, and the link is gone.
    const again = call(lab)
    expect((await opened(got, 2)).hold.id).not.toBe(hold.id)
    expect((await decide(link?.url ?? '', alice, 'approve')).status).toBe(410)
    expect(lab.http.seen).toHaveLength(1)
    const second = (await opened(got, 2)).link?.url ?? ''
    expect((await decide(second, alice, 'deny')).status).toBe(200)
    expect((await again).status).toBe(403)
    expect(lab.http.seen).toHaveLength(1)
  })
})

test('two have to agree: each has a link of their own', async () => {
  const { lab, got, alice, bob } = await open({
    more: `rules: [{ id: two, because: both, when: { host: api.mixed.test }, then: hold, hold: { quorum: 2 } }]`,
  })
  const held = call(lab)
  const first = await opened(got)
  const { text } = await decide(first.link?.url ?? '', alice, 'approve')
  expect(text).toContain('alice has agreed; more have to')
  const second = await opened(got, 2)
  expect(second.type).toBe('hold.agreed')
  const url = second.link?.url ?? ''
  expect((await decide(url, alice, 'approve')).text).toContain('has agreed to it already')
  expect((await decide(first.link?.url ?? '', bob, 'approve')).status).toBe(410)
  expect(lab.http.seen).toEqual([])
  expect((await decide(url, bob, 'approve')).status).toBe(200)
  expect((await held).status).toBe(200)
})

test('a path that was approved lets the next call pass as well', async () => {
  const { lab, got, alice } = await open()
  const held = call(lab)
  await decide((await opened(got)).link?.url ?? '', alice, 'approve-path')
  expect([(await held).status, (await call(lab)).status]).toEqual([200, 200])
  expect(lab.http.seen).toHaveLength(2)
})

test('killed in the middle: links that were used stay used, others stay good, and nothing is released', async () => {
  const { lab, got, alice } = await open({
    more: `rules: [{ id: two, because: both, when: { host: api.mixed.test }, then: hold, hold: { quorum: 2 } }]`,
  })
  const held = call(lab)
  const first = await opened(got)
  await decide(first.link?.url ?? '', alice, 'approve')
  const second = await opened(got, 2)
  await lab.proxy.stop('SIGKILL')
  await held.catch(() => null)
  const proxy = await lab.restart()
  const there = ({ link }: Got) =>
    `http://127.0.0.1:${proxy.consolePort}${new URL(link?.url ?? '').pathname}`
  const tokens = new ReviewerTokens(join(lab.dir, 'data'), { now: () => Date.now() })
  const bob = tokens.issue('bob')
  const used = await decide(there(first), bob, 'approve')
  expect([used.status, used.text.includes('used up by alice')]).toEqual([410, true])
  expect((await decide(there(second), bob, 'approve')).text).toContain('Approved by bob')
  expect(lab.http.seen).toEqual([])
  const rows = proxy.query<{ actor: string; subject: string }>(
    `SELECT actor, subject FROM admin_actions WHERE action = 'link-used' ORDER BY id`,
  )
  expect(rows).toEqual([
    { actor: 'alice', subject: first.hold.id },
    { actor: 'bob', subject: first.hold.id },
  ])
})

describe('in a browser', () => {
  const lacking = missing(program(CHROMIUM, '--version'))
  test.skipIf(lacking)('the page is shown as it is meant, and its form decides', async () => {
    const { lab, got, alice } = await open()
    const held = call(lab)
    const { link } = await opened(got)
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'],
    })
    stack.defer(() => browser.close())
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(link?.url ?? '')
    const layout = await page.evaluate(`getComputedStyle(document.querySelector('dl')).display`)
    expect(layout).toBe('grid')
    // Nothing is chosen beforehand, and Enter chooses nothing.
    await page.getByLabel('Your reviewer token').fill(alice)
    await page.keyboard.press('Enter')
    expect(await page.getByRole('heading').textContent()).toBe('A call waits for a decision')
    await page.getByRole('radio', { name: 'Deny' }).check()
    await page.getByLabel('Reason').fill('not this one')
    await page.getByRole('button', { name: 'Decide' }).click()
    await page.getByRole('heading', { name: 'Denied by alice' }).waitFor()
    expect(JSON.parse((await held).body)).toMatchObject({ code: 'hold-denied' })
    await page.goto(link?.url ?? '')
    expect(await page.locator('main').textContent()).toContain('this link was used up by alice')
    expect(complaints.filter((text) => !text.includes('410'))).toEqual([])
  })
})

test('the log, the metrics and what is said have nothing that opens a door', async () => {
  const { lab, got, alice } = await open()
  const held = call(lab)
  const { link } = await opened(got)
  await decide(link?.url ?? '', alice, 'deny')
  await held
  const metrics = await (await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)).text()
  expect(metrics).toContain('cordon_notices_total{receiver="siem",outcome="taken"}')
  const token = new URL(link?.url ?? '').pathname.split('/').at(-1) ?? ''
  const everything = [
    metrics,
    lab.proxy.said().replace(/CORDON_TOKEN=\S+/, ''),
    JSON.stringify(lab.proxy.flows()),
    JSON.stringify(lab.proxy.query('SELECT * FROM admin_actions')),
    JSON.stringify(lab.proxy.query('SELECT * FROM holds')),
  ].join('\n')
  for (const secret of ['s3cr3t', 'k3y', token, alice]) expect(everything).not.toContain(secret)
})
