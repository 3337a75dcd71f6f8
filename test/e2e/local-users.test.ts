/** Agents known by the user whose process has made the connection: on this host, and nowhere else. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawExchange } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { installed, linux, missing, program, root } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'

const AGENTS = `
identity: { required: true }
agents:
  - { id: builder, match: { uid: 54321 }, zones: [EEA, US] }
  - { id: crew, match: { uid: [54320-54330, 60000] } }
  - { id: elsewhere, match: { uid: 54322, source: 192.0.2.0/24 } }
`

describe.skipIf(missing(linux, root, installed('curl'), program('python3', '--version')))(
  'a user of this host',
  () => {
    let lab: Lab
    beforeAll(async () => {
      lab = await openLab({
        config: `${AGENTS}
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0", dns: "127.0.0.1:0", proxy_protocol: { from: [127.0.0.77] } }`,
      })
    })
    afterAll(() => lab[Symbol.asyncDispose]())

    /** What a program of that user gets. */
    async function as(uid: number, ...args: string[]): Promise<string> {
      const common = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '20']
      const child = spawn('curl', [...common, ...args], {
        uid,
        gid: uid,
        cwd: '/',
        env: {},
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let out = ''
      child.stdout.on('data', (text) => {
        out += text
      })
      await once(child, 'close')
      return out
    }
    const url = (host = 'api.us.test') => `http://${host}:${lab.http.port}/`
    const through = (scheme = 'http') => ['-x', `${scheme}://127.0.0.1:${lab.proxy.port}`]
    const last = () => lab.proxy.settled(lab.proxy.flows().length)

    test.each([
      ['the agent that is named for it, whatever ranges say', 54_321, '200', 'builder'],
      ['one of a range', 54_330, '403', 'crew'],
      ['one of a list', 60_000, '403', 'crew'],
      ['all conditions have to hold', 54_322, '403', 'crew'],
      ['one that nobody names', 54_331, '407', 'anonymous'],
      ['root is no exception', 0, '407', 'anonymous'],
    ])('%s', async (_, uid, status, agent) => {
      expect(await as(uid, ...through(), url())).toBe(status)
      expect(await last()).toMatchObject({ agent })
    })

    test.each([
      ['in a tunnel', 'http', ['-p'], 'http'],
      ['in TLS in a tunnel', 'http', ['-k'], 'https'],
      ['by SOCKS', 'socks5h', [], 'http'],
      ['over TLS to the proxy', 'https', ['--proxy-insecure'], 'http'],
    ] as const)('%s', async (_, scheme, args, inner) => {
      const port = inner === 'https' ? lab.https.port : lab.http.port
      const to = `${inner}://api.us.test:${port}/`
      expect(await as(54_321, ...through(scheme), ...args, to)).toBe('200')
      expect(await last()).toMatchObject({ agent: 'builder', outcome: 'forwarded' })
    })

    test.each([
      ['over UDP', 'SOCK_DGRAM'],
      ['over TCP', 'SOCK_STREAM'],
    ])('questions for names, %s: of whom the policy knows', async (_, type) => {
      const port = Number(/names +answered at 127\.0\.0\.1:(\d+)/.exec(lab.proxy.said())?.[1])
      const script = `import socket
s = socket.socket(socket.AF_INET, socket.${type})
s.settimeout(20)
s.connect(("127.0.0.1", ${port}))
question = bytes.fromhex("000701000001000000000000" + "036170690264650474657374000001" + "0001")
length = len(question).to_bytes(2, "big") if s.type == socket.SOCK_STREAM else b""
s.sendall(length + question)
answer = s.recv(512)
print(answer[len(length) + 3] & 15)`
      const ask = async (uid: number) => {
        const child = spawn('python3', ['-c', script], { uid, gid: uid, cwd: '/' })
        let out = ''
        child.stdout.on('data', (text) => {
          out += text
        })
        await once(child, 'close')
        return out.trim()
      }
      expect(await ask(54_321)).toBe('0')
      expect(await last()).toMatchObject({ mode: 'dns', agent: 'builder', outcome: 'forwarded' })
      expect(await ask(54_331)).toBe('5')
      expect(await last()).toMatchObject({
        mode: 'dns',
        agent: 'anonymous',
        error: 'agent-unknown',
      })
    })

    test('who speaks for another in a PROXY header is not the client', async () => {
      const head = `PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\nGET ${url()} HTTP/1.1\r\nHost: api.us.test:${lab.http.port}\r\nConnection: close\r\n\r\n`
      const script = `import socket, sys
s = socket.create_connection(("127.0.0.1", ${lab.proxy.port}), source_address=("127.0.0.77", 0))
s.sendall(${JSON.stringify(head)}.encode())
while piece := s.recv(4096): sys.stdout.buffer.write(piece)`
      const child = spawn('python3', ['-c', script], { uid: 54_321, gid: 54_321, cwd: '/' })
      let out = ''
      child.stdout.on('data', (text) => {
        out += text
      })
      await once(child, 'close')
      expect(out).toMatch(/^HTTP\/1\.1 407 /)
    })
  },
)

describe.skipIf(missing(linux))('a policy that is taken up later', () => {
  test('users count from then on', async () => {
    await using lab = await openLab({ config: 'agents: []' })
    const call = () =>
      rawExchange(
        lab.proxy,
        `GET http://api.de.test:${lab.http.port}/ HTTP/1.1\r\nHost: api.de.test:${lab.http.port}\r\nConnection: close\r\n\r\n`,
      )
    expect(await call()).toMatch(/^HTTP\/1\.1 200 /)
    expect(await lab.proxy.settled(1)).toMatchObject({ agent: 'anonymous' })
    const file = join(lab.dir, 'cordon.yaml')
    const agents = `agents: [{ id: me, match: { uid: ${process.getuid?.()} } }]`
    writeFileSync(file, readFileSync(file, 'utf8').replace('agents: []', agents))
    await eventually('the user to be known', async () => {
      await call()
      return (await lab.proxy.settled(lab.proxy.flows().length)).agent === 'me'
    })
  })
})
