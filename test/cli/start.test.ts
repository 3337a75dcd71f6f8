/** `cordon start` where it cannot: what it says, and that nothing is there afterwards. */

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { cordon } from './cordon.ts'

test.each([
  ['proxy', '1'],
  ['console', '1'],
  ['proxy', '2'],
])(
  'the port of the %s is in use, %s processes: 1, and nothing is left behind',
  async (which, workers) => {
    await using folder = await temporaryFolder()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const at = `127.0.0.1:${(taken.address() as AddressInfo).port}`
    const listen = { proxy: '127.0.0.1:0', console: '127.0.0.1:0', [which]: at }
    write(folder.path, { 'cordon.yaml': `version: 1\nlisten: ${JSON.stringify(listen)}\n` })
    try {
      const { code, out, err } = await cordon(folder.path, ['start', '--workers', workers])
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(
        /^cordon: error: cannot listen: .*EADDRINUSE.*\ncordon: hint: .*`listen: \{ proxy: .*\}`\n$/,
      )
      expect(readdirSync(folder.path)).toEqual(['cordon.yaml'])
    } finally {
      taken.close()
    }
  },
)

test('a key of links that is none: said with its path and what to do, and left as it is', async () => {
  await using folder = await temporaryFolder()
  write(folder.path, {
    'data/link.key': 'bad\n',
    'cordon.yaml': `version: 1
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0" }
home: EEA
console: { names: [cordon.example] }
notify: { link_base: "https://cordon.example", to: [{ id: a, kind: json, url: { env: U }, secret: { env: S } }] }
`,
  })
  const env = { U: 'https://a.example/x', S: 'abc' }
  const { code, out, err } = await cordon(folder.path, ['start'], { env })
  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(err).toMatch(
    /^cordon: error: `.*\/data\/link\.key`: the key of links is not 64 .*\ncordon: hint: move the file away/,
  )
  expect(readFileSync(join(folder.path, 'data/link.key'), 'utf8')).toBe('bad\n')
})
