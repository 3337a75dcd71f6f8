/** `cordon start` where it cannot: what it says, and that nothing is there afterwards. */

import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
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
