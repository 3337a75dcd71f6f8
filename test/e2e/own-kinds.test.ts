/** Kinds of an operator's own: found, taken out, restored, decided by and counted like any other, in every process, and after a reload. */

import { writeFileSync } from 'node:fs'
import type http from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const CONFIG = `
redaction:
  kinds:
    - { id: project-name, class: secret, terms: [Blue Heron] }
    - { id: staff-number, pattern: 'E-\\d{6}', near: [employee] }
    - { id: customer, values: lists/customers.txt }
    - { id: claim-text, class: special, fields: [$.claim.text, query.claim] }
  allow:
    values: [support@example.com]
    fields: [$.usage.*]
rules:
  - { id: out, because: contract, when: { host: api.de.test }, redact: { out: [project-name, staff-number, customer, special, email] } }
  - { id: back, because: the model needs it, when: { host: api.us.test }, then: allow, redact: { out: customer, with: token } }
  - { id: none-there, because: contract, when: { host: api.fr.test, data: customer }, then: block }
`

describe.each([1, 2])('with %i processes that serve', (workers) => {
  let lab: Lab
  let got: string[] = []
  const handler: http.RequestListener = async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    got.push(`${request.url} ${body}`)
    response.setHeader('Content-Type', 'application/json')
    response.end(body)
  }
  beforeAll(async () => {
    const files = { 'lists/customers.txt': '# of 2026\nAda Muster\n\nACME Example GmbH\r\n' }
    lab = await openLab({ config: CONFIG, workers, files, http: { handler } })
  })
  beforeEach(() => {
    got = []
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const send = (host: string, body: unknown, path = '/x') =>
    curl(
      lab.proxy,
      ...['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)],
      `http://${host}:${lab.http.port}${path}`,
    )

  test('out', async () => {
    const body = {
      note: 'BLUE HERON for ada muster, employee E-123456; not E-123456',
      id: 'E-654321',
      claim: { text: 'broken leg', n: 3 },
      mail: ['support@example.com', 'x@example.com'],
      usage: { by: 'y@example.com' },
    }
    expect((await send('api.de.test', body, '/x?claim=broken+leg&who=Ada%20Muster')).status).toBe(
      200,
    )
    const left = {
      ...body,
      note: '[PROJECT_NAME] for [CUSTOMER], employee [STAFF_NUMBER]; not [STAFF_NUMBER]',
      claim: { text: '[CLAIM_TEXT]', n: 3 },
      mail: ['support@example.com', '[EMAIL]'],
    }
    expect(got).toEqual([`/x?claim=%5BCLAIM_TEXT%5D&who=%5BCUSTOMER%5D ${JSON.stringify(left)}`])
    await lab.proxy.settled(lab.proxy.flows().length)
    const rows = lab.proxy.query<object>('SELECT type, path, count FROM redactions ORDER BY 1, 2')
    expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
      'claim-text $.claim.text 1',
      'claim-text query.claim 1',
      'customer $.note 1',
      'customer query.who 1',
      'email $.mail[] 1',
      'project-name $.note 1',
      'staff-number $.note 2',
    ])
  })

  test('back', async () => {
    const { body } = await send('api.us.test', { to: 'Ada Muster' })
    expect(got[0]).toMatch(/^\/x \{"to":"PII_CUSTOMER_[0-9A-Z]+"\}$/)
    expect(JSON.parse(body)).toEqual({ to: 'Ada Muster' })
  })

  test('decided by', async () => {
    expect((await send('api.fr.test', { to: 'Ada Mustermann' })).status).toBe(200)
    const { status, body } = await send('api.fr.test', { to: 'acme example gmbh' })
    expect({ status, code: JSON.parse(body).code }).toEqual({
      status: 403,
      code: 'rule-none-there',
    })
    expect(
      (await curl(lab.proxy, `http://api.fr.test:${lab.http.port}/of/Ada%20Muster`)).status,
    ).toBe(403)
    expect(got).toHaveLength(1)
  })

  test('another list of values is another policy, and is taken up', async () => {
    const count = () => lab.proxy.said().split('policy reloaded').length
    const before = count()
    const list = join(lab.dir, 'lists/customers.txt')
    writeFileSync(list, 'Grace Beispiel\n')
    await eventually('the new list', () => count() > before)
    await send('api.de.test', { to: 'Grace Beispiel', cc: 'Ada Muster' })
    expect(got).toEqual(['/x {"to":"[CUSTOMER]","cc":"Ada Muster"}'])
    // A mistake in it keeps the last good one, and says where it is, not what stands there.
    writeFileSync(list, 'Ada Muster\nx-y\n')
    await eventually('the mistake', () => lab.proxy.said().includes('customers.txt:2:1'))
    expect(lab.proxy.said()).not.toMatch(/x-y|Muster|Beispiel/)
    await send('api.de.test', { to: 'Grace Beispiel' })
    expect(got[1]).toBe('/x {"to":"[CUSTOMER]"}')
  })
})
