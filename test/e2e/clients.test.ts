/**
 * Programs as people use them, through the proxy to real TLS origins: allowed and refused. More of them:
 * `clients-http2.test.ts`, `clients-packages.test.ts`, `clients-browser.test.ts`, `tls-clients.test.ts`; `ws` in `websocket.test.ts`.
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type http from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl, runProgram, throughProxy } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { echo } from '../support/origins.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ https: { handler: serve } })
})
afterAll(() => lab[Symbol.asyncDispose]())

/** A git repository under /repo.git, by git's own "dumb" HTTP protocol; an echo elsewhere. */
function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
  const path = /^\/repo\.git\/([\w/.-]+)/.exec(request.url ?? '')?.[1]
  if (path === undefined) return echo(request, response)
  try {
    response.end(readFileSync(join(lab.dir, 'repo.git', path)))
  } catch {
    response.writeHead(404).end()
  }
}

const url = (host: string, path = '/x') => `https://${host}:${lab.https.port}${path}`

describe.skipIf(missing(program('curl', '--version')))('curl', () => {
  test('a call to Germany passes', async () => {
    const { status, body } = await curl(lab.proxy, url('api.de.test'))
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ method: 'GET', url: '/x' })
    expect(await lab.proxy.settled(1)).toMatchObject({
      mode: 'connect',
      scheme: 'https',
      host: 'api.de.test',
      regions: '["DE"]',
      placement: 'inside',
      action: 'allow',
      outcome: 'forwarded',
      status: 200,
      dialed_ip: '127.0.0.10',
      inspection: 'headers',
    })
  })

  test('a call to the United States is refused in words, inside TLS', async () => {
    const before = lab.https.seen.length
    const { status, body } = await curl(lab.proxy, url('api.us.test'), '-d', 'name=secret')
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({
      code: 'placement-outside',
      status: 403,
      host: 'api.us.test',
      regions: ['US'],
    })
    expect(lab.https.seen).toHaveLength(before)
  })

  test.each([
    ['api.mixed.test', 503, 'hold-pending', 'straddling'],
    ['api.unknown.test', 503, 'hold-pending', 'unknown'],
    ['metadata.test', 403, 'address-prohibited', 'unknown'],
    ['private.test', 403, 'address-prohibited', 'unknown'],
  ])('%s is refused with %i %s', async (host, answered, code, placement) => {
    const { status, body } = await curl(lab.proxy, url(host))
    expect(status).toBe(answered)
    expect(JSON.parse(body).code).toBe(code)
    const [flow] = lab.proxy.query(`SELECT placement, outcome FROM flows WHERE host = '${host}'`)
    expect(flow).toEqual({ placement, outcome: 'blocked' })
  })

  test('plain HTTP, upload, HEAD and keep-alive over one connection', async () => {
    const base = `http://api.de.test:${lab.http.port}`
    writeFileSync(join(lab.dir, 'upload'), 'x'.repeat(200_000))
    const upload = ['--data-binary', `@${join(lab.dir, 'upload')}`]
    const { body } = await curl(lab.proxy, `${base}/a`, `${base}/b`, ...upload)
    expect(body.match(/"length":200000/g)).toHaveLength(2)
    const head = await curl(lab.proxy, '-I', `${base}/head`)
    expect(head.status).toBe(200)
    expect(lab.http.seen).toEqual(expect.arrayContaining(['POST /a', 'POST /b', 'HEAD /head']))
  })

  test('an IPv6 literal and an IPv4 literal are judged by address', async () => {
    const four = await curl(lab.proxy, `https://127.0.0.10:${lab.https.port}/literal`)
    expect(four.status).toBe(200)
    const six = await curl(lab.proxy, `http://[::1]:${lab.http.port}/`)
    expect(JSON.parse(six.body)).toMatchObject({ code: 'address-prohibited', host: '::1' })
  })

  test('without trust in the CA the call fails, and the log says why', async () => {
    const before = lab.proxy.flows().length
    const { code } = await curl(
      lab.proxy,
      '--cacert',
      join(lab.dir, 'root.pem'),
      url('api.de.test'),
    )
    expect(code).toBe(60)
    const flow = await lab.proxy.settled(before + 1)
    expect(flow).toMatchObject({ error: 'client-tls-failed', host: 'api.de.test' })
    expect(flow.reason).toBe('the client does not trust the CA of this proxy')
  })

  test('a host in another spelling is the same host', async () => {
    const { status } = await curl(lab.proxy, url('API.DE.test.'))
    expect(status).toBe(200)
  })
})

