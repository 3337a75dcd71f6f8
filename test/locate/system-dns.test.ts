/** The machine's own files: what is read from them, what is skipped, and when a change is seen. */

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseHosts, parseResolvConf, watchFile } from '../../src/locate/system-dns.ts'

describe('resolv.conf', () => {
  const rows: { name: string; text: string; want: string[] }[] = [
    { name: 'is empty', text: '', want: [] },
    {
      name: 'lists servers between other things',
      text: '# made by hand\nsearch corp.example\nnameserver 192.0.2.53\nnameserver\t2001:db8::53\noptions ndots:5\n',
      want: ['192.0.2.53', '[2001:db8::53]'],
    },
    {
      name: 'lists more than three',
      text: [1, 2, 3, 4].map((n) => `nameserver 192.0.2.${n}`).join('\r\n'),
      want: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
    },
    {
      name: 'has lines that name no address',
      text: 'nameserver\nnameserver dns.example\nnameserver fe80::1%eth0\nnameserver 010.0.0.1\n;nameserver 192.0.2.1\nnameserver 192.0.2.2 # main',
      want: ['192.0.2.2'],
    },
  ]
  test.each(rows)('$name', ({ text, want }) => {
    expect(parseResolvConf(text).map((server) => server.text)).toEqual(want)
  })
})

describe('the hosts file', () => {
  const rows: { name: string; text: string; want: Record<string, string[]> }[] = [
    { name: 'is empty', text: '', want: {} },
    {
      name: 'has names, aliases, comments and blank lines',
      text: '# local\n\n127.0.0.1 localhost\n  10.1.2.3\tdb.corp.example  DB # main\r\n',
      want: { localhost: ['127.0.0.1'], 'db.corp.example': ['10.1.2.3'], db: ['10.1.2.3'] },
    },
    {
      name: 'has a name on several lines: IPv4 first, each once',
      text: '::1 a.example\n127.0.0.2 a.example\n127.0.0.3 a.example.\n127.0.0.2 A.EXAMPLE\n',
      want: { 'a.example': ['127.0.0.2', '127.0.0.3', '::1'] },
    },
    {
      name: 'has lines that are not understood',
      text: 'a.example 127.0.0.1\n0x7f.1 b.example\nfe80::1%lo0 c.example\n127.0.0.1\n127.0.0.1 d_e.example f/g\n127.0.0.1#h',
      want: { 'd_e.example': ['127.0.0.1'] },
    },
    {
      name: 'has a name that would be a property of any object',
      text: '127.0.0.2 __proto__ constructor',
      want: { ['__proto__']: ['127.0.0.2'], constructor: ['127.0.0.2'] },
    },
  ]
  test.each(rows)('$name', ({ text, want }) => {
    const table = [...parseHosts(text)].map(([name, all]) => [name, all.map((ip) => ip.text)])
    expect(new Map(table as [string, string[]][])).toEqual(new Map(Object.entries(want)))
  })

  test('keeps 64 addresses of one name', () => {
    const lines = Array.from({ length: 200 }, (_, i) => `10.0.0.${i} a.example`)
    expect(parseHosts(lines.join('\n')).get('a.example')).toHaveLength(64)
  })
})

describe('a watched file', () => {
  let folder = ''
  let file = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-dns-'))
    file = join(folder, 'hosts')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('is read again when it changes, and only then', () => {
    let reads = 0
    writeFileSync(file, 'one')
    const watched = watchFile(file, (text) => {
      reads++
      return text
    })
    expect([watched.value, watched.refresh(), reads]).toEqual(['one', false, 1])
    writeFileSync(file, 'three')
    expect([watched.refresh(), watched.value, reads]).toEqual([true, 'three', 2])
    expect([watched.refresh(), reads]).toEqual([false, 2])
  })

  test('may be missing, come and go', () => {
    const watched = watchFile(file, (text) => text)
    expect([watched.value, watched.refresh()]).toEqual(['', false])
    writeFileSync(file, 'here')
    expect([watched.refresh(), watched.value]).toEqual([true, 'here'])
    rmSync(file)
    expect([watched.refresh(), watched.value]).toEqual([true, ''])
  })

  test('that cannot be read stops the start, and later changes nothing', () => {
    expect(() => watchFile(folder, (text) => text)).toThrow('is not a file')
    writeFileSync(file, 'good')
    const watched = watchFile(file, (text) => text)
    truncateSync(file, 32 * 1024 * 1024)
    expect([watched.refresh(), watched.value]).toEqual([false, 'good'])
    writeFileSync(file, 'better')
    expect([watched.refresh(), watched.value]).toEqual([true, 'better'])
  })
})
