/** INVARIANT 3: what people send and get is nowhere but on the wire: not in the log, not on stderr, not in error bodies. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { curl, rawExchange } from '../support/clients.ts'
import { openLab } from '../support/lab.ts'

const SECRET = 'sesame-4711'

test('secrets in body, query, header fields, credentials and answers leave no trace', async () => {
  await using lab = await openLab({
    http: {
      handler: (_, response) =>
        response.setHeader('X-Answer', `${SECRET}-answer`).end(`${SECRET}-answer`),
    },
  })
  const answers: string[] = []
  for (const host of ['api.de.test', 'api.us.test', 'api.unknown.test', 'absent.test']) {
    const url = `http://${host}:${lab.http.port}/path?token=${SECRET}-query`
    const { body } = await curl(
      lab.proxy,
      '-d',
      `body=${SECRET}-body`,
      '-H',
      `Authorization: Bearer ${SECRET}-auth`,
      '-H',
      `Cookie: c=${SECRET}-cookie`,
      url,
    )
    if (host !== 'api.de.test') answers.push(body)
  }
  const basic = Buffer.from(`u:${SECRET}-proxy`).toString('base64')
  const malformed = [
    `GET http://${SECRET}@api.de.test/ HTTP/1.1\r\nHost: api.de.test\r\n\r\n`,
    `GET http://api.de.test/?${SECRET} HTTP/9.9\r\nHost: api.de.test\r\n\r\n`,
    `GET http://api.de.test/ HTTP/1.1\r\nHost: ${SECRET}\r\nX: ${SECRET}\0\r\n\r\n`,
    `GET http://api.de.test/ HTTP/1.1\r\nHost: api.de.test\r\nProxy-Authorization: Basic ${basic}\r\n\r\n`,
    `${SECRET}\r\n\r\n`,
  ]
  for (const request of malformed)
    answers.push(await rawExchange(lab.proxy, request, { until: /\}$/ }))
  await lab.proxy.settled(answers.length + 1)
  await lab.proxy.stop()

  expect(answers).toHaveLength(8)
  for (const answer of answers) expect(answer).not.toContain('sesame')
  expect(lab.proxy.said()).not.toContain('sesame')
  for (const name of readdirSync(join(lab.dir, 'data'))) {
    const bytes = readFileSync(join(lab.dir, 'data', name), 'latin1')
    expect(bytes).not.toContain('sesame')
    expect(bytes).not.toContain(basic)
  }
  // The origin did get it: the test would see a trace if there were one.
  expect(lab.http.seen).toEqual([`POST /path?token=${SECRET}-query`])
  expect(lab.proxy.flows().at(0)).toMatchObject({ path: '/path' })
})
