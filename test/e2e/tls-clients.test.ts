/**
 * Leaves as real clients judge them, each with what it checks strictest: names of every kind, IP literals, TLS 1.2 and 1.3. A client
 * that cannot be asked for a name at all is asked for the others.
 */

import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTrustStore } from '../../src/tls/trust-store.ts'
import { browserNeeds, openBrowser } from '../support/browser.ts'
import { runProgram, throughProxy } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { PROJECT } from '../support/proxy.ts'

const label = (letter: string, length: number) => letter.repeat(length)
const GERMAN = { A: ['127.0.0.10'] }
/** One label of the greatest length; a name over the 64 characters of a common name; the longest there is. */
const LONG = `${label('a', 63)}.de.test`
const LONGEST = [label('a', 63), label('b', 63), label('c', 63), label('d', 56), 'test'].join('.')
const UNDERSCORES = ['with_underscore.de.test', '_service._tcp.de.test']
const NAMES = ['api.de.test', 'xn--mnchen-3ya.test', LONG, LONGEST, '127.0.0.10']
const ALL = [...NAMES, ...UNDERSCORES]
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

let lab: Lab
let proxy: string
beforeAll(async () => {
  const records = Object.fromEntries(
    ALL.filter((name) => !/^[\d.]+$/.test(name)).map((name) => [name, GERMAN]),
  )
  lab = await openLab({ records })
  proxy = `127.0.0.1:${lab.proxy.port}`
})
afterAll(() => lab[Symbol.asyncDispose]())

const url = (host: string) => `https://${host}:${lab.https.port}/x`
const script = (name: string) => join(PROJECT, 'test/support/programs', name)
/** What a program has to say of each host, by name. */
const accepted = (hosts: readonly string[], version: string) =>
  Object.fromEntries(hosts.map((host) => [host, `200 ${version}`]))
const byHost = (hosts: readonly string[], lines: string) =>
  Object.fromEntries(lines.split('\n').map((line, i) => [hosts[i] ?? 'more', line]))

async function ask(
  hosts: readonly string[],
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Record<string, string>> {
  const options = { env: { ...process.env, ...env }, timeout: 100_000 }
  const { out, err } = await runProgram(command, [...args, ...hosts.map(url)], options)
  return out === '' ? { error: err } : byHost(hosts, out.trimEnd())
}

describe.each(VERSIONS)('%s', (version) => {
  test.skipIf(missing(program('curl', '--version')))('curl', async () => {
    const only = version === 'TLSv1.2' ? ['--tlsv1.2', '--tls-max', '1.2'] : ['--tlsv1.3']
    const got: Record<string, string> = {}
    for (const host of ALL) {
      const args = ['-sS', ...only, '--cacert', lab.proxy.ca, '-o', '/dev/null', url(host)]
      const { out, err } = await runProgram('curl', ['-w', '%{http_code}', ...args], {
        env: throughProxy(lab.proxy),
      })
      got[host] = err === '' ? `${out} ${version}` : err
    }
    expect(got).toEqual(accepted(ALL, version))
  })

  test.skipIf(missing(program('openssl', 'version')))('openssl s_client, strict', async () => {
    const got: Record<string, string> = {}
    for (const host of ALL) {
      const isIp = /^[\d.]+$/.test(host)
      const { out, err } = await runProgram('openssl', [
        ...['s_client', '-proxy', proxy, '-connect', `${host}:${lab.https.port}`],
        ...['-CAfile', lab.proxy.ca, '-x509_strict', '-verify_return_error', '-brief'],
        ...(isIp ? ['-noservername', '-verify_ip', host] : ['-servername', host]),
        ...(isIp ? [] : ['-verify_hostname', host]),
        version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3',
      ])
      const said = out + err
      // It says the name it verified, but not the address.
      const isVerified =
        said.includes('Verification: OK') && (isIp || said.includes(`Verified peername: ${host}`))
      got[host] = isVerified ? `200 ${/Protocol version: (\S+)/.exec(said)?.[1]}` : said
    }
    expect(got).toEqual(accepted(ALL, version))
  })

  test.skipIf(missing(program('/usr/bin/python3', '-c', 'import ssl')))(
    'Python, strict',
    async () => {
      const args = [script('client.py'), lab.proxy.ca, proxy, version]
      expect(await ask(ALL, '/usr/bin/python3', args)).toEqual(accepted(ALL, version))
    },
  )

  // Java takes no host with an underscore.
  test.skipIf(missing(program('java', '--version')))('Java', { timeout: 120_000 }, async () => {
    const store = join(lab.dir, 'trust.p12')
    writeFileSync(
      store,
      createTrustStore(new X509Certificate(readFileSync(lab.proxy.ca)), 'changeit'),
    )
    const properties = {
      'javax.net.ssl.trustStore': store,
      'javax.net.ssl.trustStorePassword': 'changeit',
      'https.proxyHost': '127.0.0.1',
      'https.proxyPort': lab.proxy.port,
      'http.nonProxyHosts': '',
      'jdk.tls.client.protocols': version,
    }
    const args = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
    expect(await ask(NAMES, 'java', [...args, script('Client.java')])).toEqual(
      accepted(NAMES, version),
    )
  })

  test.skipIf(missing(program('go', 'version')))('Go', { timeout: 120_000 }, async () => {
    const env = { GO111MODULE: 'off', GOCACHE: join(lab.dir, 'go'), GOFLAGS: '' }
    const args = ['run', script('client.go'), lab.proxy.ca, `http://${proxy}`, version]
    expect(await ask(ALL, 'go', args, env)).toEqual(accepted(ALL, version))
  })

  test('Node fetch', async () => {
    const code = `
      for (const url of process.argv.slice(1)) {
        const said = await fetch(url).then(({ status }) => status, ({ cause }) => String(cause))
        console.log(said + ' ${version}')
      }`
    const limit = version === 'TLSv1.2' ? '--tls-max-v1.2' : '--tls-min-v1.3'
    const args = [limit, '--input-type=module', '-e', code]
    expect(await ask(ALL, process.execPath, args, throughProxy(lab.proxy))).toEqual(
      accepted(ALL, version),
    )
  })

  test.skipIf(missing(program('/usr/bin/python3', '-c', 'import ssl')))(
    'OpenSSL resumes as often as it comes back',
    async () => {
      const args = [script('resume.py'), lab.proxy.ca, proxy, version, '6', url('api.de.test')]
      const { out, err } = await runProgram('/usr/bin/python3', args)
      expect({ err, out: out.trim().split('\n') }).toEqual({
        err: '',
        out: ['False', 'True', 'True', 'True', 'True', 'True'],
      })
    },
  )
})

describe.skipIf(missing(...browserNeeds))('Chromium', () => {
  test.each([
    ['TLSv1.2', 'TLS 1.2'],
    ['TLSv1.3', 'TLS 1.3'],
  ])('%s', { timeout: 120_000 }, async (version, said) => {
    const browser = await openBrowser(lab.proxy, join(lab.dir, `home-${version}`), [
      `--ssl-version-max=${version.replace('TLSv', 'tls')}`,
    ])
    try {
      const got: Record<string, string> = {}
      for (const host of ALL) {
        const page = await browser.newPage()
        try {
          const answer = await page.goto(url(host))
          const { protocol } = (await answer?.securityDetails()) ?? {}
          got[host] = `${answer?.status()} ${protocol}`
        } catch (error) {
          got[host] = String(error)
        }
        await page.close()
      }
      expect(got).toEqual(accepted(ALL, said))
    } finally {
      await browser.close()
    }
  })
})
