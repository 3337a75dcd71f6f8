/** TLS sessions with origins: resumed wherever that saves a handshake, by whom they were made for, and never past what was verified. */

import { readFileSync, writeFileSync } from 'node:fs'
import type http from 'node:http'
import { join } from 'node:path'
import type tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, curl, openTls } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { opensslServer } from '../support/openssl-server.ts'
import { httpsOrigin, type Origin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'
import { DAY, issue } from '../tls/support.ts'

/** Every request comes on a connection of its own. */
function answerByHandshake(request: http.IncomingMessage, response: http.ServerResponse): void {
  const socket = request.socket as tls.TLSSocket
  const text = JSON.stringify({ resumed: socket.isSessionReused(), version: socket.getProtocol() })
  response.setHeader('Connection', 'close')
  response.setHeader('Content-Length', text.length).end(text)
}

let lab: Lab
beforeAll(async () => {
  lab = await openLab({
    config: 'rules: [rules.yaml]',
    files: { 'rules.yaml': 'version: 1\n' },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

async function origin(version: tls.SecureVersion, tlsOptions: tls.TlsOptions = {}) {
  return lab.keep(
    await httpsOrigin(lab.certificate('api.de.test'), {
      address: '127.0.0.10',
      handler: answerByHandshake,
      tls: { minVersion: version, maxVersion: version, ...tlsOptions },
    }),
  )
}

/** A client that keeps its own connection, and asks one thing after another. */
async function client({ port }: Pick<Origin, 'port'>) {
  const authority = `api.de.test:${port}`
  const socket = await openTls(lab.proxy, authority, { ca: readFileSync(lab.proxy.ca, 'utf8') })
  socket.setMaxListeners(0)
  return {
    async resumed(): Promise<boolean> {
      const request = `GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`
      const answer = await converse(socket, request, { until: /\}$/ })
      return (JSON.parse(answer.slice(answer.indexOf('{'))) as { resumed: boolean }).resumed
    },
    [Symbol.dispose]: () => socket.destroy(),
  }
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  test('and so they are side by side, once there are enough tickets', async () => {
    const at = await origin(version)
    const clients = await Promise.all(Array.from({ length: 4 }, () => client(at)))
    let resumed = 0
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(clients.map((one) => one.resumed()))
      resumed += answers.filter(Boolean).length
    }
    for (const one of clients) one[Symbol.dispose]()
    // At worst all of the first round are whole; of TLS 1.3 this origin gives two tickets for a whole handshake, and none for others.
    expect(resumed).toBeGreaterThanOrEqual(version === 'TLSv1.2' ? 36 : 24)
  })

  test('another caller begins anew', async () => {
    const { port } = await origin(version)
    const url = `https://api.de.test:${port}/`
    const resumed = async (...args: string[]) =>
      (JSON.parse((await curl(lab.proxy, url, ...args)).body) as { resumed: boolean }).resumed
    expect(await resumed()).toBe(false)
    expect(await resumed()).toBe(true)
    expect(await resumed('--interface', '127.0.0.2')).toBe(false)
    expect(await resumed('--interface', '127.0.0.2')).toBe(true)
  })

  test('a session that was made before the policy changed is not used', async () => {
    using one = await client(await origin(version))
    expect([await one.resumed(), await one.resumed()]).toEqual([false, true])
    const rule = `{ id: r${version.at(-1)}, because: a test, when: { method: DELETE }, then: block }`
    const told = lab.proxy.said().split('policy reloaded').length
    writeFileSync(join(lab.dir, 'rules.yaml'), `version: 1\nrules: [${rule}]\n`)
    lab.proxy.process.kill('SIGHUP')
    await eventually('the policy', () => lab.proxy.said().split('policy reloaded').length > told)
    expect([await one.resumed(), await one.resumed()]).toEqual([false, true])
  })

  test('an origin that has thrown its keys away is spoken to all the same', async () => {
    const at = await origin(version)
    using one = await client(at)
    expect([await one.resumed(), await one.resumed()]).toEqual([false, true])
    at.rekey()
    expect([await one.resumed(), await one.resumed()]).toEqual([false, true])
  })

  test('no session outlives the certificate it was verified with', async () => {
    const certificate = issue({
      name: 'x',
      issuer: lab.root,
      hosts: ['api.de.test'],
      notBefore: Date.now() - DAY,
      notAfter: Date.now() + 4_000,
    })
    const at = lab.keep(
      await httpsOrigin(certificate, {
        address: '127.0.0.10',
        handler: answerByHandshake,
        tls: { minVersion: version, maxVersion: version },
      }),
    )
    const url = `https://api.de.test:${at.port}/`
    const first = await curl(lab.proxy, url)
    expect(first.status).toBe(200)
    const refused = await eventually('the certificate to end', async () => {
      const { status, body } = await curl(lab.proxy, url)
      return status === 502 ? body : null
    })
    expect(JSON.parse(refused).code).toBe('tls-expired')
  })
})

test.each([
  ['TLSv1.2', [false, true, true, true, true, true, true]],
  // Node's servers give two tickets for a whole handshake and none for a resumed one. Tickets are used once, so every third is whole.
  ['TLSv1.3', [false, true, true, false, true, true, false]],
] as const)('a server of Node, %s', async (version, want) => {
  using one = await client(await origin(version))
  const resumed: boolean[] = []
  for (let i = 0; i < want.length; i++) resumed.push(await one.resumed())
  expect(resumed).toEqual(want)
})

describe.skipIf(missing(program('openssl', 'version')))('a server of OpenSSL', () => {
  test.each(['-tls1_2', '-tls1_3'])('%s: all after the first are resumed', async (version) => {
    const { pem, keyPem } = lab.certificate('api.de.test')
    writeFileSync(join(lab.dir, 'openssl.pem'), `${pem}${keyPem}`)
    const args = ['-cert', 'openssl.pem', version]
    await using server = await opensslServer({ cwd: lab.dir, args })
    const how: (string | undefined)[] = []
    for (let i = 0; i < 10; i++) {
      const { body } = await curl(lab.proxy, `https://api.de.test:${server.port}/`)
      how.push(/^(New|Reused), TLS/m.exec(body)?.[1])
    }
    expect(how).toEqual(['New', ...Array.from({ length: 9 }, () => 'Reused')])
  })
})

test('the rate is there to be watched', async () => {
  const { body } = await curl(
    lab.proxy,
    '--noproxy',
    '*',
    `http://127.0.0.1:${lab.proxy.consolePort}/metrics`,
  )
  const count = (kind: string) =>
    Number(new RegExp(`cordon_origin_handshakes_total\\{kind="${kind}"\\} (\\d+)`).exec(body)?.[1])
  expect(count('resumed')).toBeGreaterThan(count('whole'))
})
