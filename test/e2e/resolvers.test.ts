/** Name servers as the proxy uses them: encrypted ones, and their own place. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cordon } from '../cli/cordon.ts'
import { curl } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import { openLab } from '../support/lab.ts'
import { openSecureDnsServer } from '../support/secure-dns-server.ts'
import { issue } from '../tls/support.ts'

describe('encrypted name servers', () => {
  const root = issue({ name: 'dns root', ca: true })
  const { keyPem: key, pem: cert } = issue({ name: 'dns', issuer: root, hosts: ['dns.test'] })

  test.each(['tls', 'https'] as const)('%s: calls are placed and pass', async (over) => {
    await using server = await openSecureDnsServer({
      key,
      cert,
      records: { 'api.de.test': { A: ['127.0.0.10'] } },
    })
    await using lab = await openLab({
      dns: { servers: [`${server[over]}#dns.test`] },
      config: 'tls: { extra_roots: [root.pem, dns.pem] }',
      files: { 'dns.pem': root.pem },
    })
    expect((await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)).status).toBe(200)
    const { evidence } = await lab.proxy.settled(1)
    expect(evidence).toContain(`${over}://127.0.0.1`)
    expect(server.connections[over]).toBeGreaterThan(0)
  })

  test('one that shows another name is not asked', async () => {
    await using server = await openSecureDnsServer({ key, cert })
    await using lab = await openLab({
      dns: { servers: [`${server.tls}#other.test`] },
      config: 'tls: { extra_roots: [root.pem, dns.pem] }',
      files: { 'dns.pem': root.pem },
    })
    expect((await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)).status).toBe(502)
    expect(server.dns.questions).toEqual([])
  })
})

describe('a name server is a destination', () => {
  /** Held by an American registry, and nothing in these tests asks it. */
  const ABROAD = '12.0.0.1'
  const start = async (config: string) => {
    await using folder = await temporaryFolder()
    const listen = 'listen: { proxy: "127.0.0.1:0", console: null }'
    await writeFile(join(folder.path, 'cordon.yaml'), `version: 1\n${listen}\n${config}\n`)
    return await cordon(folder.path, ['start', '--json'], { timeout: 3_000 })
  }

  test('one abroad that the configuration names: the proxy does not start', async () => {
    const { code, err } = await start(`dns: { servers: [${ABROAD}] }`)
    expect(code).toBe(3)
    expect(err).toContain(`the name server ${ABROAD}:53 is outside (US)`)
    expect(err).toContain('cordon: hint: choose one inside, or declare')
  })

  test.each([
    ['declared to be inside', `destinations: [{ cidr: ${ABROAD}, region: [DE] }]`],
    ['the policy is only observed', 'mode: observe'],
  ])('%s: it starts', async (_, more) => {
    const { code } = await start(`dns: { servers: [${ABROAD}] }\n${more}`)
    expect(code).not.toBe(3)
  })
})
