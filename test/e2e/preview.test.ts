/** Who decides sees what a held request says, without the data in it; and nobody else sees that, nor does it lie anywhere. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ReviewerTokens } from '../../src/identity/reviewer-tokens.ts'
import { cordon } from '../cli/cordon.ts'
import { curl } from '../support/clients.ts'
import { asReviewer } from '../support/desk.ts'
import { openLab } from '../support/lab.ts'
import { httpOrigin } from '../support/origins.ts'
import { findPlanted, type Planted } from '../support/planted.ts'
import { eventually } from '../support/wait.ts'

/** Of every class, found by their form, by their names, by a word near them, where a rule asks for them, and own ones. */
const PLANTED: readonly Planted[] = [
  { type: 'email', value: 'erika.mustermann@example.org' },
  { type: 'phone', value: '+49 30 90182044' },
  { type: 'iban', value: 'DE89 3704 0044 0532 0130 00' },
  { type: 'payment-card', value: '4111 1111 1111 1111' },
  { type: 'pl-pesel', value: '44051401359' },
  { type: 'ipv4', value: '203.1.113.77' },
  { type: 'diagnosis', value: 'severe migraine with aura' },
  { type: 'gender', value: 'nonbinary' },
  { type: 'password', value: 'correct-horse-battery' },
  { type: 'aws-access-key', value: 'AKIAZQ3DRWJX4YL5N6TP' },
  { type: 'project', value: 'blue heron' },
]
const [mail, phone, iban, card, pesel, ip, diagnosis, gender, password, key, project] = PLANTED.map(
  ({ value }) => value,
)
/** Shown as it is: the test would see it wherever the preview lies. */
const SAID = 'marzipan at noon'

const BODY = JSON.stringify({
  said: SAID,
  inside: JSON.stringify({ text: `write to ${mail} or call ${phone}, IBAN ${iban}, card ${card}` }),
  pesel,
  ip,
  patient: { diagnosis, gender },
  password,
  notes: [`about ${project}`, `key ${key}`, `<script>alert('${mail}')</script>\u202e\u001b[2J`],
})

const CONFIG = `
reviewers: [{ id: alice, groups: [dpo] }, { id: bob }]
hold: { wait: 60s, expires: 1h, reviewers: [dpo] }
redaction: { kinds: [{ id: project, terms: [blue heron] }] }
notify:
  to: [{ id: siem, kind: json, url: { env: SIEM_URL }, secret: { env: SIEM_SECRET } }]`

