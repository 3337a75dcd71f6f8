/** As a service of the system: sockets that somebody else has opened, and what a service manager is told. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { inheritedSocket } from '../../src/cli/inherited-sockets.ts'
import { converse } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import { linux, missing, program } from '../support/needs.ts'
import { NODE, PROJECT } from '../support/proxy.ts'

describe('sockets that were passed on', () => {
  const given = (env: NodeJS.ProcessEnv) => ({ env, pid: 10, ppid: 1 })
  test.each<[string, NodeJS.ProcessEnv, 'proxy' | 'transparent', number | null]>([
    ['none', {}, 'proxy', null],
    ['one without a name', { LISTEN_FDS: '1', LISTEN_PID: '10' }, 'proxy', 3],
    [
      'one with the name of its unit',
      { LISTEN_FDS: '1', LISTEN_PID: '10', LISTEN_FDNAMES: 'cordon.socket' },
      'proxy',
      3,
    ],
    [
      'one of another name',
      { LISTEN_FDS: '1', LISTEN_PID: '10', LISTEN_FDNAMES: 'transparent' },
      'proxy',
      null,
    ],
    [
      'two',
      { LISTEN_FDS: '2', LISTEN_PID: '10', LISTEN_FDNAMES: 'proxy:transparent' },
      'transparent',
      4,
    ],
    ['two without names', { LISTEN_FDS: '2', LISTEN_PID: '10' }, 'proxy', null],
    ['for the process that has started this one', { LISTEN_FDS: '1', LISTEN_PID: '1' }, 'proxy', 3],
    ['for another process', { LISTEN_FDS: '1', LISTEN_PID: '11' }, 'proxy', null],
    ['a number that is none', { LISTEN_FDS: 'x', LISTEN_PID: '10' }, 'proxy', null],
    ['too many', { LISTEN_FDS: '1000', LISTEN_PID: '10', LISTEN_FDNAMES: 'proxy' }, 'proxy', null],
  ])('%s', (_, env, name, fd) => {
    expect(inheritedSocket(name, given(env))).toBe(fd)
  })
})

describe.skipIf(missing(linux, program('python3', '--version')))(
  'started by a service manager',
  () => {
    test.each([1, 2])(
      'with %d processes: it listens there, and says when it is up, lives and stops',
      async (workers) => {
        await using folder = await temporaryFolder()
        writeFileSync(
          join(folder.path, 'cordon.yaml'),
          'version: 1\nlisten: { proxy: "127.0.0.1:1", console: "127.0.0.1:0" }\n',
        )
        const manager = join(PROJECT, 'test/support/programs/service-manager.py')
        const start = [
          join(PROJECT, 'src/main.ts'),
          'start',
          '--json',
          '--workers',
          String(workers),
        ]
        const child = spawn('python3', [manager, 'proxy', '400000', ...NODE, ...start], {
          cwd: folder.path,
          stdio: ['ignore', 'pipe', 'ignore'],
        })
        const ended = once(child, 'exit')
        try {
          const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
          const next = async () => {
            const { value, done } = await lines.next()
            if (done) throw new Error('it has ended')
            return value
          }
          const port = Number(await next())
          const until = async (what: RegExp) => {
            for (;;) {
              const line = await next()
              if (what.test(line)) return line
            }
          }
          const ready = JSON.parse(await until(/READY=1/)) as string
          expect(ready).toContain(`STATUS=listening at 127.0.0.1:${port}`)
          const socket = net.connect(port, '127.0.0.1')
          await once(socket, 'connect')
          expect(
            await converse(socket, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
          ).toContain('request-target')
          await until(/WATCHDOG=1/)
          await until(/WATCHDOG=1/)
          child.kill('SIGTERM')
          await until(/STOPPING=1/)
          expect(await ended).toEqual([0, null])
        } finally {
          child.kill('SIGTERM')
          await ended
        }
      },
    )
  },
)

test.skipIf(missing(program('systemd-analyze', '--version')))(
  'the units are ones that systemd takes, and hold it in',
  async () => {
    const unit = join(PROJECT, 'docs/systemd/cordon.service')
    const analyze = async (...args: string[]) => {
      const child = spawn('systemd-analyze', args)
      let out = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => {
          out += text
        })
      const [code] = await once(child, 'close')
      return { code: code as number, out }
    }
    const { out } = await analyze('verify', unit, join(PROJECT, 'docs/systemd/cordon.socket'))
    // The programs it names are those of another machine.
    expect(
      out
        .split('\n')
        .filter((line) => line !== '' && !/is not executable|Unit .* not found/.test(line)),
    ).toEqual([])
    expect((await analyze('security', '--offline=true', '--threshold=20', unit)).code).toBe(0)
    expect(readFileSync(unit, 'utf8')).toContain(`${NODE.slice(1).join(' ')} /opt/cordon`)
  },
)
