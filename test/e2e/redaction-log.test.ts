/** What the log and the metrics say of data that was taken out, and how much of a call they say was read: real calls, alone and with workers. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type http from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const MAIL = 'erika.mustermann@example.org'
const IBAN = 'DE89370400440532013000'
const CARD = '4111111111111111'

const CONFIG = `
redaction: { on_unscannable: { out: pass } }
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [email, iban, payment-card] } }
  - { id: in, because: nobody needs it here, when: { host: api.fr.test }, redact: { in: [email, iban] } }
  - { id: no-cards, because: PCI DSS, when: { data: payment, host: api.fr.test, path: /pay }, then: block }
`

/** Answers as the path asks. */
const handler: http.RequestListener = async (request, response) => {
  await request.toArray()
  const { pathname } = new URL(request.url ?? '/', 'http://x')
  if (pathname === '/mail') {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ from: MAIL, to: [MAIL] }))
  } else if (pathname === '/coded') {
    response.setHeader('Content-Encoding', 'x-unknown')
    response.end('whatever')
  } else if (pathname === '/empty') {
    response.writeHead(204).end()
  } else response.end('ok')
}

const TWO = JSON.stringify({ to: [MAIL, MAIL], account: { iban: IBAN } })

const NOTHING = { redactions_out: 0, redactions_in: 0, redaction_types: '[]' }
const SEEN = { ...NOTHING, inspection: 'full' }
const UNSEEN = { ...NOTHING, inspection: 'headers' }

interface Case {
  readonly name: string
  readonly to: string
  /** Null for a GET. */
  readonly body: string | null
  /** With a coding that nobody knows. */
  readonly coded?: true
  readonly want: Readonly<Record<string, unknown>>
}

const CASES: readonly Case[] = [
  {
    name: 'what was taken out of a request is counted, and all of it was read',
    to: 'api.de.test/',
    body: TWO,
    want: {
      ...{ redactions_out: 3, redactions_in: 0, redaction_types: '["email","iban"]' },
      ...{ inspection: 'full', outcome: 'forwarded' },
    },
  },
  {
    name: 'a request with nothing in it was read as well',
    to: 'api.de.test/coded',
    body: '{}',
    want: SEEN,
  },
  {
    name: 'one that cannot be read, and passes, was not',
    to: 'api.de.test/',
    body: TWO,
    coded: true,
    want: { ...UNSEEN, outcome: 'forwarded' },
  },
  {
    name: 'one without a body leaves nothing unread',
    to: 'api.de.test/coded',
    body: null,
    want: SEEN,
  },
  {
    name: 'one that no rule speaks of is as it always was',
    to: 'api.mixed.test/',
    body: TWO,
    want: UNSEEN,
  },
  {
    name: 'what was taken out of an answer is counted; there was nothing else to read',
    to: 'api.fr.test/mail',
    body: null,
    want: { redactions_out: 0, redactions_in: 2, redaction_types: '["email"]', inspection: 'full' },
  },
  {
    name: 'the same after a request that a rule has asked to read',
    to: 'api.fr.test/mail',
    body: '{}',
    want: { redactions_in: 2, inspection: 'full' },
  },
  {
    name: 'an answer that cannot be read was not',
    to: 'api.fr.test/coded',
    body: null,
    want: { ...UNSEEN, outcome: 'forwarded' },
  },
  {
    name: 'an answer without a body leaves nothing unread',
    to: 'api.fr.test/empty',
    body: null,
    want: SEEN,
  },
  {
    name: 'what was refused for what is in it was read',
    to: 'api.fr.test/pay',
    body: JSON.stringify({ card: CARD }),
    want: { ...SEEN, outcome: 'blocked', rule: 'no-cards' },
  },
  {
    name: 'what was refused because nobody could read it was not',
    to: 'api.fr.test/pay',
    body: TWO,
    coded: true,
    want: { ...UNSEEN, outcome: 'blocked' },
  },
]

describe.each([1, 2])('with %i processes that serve', (workers) => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({ config: CONFIG, workers, http: { handler } })
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  test.each(CASES)('$name', async ({ to, body, coded, want }) => {
    const url = `http://${to.replace('/', `:${lab.http.port}/`)}`
    const before = lab.proxy.flows().length
    const args = body === null ? [] : ['-H', 'Content-Type: application/json', '-d', body]
    if (coded) args.push('-H', 'Content-Encoding: x-unknown')
    await curl(lab.proxy, ...args, url)
    await lab.proxy.settled(before + 1)
    const [row] = lab.proxy.query('SELECT * FROM flows ORDER BY id DESC LIMIT 1')
    expect(row).toMatchObject(want)
  })

  test('the places are those of the fields', () => {
    const rows = lab.proxy.query(
      'SELECT direction, type, path, count FROM redactions ORDER BY 1, 2',
    )
    expect(rows.slice(-2)).toEqual([
      { direction: 'out', type: 'email', path: '$.to[]', count: 2 },
      { direction: 'out', type: 'iban', path: '$.account.iban', count: 1 },
    ])
  })

  test('the metrics count the same', async () => {
    const metrics = `http://127.0.0.1:${lab.proxy.consolePort}/metrics`
    const text = await eventually('the metrics', async () => {
      const got = await (await fetch(metrics)).text()
      return got.includes('cordon_redactions_total{direction="in",type="email"} 4') && got
    })
    expect(text).toContain('cordon_redactions_total{direction="out",type="email"} 2\n')
    expect(text).toContain('cordon_redactions_total{direction="out",type="iban"} 1\n')
  })

  test('nothing that was found is in the folder, nor a hash of it', () => {
    const data = join(lab.dir, 'data')
    const files = readdirSync(data).filter((name) => name.startsWith('audit.db'))
    expect(files).toContain('audit.db')
    const bytes = Buffer.concat(files.map((name) => readFileSync(join(data, name))))
    expect(bytes.includes('$.account.iban')).toBe(true)
    for (const value of [MAIL, IBAN, CARD]) {
      const hash = createHash('sha256').update(value).digest()
      for (const trace of [value, hash, hash.toString('hex'), hash.toString('base64')]) {
        expect(bytes.includes(trace)).toBe(false)
      }
    }
    expect(verifyAuditLog(join(data, 'audit.db')).breaks).toEqual([])
  })
})
