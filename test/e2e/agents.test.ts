/** Who is calling decides what is allowed: tokens, source addresses, revocation. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, curl, openTls, runProgram } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { PROJECT } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

const AGENTS = `
agents:
  - { id: traveller, zones: [EEA, US], groups: [staff] }
  - { id: runner, match: { group: ci-runners }, zones: [US] }
rules:
  - id: staff-may-not-delete
    because: a test
    when: { group: staff, method: DELETE }
    then: block
`

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ config: `identity: { required: true }\n${AGENTS}` })
})
afterAll(() => lab[Symbol.asyncDispose]())

async function token(...args: string[]): Promise<string> {
  const main = join(PROJECT, 'src/main.ts')
  const { out, err, code } = await runProgram(
    process.execPath,
    [main, 'agents', 'token', ...args],
    { cwd: lab.dir },
  )
  if (code !== 0) throw new Error(err)
  return out.trim()
}

const us = () => `https://api.us.test:${lab.https.port}/`
const basic = (secret: string) => ['--proxy-user', `agent:${secret}`]
const bearer = (secret: string) => ['--proxy-header', `Proxy-Authorization: Bearer ${secret}`]

test('without a token: 407 on CONNECT and on plain HTTP, recorded', async () => {
  const tunnel = await curl(lab.proxy, '-i', us())
  expect(tunnel.code).not.toBe(0)
  const plain = await curl(lab.proxy, '-i', `http://api.de.test:${lab.http.port}/`)
  expect(plain.status).toBe(407)
  expect(plain.body).toMatch(/^Proxy-Authenticate: Bearer realm="cordon"/m)
  expect(plain.body).toContain('"code":"agent-unknown"')
  await lab.proxy.settled(2)
  expect(lab.proxy.flows().map(({ error, status }) => ({ error, status }))).toEqual([
    { error: 'agent-unknown', status: 407 },
    { error: 'agent-unknown', status: 407 },
  ])
})

describe('with a token', () => {
  test.each([
    ['Basic', basic],
    ['Bearer', bearer],
  ])('%s: the agent’s own zones count', async (_, credentials) => {
    const secret = await token('traveller')
    expect((await curl(lab.proxy, ...credentials(secret), us())).status).toBe(200)
    const flow = await lab.proxy.settled(lab.proxy.flows().length)
    expect(flow).toMatchObject({ agent: 'traveller', groups: '["staff"]', placement: 'inside' })
  })

  test('of an agent without an entry: home counts', async () => {
    const secret = await token('stranger')
    expect((await curl(lab.proxy, ...basic(secret), us())).status).toBe(403)
    expect(
      (await curl(lab.proxy, ...basic(secret), `https://api.de.test:${lab.https.port}/`)).status,
    ).toBe(200)
  })

  test('of a group: the group’s entry counts, and home does not', async () => {
    const secret = await token('build-42', '--group', 'ci-runners')
    expect((await curl(lab.proxy, ...basic(secret), us())).status).toBe(200)
    expect(
      (await curl(lab.proxy, ...basic(secret), `https://api.de.test:${lab.https.port}/`)).status,
    ).toBe(403)
  })

  test('rules see agent and group', async () => {
    const secret = await token('traveller')
    const { body } = await curl(lab.proxy, ...basic(secret), '-X', 'DELETE', us())
    expect(JSON.parse(body)).toMatchObject({ code: 'rule-staff-may-not-delete', because: 'a test' })
  })

  test.each([
    ['garbage', 'agent-unknown'],
    ['eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0cmF2ZWxsZXIifQ.', 'agent-unknown'],
  ])('that is none (%s): 407', async (secret, code) => {
    const { status, body } = await curl(
      lab.proxy,
      ...basic(secret),
      `http://api.de.test:${lab.http.port}/`,
    )
    expect(status).toBe(407)
    expect(JSON.parse(body).code).toBe(code)
  })

  test('that has expired: 407', async () => {
    const secret = await token('traveller', '--ttl', '1s')
    const url = `http://api.de.test:${lab.http.port}/`
    const { body } = await eventually('the token to expire', async () => {
      const answer = await curl(lab.proxy, ...basic(secret), url)
      return answer.status === 407 ? answer : null
    })
    expect(JSON.parse(body).code).toBe('token-expired')
  })

  test('credentials stay with the proxy', async () => {
    const secret = await token('traveller')
    await curl(lab.proxy, ...basic(secret), `http://api.de.test:${lab.http.port}/secret`)
    expect(JSON.stringify(lab.http.heads)).not.toContain('roxy-')
    const text =
      JSON.stringify(lab.proxy.query('SELECT * FROM contexts')) + JSON.stringify(lab.proxy.flows())
    expect(text).not.toContain(secret)
  })

  test('that is revoked: the next request on an open tunnel is refused', async () => {
    const secret = await token('leaver', '--group', 'ci-runners')
    const head = `Proxy-Authorization: Bearer ${secret}\r\n`
    const at = `api.us.test:${lab.https.port}`
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const socket = await openTls(lab.proxy, at, { ca, head })
    const ask = () => converse(socket, `GET / HTTP/1.1\r\nHost: ${at}\r\n\r\n`, { until: /\}$/ })
    expect(await ask()).toMatch(/^HTTP\/1.1 200 /)
    const main = join(PROJECT, 'src/main.ts')
    await runProgram(process.execPath, [main, 'agents', 'revoke', 'leaver'], { cwd: lab.dir })
    await eventually('the revocation to arrive', async () =>
      (await ask()).includes('"code":"token-revoked"'),
    )
    socket.destroy()
    const renewed = await token('leaver', '--group', 'ci-runners')
    expect((await curl(lab.proxy, ...basic(renewed), us())).status).toBe(200)
  })
})

test('a source address is an identity too', async () => {
  await using other = await openLab({
    config: `
identity: { required: true }
agents:
  - { id: wide, match: { source: 127.0.0.0/8 } }
  - { id: here, match: { source: 127.0.0.1 }, zones: [US] }
`,
  })
  expect((await curl(other.proxy, `https://api.us.test:${other.https.port}/`)).status).toBe(200)
  expect(await other.proxy.settled(1)).toMatchObject({ agent: 'here' })
  const wide = await curl(
    other.proxy,
    '--interface',
    '127.0.0.2',
    `https://api.us.test:${other.https.port}/`,
  )
  expect(wide.status).toBe(403)
  expect(await other.proxy.settled(2)).toMatchObject({ agent: 'wide', client_ip: '127.0.0.2' })
})