describe('Node fetch', () => {
  const script = `
    const response = await fetch(process.argv[1], { method: 'POST', body: 'hello' })
    console.log(response.status, await response.text())`

  test.each([
    ['api.de.test', 200, '"length":5'],
    ['api.us.test', 403, 'placement-outside'],
  ])('%s: %i', async (host, status, text) => {
    const args = ['--input-type=module', '-e', script, url(host)]
    const { out, err } = await runProgram(process.execPath, args, { env: throughProxy(lab.proxy) })
    expect(err).not.toContain('Error')
    expect(out).toContain(`${status} `)
    expect(out).toContain(text)
  })
})

describe.skipIf(missing(program('/usr/bin/python3', '-c', 'import requests')))('Python', () => {
  const urllib = `
import sys, urllib.request, urllib.error
try:
    r = urllib.request.urlopen(sys.argv[1], data=b'hello')
    print(r.status, r.read().decode())
except urllib.error.HTTPError as e:
    print(e.code, e.read().decode())`
  const requests = `
import sys, requests
with requests.Session() as s:
    for _ in range(2):
        r = s.post(sys.argv[1], json={'a': 'b'})
    print(r.status_code, r.text)`

  test.each([
    ['urllib', urllib, 'api.de.test', 200, '"length":5'],
    ['urllib', urllib, 'api.us.test', 403, 'placement-outside'],
    ['requests', requests, 'api.de.test', 200, '"length":10'],
    ['requests', requests, 'api.us.test', 403, 'placement-outside'],
  ])('%s %#', async (_, script, host, status, text) => {
    const { out, err } = await runProgram('/usr/bin/python3', ['-c', script, url(host)], {
      env: throughProxy(lab.proxy),
    })
    expect(err).toBe('')
    expect(out).toContain(`${status} `)
    expect(out).toContain(text)
  })
})

describe.skipIf(missing(program('git', '--version')))('git over HTTPS', () => {
  beforeAll(() => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@test', ...args], {
        cwd: lab.dir,
      })
    mkdirSync(join(lab.dir, 'work'))
    git('init', '-q', '-b', 'main', 'work')
    git('-C', 'work', 'commit', '-q', '--allow-empty', '-m', 'first')
    git('clone', '-q', '--bare', 'work', 'repo.git')
    git('-C', 'repo.git', 'update-server-info')
  })

  test('a clone from Germany works', async () => {
    const args = ['clone', '-q', url('api.de.test', '/repo.git'), 'clone']
    const { code, err } = await runProgram('git', args, {
      env: throughProxy(lab.proxy),
      cwd: lab.dir,
    })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(
      execFileSync('git', ['-C', 'clone', 'log', '--format=%s'], { cwd: lab.dir }).toString(),
    ).toBe('first\n')
  })

  test('a clone from the United States fails with 403', async () => {
    const args = ['clone', '-q', url('api.us.test', '/repo.git'), 'clone2']
    const { code, err } = await runProgram('git', args, {
      env: throughProxy(lab.proxy),
      cwd: lab.dir,
    })
    expect(code).not.toBe(0)
    expect(err).toContain('403')
  })
})

describe.skipIf(missing(program('openssl', 'version')))('openssl s_client -proxy', () => {
  test.each([
    ['api.de.test', '200 OK'],
    ['api.us.test', '403 Forbidden'],
  ])('%s: %s', async (host, status) => {
    const at = `${host}:${lab.https.port}`
    const args = [
      's_client',
      '-proxy',
      `127.0.0.1:${lab.proxy.port}`,
      '-connect',
      at,
      '-servername',
      host,
    ]
    const { out } = await runProgram(
      'openssl',
      [...args, '-CAfile', lab.proxy.ca, '-verify_return_error', '-quiet', '-ign_eof'],
      { input: `GET / HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n` },
    )
    expect(out).toContain(`HTTP/1.1 ${status}`)
  })
})
