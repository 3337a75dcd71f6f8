/** Requests that a rule takes data out of, and that nobody can read: a person is asked, or they pass and the log says so. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl, runProgram } from '../support/clients.ts'
import { asReviewer, type Reviewer } from '../support/desk.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { NODE, PROJECT } from '../support/proxy.ts'

const MAIL = 'erika.mustermann@example.org'
const RULES = `
rules:
  - { id: out, because: personal data stays, when: { host: [api.de.test, api.mixed.test] }, redact: { out: [email] } }
`
const PICTURE = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(3_000)])

interface Upload {
  readonly digest: string
  readonly length: string | undefined
}

async function labThat(config: string, got: Upload[]): Promise<Lab> {
  return openLab({
    config: `${config}\n${RULES}`,
    http: {
      handler: async (request, response) => {
        const digest = createHash('sha256')
        try {
          for await (const chunk of request) digest.update(chunk as Buffer)
        } catch {
          return
        }
        got.push({ digest: digest.digest('hex'), length: request.headers['content-length'] })
        response.end('ok')
      },
    },
  })
}

function toUpload(body: Buffer): Upload {
  const digest = createHash('sha256').update(body).digest('hex')
  return { digest, length: String(body.length) }
}

function sender(lab: Lab) {
  return (body: Buffer | string, type: string, host = 'api.de.test', ...args: string[]) => {
    const file = join(lab.dir, `upload-${type.replace('/', '-')}-${body.length}`)
    writeFileSync(file, body)
    const upload = ['--data-binary', `@${file}`, '-H', `Content-Type: ${type}`, '-H', 'Expect:']
    return curl(lab.proxy, ...upload, ...args, `http://${host}:${lab.http.port}/x`)
  }
}

describe('`out: hold`', () => {
  let lab: Lab
  let admin: Reviewer
  const got: Upload[] = []
  beforeAll(async () => {
    lab = await labThat('redaction: { on_unscannable: { out: hold } }\nhold: { wait: 20s }', got)
    admin = asReviewer(lab.proxy)
  })
  beforeEach(() => {
    got.length = 0
  })
  afterAll(() => lab[Symbol.asyncDispose]())
  const send = (...args: Parameters<ReturnType<typeof sender>>) => sender(lab)(...args)
  const last = async () => lab.proxy.settled(1)

  test.each([
    ['small', PICTURE],
    ['larger than is read before', Buffer.concat([PICTURE, Buffer.alloc(6_000_000, 1)])],
  ])('%s: what it is, is told; after a yes it passes as it is', async (_, body) => {
    const sending = send(body, 'image/png')
    const hold = await admin.pending()
    expect(hold).toMatchObject({ rule: 'out', because: 'personal data stays' })
    expect(hold.reason).toContain('cannot be read: binary at body')
    expect(got).toEqual([])
    await admin.approve(hold.id)
    expect(await sending).toMatchObject({ status: 200, body: 'ok' })
    expect(got).toEqual([toUpload(body)])
    expect(await last()).toMatchObject({
      ...{ action: 'hold', outcome: 'forwarded', hold_id: hold.id, rule: 'out' },
      ...{ inspection: 'headers', redactions_out: 0 },
    })
  })

  test('after a no nothing leaves', async () => {
    const sending = send(Buffer.concat([PICTURE, Buffer.from('no')]), 'image/png')
    const { id } = await admin.pending()
    await admin.post(`/holds/${id}/deny`, { reason: 'not this one' })
    const { status, body } = await sending
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ code: 'hold-denied', rule: 'out' })
    expect(got).toEqual([])
  })

  test('leave for the host is for all that cannot be read there', async () => {
    const sending = send(Buffer.concat([PICTURE, Buffer.from('1')]), 'image/png')
    await admin.approve((await admin.pending()).id, { scope: 'host', uses: 5 })
    expect((await sending).status).toBe(200)
    expect((await send(Buffer.concat([PICTURE, Buffer.from('2')]), 'image/png')).status).toBe(200)
    expect(got).toHaveLength(2)
  })

  test('what is held for its place as well is asked about once, for both', async () => {
    const sending = send(PICTURE, 'image/png', 'api.mixed.test')
    const hold = await admin.pending()
    expect(hold.reason).toContain('not wholly inside the allowed zone')
    expect(hold.reason).toContain('cannot be read')
    await admin.approve(hold.id)
    expect((await sending).status).toBe(200)
    expect(got).toHaveLength(1)
  })

  test('what can be read waits for nobody', async () => {
    expect((await send(JSON.stringify({ to: MAIL }), 'application/json')).status).toBe(200)
    const want = Buffer.from('{"to":"[EMAIL]"}')
    expect(got).toEqual([toUpload(want)])
  })

  test('data in what is signed is no question', async () => {
    const signed = ['-H', 'Content-MD5: xyz']
    const said = await send(`{"to":"${MAIL}"}`, 'application/json', 'api.de.test', ...signed)
    expect(JSON.parse(said.body)).toMatchObject({ code: 'redaction-signed', rule: 'out' })
  })

  test('what turns up on the way comes too late to ask', async () => {
    const text = 'lorem ipsum '.repeat(500_000)
    const part = (type: string, content: string) =>
      `--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\nContent-Type: ${type}\r\n\r\n${content}\r\n`
    const body = `${part('text/plain', text)}${part('image/png', PICTURE.toString('latin1'))}--b--\r\n`
    const said = await send(Buffer.from(body, 'latin1'), 'multipart/form-data; boundary=b')
    expect(JSON.parse(said.body)).toMatchObject({ code: 'body-unscannable' })
  })
})

test.each(['pass', 'pass-and-record'])(
  '`out: %s`: it passes, and the log says that',
  async (out) => {
    const got: Upload[] = []
    await using lab = await labThat(`redaction: { on_unscannable: { out: ${out} } }`, got)
    const send = sender(lab)
    const large = Buffer.concat([PICTURE, Buffer.alloc(6_000_000, 1)])
    for (const body of [PICTURE, large]) expect((await send(body, 'image/png')).status).toBe(200)
    expect(got).toEqual([toUpload(PICTURE), toUpload(large)])
    for (const row of lab.proxy.flows()) expect(row).toMatchObject({ inspection: 'headers' })
  },
)

test.each([
  ['a part', 'bytes 0-99/2000', 'body-unscannable'],
  ['a part of what nobody knows', 'bytes 0-99/*', 'body-unscannable'],
  ['all of it', 'bytes 0-49/50', null],
])('Content-Range: %s', async (_, range, code) => {
  const got: Upload[] = []
  await using lab = await labThat('', got)
  const send = sender(lab)
  const fields = ['-H', `Content-Range: ${range}`]
  const said = await send('x'.repeat(50), 'text/plain', 'api.de.test', ...fields)
  expect(said.status).toBe(code === null ? 200 : 403)
  if (code !== null) expect(JSON.parse(said.body).code).toBe(code)
  // Its length was told in another field as well.
  const whole = await send(`to ${MAIL}`, 'text/plain', 'api.de.test', ...fields)
  expect(JSON.parse(whole.body).code).toBe(code ?? 'redaction-signed')
  expect(got).toHaveLength(code === null ? 1 : 0)
})

test('a part is refused before anything of it has come', async () => {
  const got: Upload[] = []
  await using lab = await labThat('', got)
  const asked = http.request({
    ...{ host: '127.0.0.1', port: lab.proxy.port, method: 'PUT' },
    path: `http://api.de.test:${lab.http.port}/`,
    headers: { Host: `api.de.test:${lab.http.port}`, 'Content-Range': 'bytes 0-99/2000' },
  })
  asked.flushHeaders()
  const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
  expect(response.statusCode).toBe(403)
  asked.destroy()
  expect(got).toEqual([])
})

test('nobody can be asked about an answer', async () => {
  await using lab = await labThat('', [])
  writeFileSync(
    join(lab.dir, 'wrong.yaml'),
    'version: 1\nredaction: { on_unscannable: { in: hold } }\n',
  )
  const [program, ...flags] = NODE
  const main = join(PROJECT, 'src/main.ts')
  const ran = await runProgram(program, [...flags, main, 'check', '--config', 'wrong.yaml'], {
    cwd: lab.dir,
  })
  expect(ran.code).toBe(3)
  expect(ran.out + ran.err).toMatch(/wrong\.yaml:2:.*in/)
})

describe('`in: block`', () => {
  let lab: Lab
  let answer: { readonly head: http.OutgoingHttpHeaders; readonly body: Buffer }
  beforeAll(async () => {
    lab = await openLab({
      config: `
redaction: { on_unscannable: { in: block } }
rules:
  - { id: in, because: nobody needs it here, when: { host: api.fr.test }, redact: { in: [email] } }
`,
      http: {
        handler: (_, response) => void response.writeHead(200, answer.head).end(answer.body),
      },
    })
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  test.each([
    ['a picture', { 'Content-Type': 'image/png' }, PICTURE],
    ['a coding that nobody knows', { 'Content-Encoding': 'x-unknown' }, Buffer.from('secret')],
    [
      'too many codings',
      { 'Content-Encoding': Array(5).fill('gzip').join() },
      Buffer.from('secret'),
    ],
    ['a character set', { 'Content-Type': 'text/plain; charset=shift_jis' }, Buffer.from('secret')],
    [
      'what git sends',
      { 'Content-Type': 'application/x-git-upload-pack-result' },
      Buffer.from('secret'),
    ],
  ] as const)('%s: nothing of it passes', async (_, head, body) => {
    answer = { head, body }
    const before = lab.proxy.flows().length
    const said = await curl(lab.proxy, `http://api.fr.test:${lab.http.port}/`)
    expect(said.status).toBe(502)
    expect(JSON.parse(said.body)).toMatchObject({ code: 'answer-unscannable' })
    expect(said.body).not.toContain('secret')
    const row = await lab.proxy.settled(before + 1)
    expect(row).toMatchObject({ outcome: 'failed', error: 'answer-unscannable' })
  })

  test('what can be read passes, and so does what has no body', async () => {
    answer = { head: { 'Content-Encoding': 'gzip' }, body: gzipSync(`to ${MAIL}`) }
    const url = `http://api.fr.test:${lab.http.port}/`
    expect(await curl(lab.proxy, url)).toMatchObject({ status: 200, body: 'to [EMAIL]' })
    answer = { head: { 'Content-Type': 'image/png' }, body: PICTURE }
    expect(await curl(lab.proxy, '-I', url)).toMatchObject({ status: 200 })
  })
})
