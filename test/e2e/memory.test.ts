/** Memory does not grow with what passes: bodies are moved on, not collected. */

import { readFileSync, statSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { openLab } from '../support/lab.ts'
import { linux, missing } from '../support/needs.ts'

const SIZE = 100 * 1024 * 1024
const PIECE = Buffer.alloc(64 * 1024)

test.skipIf(missing(linux))(
  '100 MiB down and up through TLS: resident memory grows by less than 50 MB',
  async () => {
    let received = 0
    await using lab = await openLab({
      https: {
        handler: async (request, response) => {
          for await (const chunk of request) received += (chunk as Buffer).length
          const pieces =
            request.url === '/large' && request.method === 'GET' ? SIZE / PIECE.length : 0
          await pipeline(Readable.from(Array(pieces).fill(PIECE)), response)
        },
      },
    })
    const large = join(lab.dir, 'large')
    await writeFile(large, '')
    await truncate(large, SIZE)
    const url = `https://api.de.test:${lab.https.port}`
    expect((await curl(lab.proxy, `${url}/small`)).status).toBe(200)
    const before = readKilobytes(lab.proxy.process.pid, 'VmRSS')

    const answer = join(lab.dir, 'answer')
    expect((await curl(lab.proxy, '-o', answer, `${url}/large`)).status).toBe(200)
    expect(statSync(answer).size).toBe(SIZE)
    expect((await curl(lab.proxy, '-T', large, `${url}/large`)).status).toBe(200)
    expect(received).toBe(SIZE)

    expect(readKilobytes(lab.proxy.process.pid, 'VmHWM') - before).toBeLessThan(50_000)
  },
)

/** A line of /proc/PID/status: kibibytes. */
function readKilobytes(pid: number | undefined, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(String.raw`^${name}:\s+(\d+) kB`, 'm').exec(status)?.[1])
}