describe.each([1, 2])('%i processes', (workers) => {
  test('a held request on page, API and command; nothing in the log, on disk or in a notice', async () => {
    await using stack = new AsyncDisposableStack()
    const notices: string[] = []
    const handler = (request: IncomingMessage, response: ServerResponse) => {
      request.setEncoding('utf8').on('data', (text: string) => notices.push(text))
      request.on('end', () => response.end())
    }
    const siem = stack.use(await httpOrigin({ address: '127.0.0.10', handler }))
    const lab = stack.use(
      await openLab({
        workers,
        config: CONFIG,
        env: { SIEM_URL: `http://127.0.0.10:${siem.port}/`, SIEM_SECRET: 'k3y' },
      }),
    )
    const tokens = new ReviewerTokens(join(lab.dir, 'data'), { now: () => Date.now() })
    const alice = tokens.issue('alice')
    const bob = tokens.issue('bob')
    const url = `http://api.mixed.test:${lab.http.port}/of/${encodeURIComponent(mail ?? '')}/x`
    const query = `?to=${encodeURIComponent(mail ?? '')}&access_token=${password}&page=2`
    writeFileSync(join(lab.dir, 'body'), gzipSync(BODY))
    const body = ['--data-binary', `@${join(lab.dir, 'body')}`, '-H', 'Content-Encoding: gzip']
    const type = ['-H', 'Content-Type: application/json']
    const waiting = curl(lab.proxy, ...body, ...type, '-m', '60', url + query)
    const dpo = asReviewer(lab.proxy, alice)
    const { id } = await dpo.pending()

    const row = await dpo.get(`/holds/${id}`)
    const preview = String(row.preview)
    expect(preview).toContain(`"said":"${SAID}"`)
    expect(preview).toMatch(/^\?to=\[EMAIL\]\n&access_token=\[CREDENTIAL\]\n&page=2\n\n\{/)
    expect(preview).toContain('write to [EMAIL] or call [PHONE], IBAN [IBAN], card [PAYMENT_CARD]')
    expect(preview).toContain(`<script>alert('[EMAIL]')</script>\\u202e\\u001b[2J`)
    expect(row.path).toBe('/of/[EMAIL]/x')

    const { out } = await cordon(lab.dir, ['holds', id], { env: { CORDON_TOKEN: alice } })
    expect(out).toContain(SAID)
    const link = await eventually('the link', () => /"url":"([^"]+)"/.exec(notices.join(''))?.[1])
    const page = await (await fetch(link)).text()
    expect(page).not.toContain(SAID)
    const show = async (token: string) => {
      const body = new URLSearchParams({ token, decision: 'show' })
      return await (await fetch(link, { method: 'POST', body })).text()
    }
    const shown = await show(alice)
    expect(shown).toContain(SAID)
    expect(shown).not.toContain('<script')

    // Not to who may not decide about it, nor in lists.
    const others = [
      await show(bob),
      JSON.stringify(await asReviewer(lab.proxy, bob).get(`/holds/${id}`)),
      JSON.stringify(await asReviewer(lab.proxy).get(`/holds/${id}`)),
      JSON.stringify(await dpo.get('/holds')),
    ]
    for (const text of others) {
      expect(text).toContain(id)
      expect(text).not.toContain(SAID)
    }
    const seen = [JSON.stringify(row), out, page, shown, ...others]
    expect(seen.flatMap((text) => findPlanted(text, PLANTED))).toEqual([])

    const whileHeld = filesUnder(join(lab.dir, 'data'))
    await dpo.approve(id)
    expect((await waiting).status).toBe(200)
    expect((await dpo.get(`/holds/${id}`)).preview).toBeNull()
    await lab.proxy.settled(1)
    await eventually('word of it', () => notices.join('').includes('hold.approved'))
    await lab.proxy.stop()
    const files = [...whileHeld, ...filesUnder(join(lab.dir, 'data'))]
    const kept = [notices.join(''), lab.proxy.said(), ...files]
    expect(kept.filter((text) => text.includes('marzipan'))).toEqual([])
    expect(kept.flatMap((text) => findPlanted(text, PLANTED))).toEqual([])
    // What is sent is as it was.
    expect(lab.http.seen).toEqual([`POST ${new URL(url + query).pathname}${query}`])
  })
})

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}

describe('nothing is shown', () => {
  test.each([
    ['of what cannot be read', '', 'Content-Type: image/png'],
    ['where the policy says so', 'hold: { wait: 60s, preview: false }', 'Content-Type: text/plain'],
  ])('%s: the form alone', async (_, config, type) => {
    await using lab = await openLab({ config: config || 'hold: { wait: 60s }' })
    const admin = asReviewer(lab.proxy)
    const url = `http://api.mixed.test:${lab.http.port}/a?b=c`
    const data = type.includes('png') ? '\u0089PNG\r\n\u001a\n\u0001\u0002' : SAID
    const waiting = curl(lab.proxy, '--data-binary', data, '-H', type, url)
    const { id } = await admin.pending()
    const { preview, outline } = await admin.get(`/holds/${id}`)
    expect(preview).toBe(config ? null : '?b=c')
    expect(outline).toContain(type.slice('Content-Type: '.length))
    await admin.post(`/holds/${id}/deny`)
    await waiting
  })
})
