/** `cordon run --isolate`: a program for which there is nothing but the proxy, and which tries hard to find something else. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSockets } from '../../src/cli/isolate/sockets.ts'
import { runProgram } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, type Need, program } from '../support/needs.ts'
import { PROJECT } from '../support/proxy.ts'
import { cordon } from './cordon.ts'

/** Listens where only its own folder says where that is. */
const RELATIVE = `require('net').createServer((socket) => socket.end('hello')).listen('relative.sock', () => console.log('up'))`

/** A user without any rights; whether it can read this project, and so run it, is up to where that is. */
const NOBODY = 54_321
const isReadable =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY }).status === 0

const userNamespaces: Need = {
  ...program('unshare', '--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', 'true'),
  says: 'user namespaces',
}

test('sockets under a path are read from the list of the kernel, abstract ones and nameless left out', () => {
  const list = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20101 /run/dbus/system_bus_socket',
    '0000000000000000: 00000003 00000000 00000000 0001 03    88',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20102 @/tmp/.X11-unix/X0',
    '0000000000000000: 00000002 00000000 00010000 0001 01     7 /tmp/with a space/agent',
    '0000000000000000: 00000002 00000000 00000000 0002 01 20104 app.sock',
    '',
  ]
  expect(readSockets(list.join('\n'))).toEqual([
    { inode: '20101', path: '/run/dbus/system_bus_socket' },
    { inode: '7', path: '/tmp/with a space/agent' },
    { inode: '20104', path: 'app.sock' },
  ])
})

