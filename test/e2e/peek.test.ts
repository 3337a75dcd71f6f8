/** A body that is looked at before it may leave: what happens meanwhile counts, and what is looked at is what the origin gets. */

import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rawExchange } from '../support/clients.ts'
import { openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const RECORDS = {
  'eu.api.openai.com': { A: ['127.0.0.10'] },
  'geo.test': { A: ['127.0.0.40'] },
}

test('a request that waited for its body is decided by the policy of now', async () => {
  const rules = (then: string) => `
version: 1
rules: [{ id: models, because: agreed, when: { host: eu.api.openai.com }, then: ${then} }]`
  await using lab = await openLab({
    records: RECORDS,
    config: 'rules: [rules/*.yaml]',
    files: { 'rules/a.yaml': rules('allow') },
  })
  const to = `eu.api.openai.com:${lab.http.port}`
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.write(
    `POST http://${to}/v1/responses HTTP/1.1\r\nHost: ${to}\r\nContent-Length: 16\r\n` +
      'Connection: close\r\nExpect: 100-continue\r\n\r\n{"model":',
  )
  await eventually('leave to send the body', () => answer.startsWith('HTTP/1.1 100'))
  const file = join(lab.dir, 'rules/a.yaml')
  writeFileSync(`${file}.new`, rules('block'))
  renameSync(`${file}.new`, file)
  lab.proxy.process.kill('SIGHUP')
  await eventually('the new policy', () => lab.proxy.said().includes('policy reloaded'))
  socket.write('"gpt"} ')
  await once(socket, 'close')
  expect(answer).toContain('"code":"rule-models"')
  expect(lab.http.seen).toEqual([])
})

test('a field that Connection takes away says nothing about the place', async () => {
  await using lab = await openLab({
    records: RECORDS,
    config: 'catalogue: [mine.yaml]',
    files: {
      'mine.yaml': `
version: 1
entries:
  - id: mine
    vendor: Mine
    host: geo.test
    region: anywhere
    requests: [{ header: { x-geo: eu }, region: [DE] }]
    source: https://vendor.example/regions
    as_of: 2026-11-20
`,
    },
  })
  const to = `geo.test:${lab.http.port}`
  const ask = (fields: string) =>
    rawExchange(lab.proxy, `GET http://${to}/ HTTP/1.1\r\nHost: ${to}\r\n${fields}\r\n\r\n`)
  expect(await ask('X-Geo: eu\r\nConnection: close')).toMatch(/^HTTP\/1.1 200/)
  expect(await ask('X-Geo: eu\r\nConnection: close, X-Geo')).toMatch(/^HTTP\/1.1 503/)
  expect(await lab.proxy.settled(2)).toMatchObject({ placement: 'straddling', regions: '["*"]' })
})
