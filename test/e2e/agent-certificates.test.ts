/** Agents known by a certificate that they show over TLS to the proxy: those that hold count, and others are worse than none. */

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { DAY, type Issued, issue } from '../tls/support.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const authority = issue({ name: 'agents', ca: true })
const stranger = issue({ name: 'agents', ca: true })
const agent = (hosts: string[], more = {}) =>
  issue({ name: 'common-name', hosts, issuer: authority, usage: CLIENT_AUTH, ...more })

const SHOWN = {
  builder: agent(['builder.agents.test']),
  both: agent(['else.agents.test', 'builder.agents.test']),
  printed: agent(['builder.agents.test']),
  common: agent([]),
  nobody: agent(['nobody.agents.test']),
  expired: agent(['builder.agents.test'], {
    notBefore: Date.now() - 2 * DAY,
    notAfter: Date.now() - DAY,
  }),
  early: agent(['builder.agents.test'], {
    notBefore: Date.now() + DAY,
    notAfter: Date.now() + 2 * DAY,
  }),
  server: agent(['builder.agents.test'], { usage: undefined }),
  forged: agent(['builder.agents.test'], { issuer: stranger }),
}

let lab: Lab
beforeAll(async () => {
  const print = new X509Certificate(SHOWN.printed.pem).fingerprint256
  lab = await openLab({
    files: { 'agents.pem': authority.pem },
    config: `
identity: { required: true, client_ca: [agents.pem] }
agents:
  - { id: builder, match: { certificate: builder.agents.test }, zones: [EEA, US] }
  - { id: printed, match: { certificate: "sha256:${print}" } }
  - { id: common, match: { certificate: common-name } }
  - { id: elsewhere, match: { certificate: nobody.agents.test, source: 192.0.2.1 } }`,
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

async function connect(shown: Issued | null, more: tls.ConnectionOptions = {}) {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: lab.proxy.port,
    ca: readFileSync(lab.proxy.ca),
    checkServerIdentity: () => undefined,
    ...(shown ? { cert: shown.pem, key: shown.keyPem } : {}),
    ...more,
  })
  await once(socket, 'secureConnect')
  return socket
}

const get = (host = 'api.us.test', head = '') => {
  const at = `${host}:${lab.http.port}`
  return `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n${head}\r\n`
}
const last = () => lab.proxy.settled(lab.proxy.flows().length)

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  const ask = async (shown: Issued | null, request = get()) =>
    await converse(await connect(shown, { minVersion: version, maxVersion: version }), request, {
      until: /"type":"cordon".*\}\}$/s,
    })

  test.each([
    ['by a name that it is for', SHOWN.builder, 200, 'builder'],
    ['by one of several', SHOWN.both, 200, 'builder'],
    ['by its fingerprint, whatever names it has', SHOWN.printed, 403, 'printed'],
    ['by the name it is about, where it is for none', SHOWN.common, 403, 'common'],
    ['all conditions have to hold', SHOWN.nobody, 407, 'anonymous'],
    ['without one', null, 407, 'anonymous'],
  ])('%s', async (_, shown, status, id) => {
    expect(await ask(shown)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(await last()).toMatchObject({ agent: id })
  })

  test.each([
    ['that has expired', SHOWN.expired, 'CERT_HAS_EXPIRED'],
    ['that is not valid yet', SHOWN.early, 'CERT_NOT_YET_VALID'],
    ['that is not for clients', SHOWN.server, 'INVALID_PURPOSE'],
    ['of another authority of the same name', SHOWN.forged, '[A-Z_]+'],
  ])('one %s is refused, and nothing else counts then', async (_, shown, fault) => {
    const refused = new RegExp(
      `^HTTP/1\\.1 407 [\\s\\S]*"code":"agent-unknown"[\\s\\S]*\\(${fault}\\)`,
    )
    expect(await ask(shown)).toMatch(refused)
    const at = `api.de.test:${lab.https.port}`
    expect(await ask(shown, `CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n\r\n`)).toMatch(refused)
    expect(await last()).toMatchObject({
      mode: 'connect',
      outcome: 'blocked',
      error: 'agent-unknown',
    })
  })

  test('a session is not taken up again: each connection shows its own', async () => {
    const sessions: Buffer[] = []
    const first = await connect(SHOWN.builder, { minVersion: version, maxVersion: version })
    first.on('session', (session) => sessions.push(session))
    await converse(first, get())
    const [session] = sessions
    const again = await connect(null, {
      minVersion: version,
      maxVersion: version,
      ...(session ? { session } : {}),
    })
    expect(again.isSessionReused()).toBe(false)
    expect(await converse(again, get())).toMatch(/^HTTP\/1\.1 407 /)
  })
})

test('in a tunnel whoever opened it is meant, and a certificate within says nothing', async () => {
  const outer = await connect(SHOWN.builder)
  const at = `api.us.test:${lab.https.port}`
  expect(
    await converse(outer, `CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n\r\n`, { until: /\r\n\r\n/ }),
  ).toMatch(/^HTTP\/1\.1 200 /)
  const ca = readFileSync(lab.proxy.ca)
  const inner = tls.connect({ socket: outer, servername: 'api.us.test', ca })
  await once(inner, 'secureConnect')
  const answer = await converse(inner, `GET / HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(await last()).toMatchObject({ agent: 'builder', mode: 'connect' })
})

test('in the clear there is none', async () => {
  expect(await rawExchange(lab.proxy, get())).toMatch(/^HTTP\/1\.1 407 /)
})