describe.skipIf(missing(userNamespaces, program('ip', '-V'), program('python3', '--version')))(
  'isolated',
  () => {
    let lab: Lab
    beforeAll(async () => {
      lab = await openLab({ config: 'agents: [{ id: crawler, zones: [US] }]' })
      const file = join(lab.dir, 'cordon.yaml')
      const text = readFileSync(file, 'utf8')
      writeFileSync(
        file,
        text.replace('proxy: "127.0.0.1:0"', `proxy: "127.0.0.1:${lab.proxy.port}"`),
      )
    })
    afterAll(() => lab[Symbol.asyncDispose]())

    const run = (args: string[], options = {}) =>
      cordon(lab.dir, ['run', '--isolate', ...args], options)

    test('its calls are decided and recorded, without a name server and with trust in the CA', async () => {
      const url = `https://api.de.test:${lab.https.port}/isolated`
      const { out, code } = await run(['--', 'curl', '-sS', url])
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('"/isolated"') })
      const us = `https://api.us.test:${lab.https.port}/`
      const agent = await run(['--agent', 'crawler', '--', 'curl', '-sS', us, '-w', '%{http_code}'])
      expect(agent.out).toMatch(/200$/)
      expect(await lab.proxy.settled(lab.proxy.flows().length)).toMatchObject({ agent: 'crawler' })
    })

    test('trust needs no variables: the files programs read are ours', async () => {
      const url = `https://api.de.test:${lab.https.port}/`
      const clean = ['env', '-u', 'CURL_CA_BUNDLE', '-u', 'SSL_CERT_FILE']
      const { out, code } = await run(['--', ...clean, 'curl', '-sS', url, '-w', '%{http_code}'])
      expect(code).toBe(0)
      expect(out).toMatch(/200$/)
      // Only inside.
      expect(readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8')).not.toContain('Cordon')
    })

    test('there is no other way', async () => {
      const path = join(lab.dir, 'host.sock')
      const abstract = `cordon-test-${process.pid}`
      const greet = (socket: net.Socket) => socket.on('error', () => {}).end('hello')
      const listen = async (where: string | number) => {
        const server = net.createServer(greet).listen(where)
        await once(server, 'listening')
        return server
      }
      const tcp = await listen(0)
      const servers = [tcp, await listen(path), await listen(`\0${abstract}`)]
      const relative = spawn(process.execPath, ['-e', RELATIVE], { cwd: lab.dir })
      await once(relative.stdout, 'data')
      const { port } = tcp.address() as net.AddressInfo
      try {
        const script = join(PROJECT, 'test/support/programs/escape.py')
        const args = [script, path, abstract, join(lab.dir, 'data'), String(port)]
        // What it tries does work where nobody is in the way.
        const works = {
          'a UNIX socket under a path': 'hello',
          'an abstract UNIX socket': 'hello',
          'a UNIX socket under a relative path': 'hello',
          "the host's loopback": 'connected',
          'what the proxy keeps': expect.arrayContaining(['audit.db']),
          // Not even outside, but for root.
          ...(process.getuid?.() === 0 && {
            'a program that the kernel runs': expect.any(Number),
            'knobs of devices': 'opened',
            'the disks': expect.any(Array),
          }),
        }
        const free = await runProgram('python3', [...args, ...Object.keys(works)])
        expect(JSON.parse(free.out)).toEqual(works)
        const { out, err } = await run(['--', 'python3', ...args])
        expect(err).toBe('')
        const got = Object.entries(JSON.parse(out)).filter(([, what]) => what !== null)
        expect(got).toEqual([])
        expect(Object.keys(JSON.parse(out)).length).toBe(26)
      } finally {
        for (const server of servers) server.close()
        const gone = once(relative, 'exit')
        relative.kill('SIGKILL')
        await gone
      }
    })

    test.skipIf(!isReadable)('nor is there for a user without any rights', async () => {
      await using folder = await temporaryFolder()
      const path = (name: string) => join(folder.path, name)
      mkdirSync(path('certs'))
      for (const name of ['ca.pem', 'bundle.pem']) {
        copyFileSync(join(dirname(lab.proxy.ca), name), path(`certs/${name}`))
      }
      const listen = `listen: { proxy: "127.0.0.1:${lab.proxy.port}", console: null }`
      writeFileSync(path('cordon.yaml'), `version: 1\n${listen}\n`)
      mkdirSync(path('data'))
      chmodSync(folder.path, 0o755)
      for (const name of ['', 'data']) chownSync(path(name), NOBODY, NOBODY)
      // One socket for everybody, and one in a folder of root's.
      mkdirSync(path('closed'), { mode: 0o700 })
      const servers = await Promise.all(
        ['host.sock', 'closed/host.sock'].map(async (name) => {
          const server = net.createServer((socket) => socket.end('hello')).listen(path(name))
          await once(server, 'listening')
          return server
        }),
      )
      chmodSync(path('host.sock'), 0o777)
      try {
        const script = join(PROJECT, 'test/support/programs/escape.py')
        const args = ['python3', script, path('host.sock'), 'none', path('data'), '1']
        const as = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--'].map(String)
        const reach = ['a UNIX socket under a path']
        // Programs of the system: those of root's own are not for everybody.
        const env = { HOME: folder.path, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
        const free = await runProgram('setpriv', [...as, ...args, ...reach], { env })
        expect(JSON.parse(free.out)).toEqual({ 'a UNIX socket under a path': 'hello' })
        const run = [process.execPath, join(PROJECT, 'src/cordon.js'), 'run', '--isolate', '--']
        const { out, err } = await runProgram('setpriv', [...as, ...run, ...args], {
          cwd: folder.path,
          env,
        })
        expect(err).toBe('')
        expect(Object.entries(JSON.parse(out)).filter(([, what]) => what !== null)).toEqual([
          // They are there, and may not be read.
          ['the disks', expect.any(Array)],
        ])
      } finally {
        for (const server of servers) server.close()
      }
    })

    test('the key of the CA is not there, and trust in it is', async () => {
      const folder = dirname(lab.proxy.ca)
      const look = `cat ${folder}/ca.key; ls -A ${folder}`
      expect((await runProgram('sh', ['-c', look])).out).toMatch(/PRIVATE KEY[\s\S]*ca\.key/)
      expect((await run(['--', 'sh', '-c', look])).out).toBe('')
      const url = `https://api.de.test:${lab.https.port}/`
      expect((await run(['--', 'curl', '-sS', '-o', '/dev/null', url])).code).toBe(0)
    })

    test('streams, arguments, folder, exit code and signals are the program’s own', async () => {
      const script =
        'import os, sys; sys.stdout.write(sys.stdin.read()); sys.stderr.write(f"{os.getcwd()} {sys.argv[1]}\\n"); sys.exit(42)'
      const ran = await run(['--', 'python3', '-c', script, '--flag=x y'], { input: 'through' })
      expect(ran).toEqual({ code: 42, out: 'through', err: `${lab.dir} --flag=x y\n` })
      expect((await run(['--', 'sh', '-c', 'kill -TERM $$'])).code).toBe(143)
      const waits =
        'import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); print("up", flush=True); time.sleep(60)'
      const cordonJs = join(PROJECT, 'src/cordon.js')
      const args = [cordonJs, 'run', '--isolate', '--', 'python3', '-c', waits]
      const child = spawn(process.execPath, args, { cwd: lab.dir })
      await once(child.stdout, 'data')
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([5, null])
    })

    test('it is who it was, and can be nobody else', async () => {
      const { out } = await run(['--', 'sh', '-c', 'id -u; grep NoNewPrivs /proc/self/status'])
      expect(out).toMatch(/^0\nNoNewPrivs:\t1\n$/)
    })

    test('a program that does not exist, and a proxy that is not there', async () => {
      const ran = await run(['--', '/no/such/program'])
      expect(ran.code).toBe(1)
      expect(ran.err).toBe(
        'cordon: error: cannot run `/no/such/program`: there is no such program\n',
      )
    })
  },
)

test.skipIf(missing(userNamespaces))(
  'where there can be no namespaces nothing is run',
  async () => {
    await using lab = await openLab()
    const file = join(lab.dir, 'cordon.yaml')
    const text = readFileSync(file, 'utf8')
    writeFileSync(
      file,
      text.replace('proxy: "127.0.0.1:0"', `proxy: "127.0.0.1:${lab.proxy.port}"`),
    )
    // A system whose `unshare` may not.
    writeFileSync(
      join(lab.dir, 'unshare'),
      '#!/bin/sh\necho "unshare: Operation not permitted" >&2\nexit 1\n',
      { mode: 0o755 },
    )
    const env = { PATH: `${lab.dir}:${process.env.PATH}` }
    const { code, out, err } = await cordon(lab.dir, ['run', '--isolate', '--', 'echo', 'ran'], {
      env,
    })
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/cordon: error: cannot isolate: .*\ncordon: hint: it needs `unshare`/)
  },
)
