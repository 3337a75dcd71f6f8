/** INVARIANT 2: what the process connects to, by its own system calls, is a name server it was given and the addresses that were judged. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { eventually } from '../support/wait.ts'

test.skipIf(missing(program('strace', '-V')))('no other address is connected to', async () => {
  await using lab = await openLab()
  const trace = join(lab.dir, 'trace')
  const strace = spawn(
    'strace',
    ['-f', '-e', 'trace=connect,sendto,sendmsg', '-o', trace, '-p', String(lab.proxy.process.pid)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  await once(strace.stderr, 'data')

  const port = lab.https.port
  for (const host of [
    'api.de.test',
    'alias.test',
    'api.us.test',
    'both.test',
    'metadata.test',
    'private.test',
    'absent.test',
  ]) {
    await curl(lab.proxy, `https://${host}:${port}/`)
    await curl(lab.proxy, `http://${host}:${lab.http.port}/`)
  }
  // An answer that changes between judging and dialling: the judged one is dialled, the new one is judged before it is used.
  lab.dns.records['rebind.test'] = { A: ['127.0.0.10'], ttl: 1 }
  await curl(lab.proxy, `http://rebind.test:${lab.http.port}/`)
  lab.dns.records['rebind.test'] = { A: ['169.254.169.254'], ttl: 1 }
  const refused = await eventually('the new answer', async () => {
    const answer = await curl(lab.proxy, `http://rebind.test:${lab.http.port}/`)
    return answer.status === 403 ? answer : null
  })
  expect(JSON.parse(refused.body).code).toBe('address-prohibited')
  strace.kill('SIGINT')
  await once(strace, 'exit')

  const calls = readFileSync(trace, 'utf8').matchAll(
    /connect\(\d+, \{sa_family=AF_(INET6?|UNIX)[^}]*\}/g,
  )
  const dialled = new Set([...calls].map((match) => match[0].replace(/^connect\(\d+, /, '')))
  const target = (address: string, port: number) =>
    `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${address}")}`
  expect([...dialled].sort()).toEqual(
    [
      target('127.0.0.1', lab.dns.port),
      target('127.0.0.10', port),
      target('127.0.0.10', lab.http.port),
    ].sort(),
  )
})
