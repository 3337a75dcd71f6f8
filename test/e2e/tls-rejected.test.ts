/** Clients that do not accept a certificate: what the log and the operator are told, by what the client did before. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type tls from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { converse, curl, openTls, openTunnel, runProgram } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'
import { recordHello } from '../tls/support.ts'

let lab: Lab
let ca: string
beforeEach(async () => {
  lab = await openLab()
  ca = readFileSync(lab.proxy.ca, 'utf8')
})
afterEach(() => lab[Symbol.asyncDispose]())

const authority = (host: string) => `${host}:${lab.https.port}`
/** The row of whatever happened last with that host. */
const rowOf = (host: string) =>
  eventually(`a row of ${host}`, () => lab.proxy.flows().findLast((flow) => flow.host === host))

/** A call that succeeds: the client trusts the CA. */
async function callElsewhere(): Promise<void> {
  const socket = await openTls(lab.proxy, authority('api.fr.test'), { ca })
  const request = `GET / HTTP/1.1\r\nHost: ${authority('api.fr.test')}\r\nConnection: close\r\n\r\n`
  expect(await converse(socket, request)).toMatch(/^HTTP\/1\.1 200 /)
}

/** Trusts the CA, but has a certificate of its own in mind, and says nothing once it saw another. */
async function leaveAfterHandshake(host: string, version: tls.SecureVersion): Promise<void> {
  const socket = await openTls(lab.proxy, authority(host), { ca, version })
  socket.destroy()
  await once(socket, 'close')
}

/** Breaks off once it has the certificate, without an alert. */
async function leaveWithinHandshake(host: string, how: 'end' | 'reset'): Promise<void> {
  const raw = await openTunnel(lab.proxy, authority(host))
  raw.write(await recordHello({ servername: host }))
  await once(raw, 'data')
  if (how === 'end') raw.end()
  else raw.resetAndDestroy()
  await once(raw.resume(), 'close')
}

/** By a program that looks at the certificate within the handshake, as Node does not. */
const refuseByAlert = (host: string) =>
  runProgram('openssl', [
    's_client',
    ...['-proxy', `127.0.0.1:${lab.proxy.port}`, '-connect', authority(host)],
    ...['-servername', host, '-CAfile', join(lab.dir, 'root.pem'), '-verify_return_error'],
  ])

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a client that leaves right after the handshake, having accepted other hosts: %s',
  async (version) => {
    await callElsewhere()
    await leaveAfterHandshake('api.de.test', version)
    const row = await rowOf('api.de.test')
    expect(row).toMatchObject({ error: 'client-tls-rejected', outcome: 'blocked' })
    expect(row.reason).toContain('may pin this one')
    await eventually('a line for the operator', () =>
      lab.proxy.said().includes('`intercept: { never: [api.de.test] }`'),
    )
    expect(lab.https.seen).toEqual(['GET /'])
  },
)

test.each(['end', 'reset'] as const)('one that leaves within the handshake: %s', async (how) => {
  await leaveWithinHandshake('api.de.test', how)
  expect(await rowOf('api.de.test')).toMatchObject({ error: 'client-tls-failed' })
  await callElsewhere()
  await leaveWithinHandshake('both.test', how)
  const row = await rowOf('both.test')
  expect(row).toMatchObject({ error: 'client-tls-rejected' })
  expect(row.reason).toContain('left within the handshake, but accepts those for other hosts')
})

test.skipIf(missing(program('openssl', 'version')))(
  'one that does not know the CA is told of by its alert, and once',
  async () => {
    await refuseByAlert('api.de.test')
    await refuseByAlert('api.de.test')
    await refuseByAlert('api.fr.test')
    expect(await rowOf('api.fr.test')).toMatchObject({
      error: 'client-tls-failed',
      reason: 'the client does not trust the CA of this proxy',
    })
    await eventually('a line for the operator', () => lab.proxy.said().includes('api.fr.test'))
    expect(lab.proxy.said().match(/refuses the CA for api\.de\.test/g)).toHaveLength(1)
  },
)

test('nothing is tunnelled for it: the next attempt is intercepted too', async () => {
  await callElsewhere()
  for (let i = 0; i < 3; i++) await leaveAfterHandshake('api.de.test', 'TLSv1.3')
  const socket = await openTls(lab.proxy, authority('api.de.test'), { ca })
  expect(socket.getPeerX509Certificate()?.issuer).toContain('Cordon CA')
  socket.destroy()
  expect(lab.https.seen).toEqual(['GET /'])
})

test.skipIf(missing(program('curl', '--version')))('curl that pins a public key', async () => {
  await callElsewhere()
  const pin = ['--pinnedpubkey', `sha256//${Buffer.alloc(32).toString('base64')}`]
  const { code } = await curl(lab.proxy, ...pin, `https://${authority('api.de.test')}/`)
  // CURLE_SSL_PINNEDPUBKEYNOTMATCH
  expect(code).toBe(90)
  expect(await rowOf('api.de.test')).toMatchObject({ error: 'client-tls-rejected' })
})
