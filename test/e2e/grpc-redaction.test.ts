/** Data taken out of calls of gRPC, both ways, by its own client and server for Node: also where both sides speak in turn. */

import { readFileSync } from 'node:fs'
import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lab, openLab } from '../support/lab.ts'
import { codecOf } from '../support/protobuf.ts'

const MAIL = 'erika.mustermann@example.org'
const IBAN = 'DE89 3704 0044 0532 0130 00'
const TOKEN = /PII_EMAIL_[0-9A-Z]+(?:_[0-9A-Z]+)*/

const SAYING = codecOf(
  `syntax = "proto3";
   message Saying { string text = 1; map<string, string> of = 2; Saying inner = 3; bytes raw = 4; }`,
  'Saying',
)
type Saying = ReturnType<typeof SAYING.decode>

const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/lab.Sayings/${path}`,
  requestStream,
  responseStream,
  requestSerialize: SAYING.encode,
  requestDeserialize: SAYING.decode,
  responseSerialize: SAYING.encode,
  responseDeserialize: SAYING.decode,
})
const SERVICE = {
  one: method('One', false, false),
  both: method('Both', true, true),
  leak: method('Leak', false, true),
}

const RULES = `
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [email, iban, us-ssn] } }
  - { id: in, because: nobody needs it here, when: { host: api.fr.test }, redact: { in: [email, iban] } }
  - { id: no-cards, because: PCI DSS, when: { data: payment, host: api.fr.test }, then: block }
  - { id: back, because: the model needs a name, when: { host: api.us.test }, then: allow, redact: { out: [email], with: token } }
`

let lab: Lab
let server: grpc.Server
let port: number
/** What came, by the side of the server. */
let got: Saying[] = []
/** What the last call said of compressed answers. */
let asked: grpc.MetadataValue[] = []

beforeAll(async () => {
  lab = await openLab({ config: RULES })
  server = new grpc.Server()
  server.addService(SERVICE, {
    one(call: grpc.ServerUnaryCall<Saying, Saying>, callback: grpc.sendUnaryData<Saying>) {
      got.push(call.request)
      asked = call.metadata.get('grpc-accept-encoding')
      const trailers = new grpc.Metadata()
      trailers.set('checked', 'yes')
      callback(null, call.request, trailers)
    },
    both(call: grpc.ServerDuplexStream<Saying, Saying>) {
      call.on('data', (message: Saying) => {
        got.push(message)
        call.write(message)
      })
      call.on('end', () => call.end())
      call.on('error', () => {})
    },
    leak(call: grpc.ServerWritableStream<Saying, Saying>) {
      for (let i = 0; i < 5; i++) call.write({ text: `${i} ${MAIL}`, inner: { text: IBAN } })
      call.end()
    },
  })
  const { pem, keyPem } = lab.certificate('api.de.test', 'api.fr.test', 'api.us.test')
  const pair = { cert_chain: Buffer.from(pem), private_key: Buffer.from(keyPem) }
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('0.0.0.0:0', grpc.ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  process.env.grpc_proxy = lab.proxy.url
})
afterAll(async () => {
  delete process.env.grpc_proxy
  server.forceShutdown()
  await lab[Symbol.asyncDispose]()
})

const Client = grpc.makeGenericClientConstructor(SERVICE, 'Sayings')
type Sayings = InstanceType<typeof Client> &
  Disposable & {
    one(
      message: Saying,
      done: (error: grpc.ServiceError | null, message?: Saying) => void,
    ): grpc.ClientUnaryCall
    both(): grpc.ClientDuplexStream<Saying, Saying>
    leak(message: Saying): grpc.ClientReadableStream<Saying>
  }

function connect(host: string, options: grpc.ChannelOptions = {}): Sayings {
  got = []
  const credentials = grpc.credentials.createSsl(readFileSync(lab.proxy.ca))
  const client = new Client(`${host}:${port}`, credentials, options) as unknown as Sayings
  client[Symbol.dispose] = () => client.close()
  return client
}

function ask(client: Sayings, message: Saying) {
  return new Promise<{
    error: grpc.ServiceError | null
    message: Saying | undefined
    trailers: grpc.Metadata
  }>((resolve) => {
    let answered: [grpc.ServiceError | null, Saying | undefined] = [null, undefined]
    client
      .one(message, (error, answer) => {
        answered = [error, answer]
      })
      .on('status', ({ metadata: trailers }) =>
        setImmediate(() => resolve({ error: answered[0], message: answered[1], trailers })),
      )
  })
}

const lastRow = async () => {
  await lab.proxy.settled(lab.proxy.flows().length)
  return lab.proxy.query('SELECT * FROM flows ORDER BY id DESC LIMIT 1')[0]
}

describe('unary calls', () => {
  test.each([
    ['plain', {}],
    ['compressed by gzip', { 'grpc.default_compression_algorithm': 2 }],
    ['compressed by deflate', { 'grpc.default_compression_algorithm': 1 }],
  ])('%s: the server never sees it, trailers arrive', async (_, options) => {
    using client = connect('api.de.test', options)
    const { error, message, trailers } = await ask(client, {
      text: `pay ${IBAN}`,
      of: { ssn: '529987654', other: 'x' },
      inner: { inner: { text: `{"to":"${MAIL}"}` } },
    })
    expect(error).toBeNull()
    const want = {
      text: 'pay [IBAN]',
      of: { ssn: '[US_SSN]', other: 'x' },
      inner: { inner: { text: '{"to":"[EMAIL]"}' } },
    }
    expect(got).toEqual([want])
    expect(message).toEqual(want)
    expect(trailers.get('checked')).toEqual(['yes'])
    expect(await lastRow()).toMatchObject({ outcome: 'forwarded', redactions_out: 3 })
  })

  test('tokens go out and come back', async () => {
    using client = connect('api.us.test')
    const said = { text: `mail ${MAIL} today`, inner: { text: MAIL } }
    const { message } = await ask(client, said)
    expect(message).toEqual(said)
    expect(String(got[0]?.text)).toMatch(new RegExp(`^mail ${TOKEN.source} today$`))
    expect(JSON.stringify(got)).not.toContain('mustermann')
    expect(asked).toEqual([])
  })

  test('what is in a message can decide about it', async () => {
    using client = connect('api.fr.test')
    const { error } = await ask(client, { inner: { text: 'pay 4111 1111 1111 1111' } })
    // 403 means PERMISSION_DENIED to gRPC.
    expect(error?.code).toBe(grpc.status.PERMISSION_DENIED)
    expect(got).toEqual([])
    expect(await lastRow()).toMatchObject({ rule: 'no-cards', outcome: 'blocked' })
    expect((await ask(client, { text: 'pay nothing' })).error).toBeNull()
  })

  test('a file in it cannot be read: the call is broken off', async () => {
    using client = connect('api.de.test')
    const raw = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(100, 0xff)])
    const { error } = await ask(client, { text: 'see', raw: raw.toString('base64') })
    expect(error).not.toBeNull()
    expect(got).toEqual([])
    expect(await lastRow()).toMatchObject({ error: 'body-unscannable' })
  })
})

describe('streams', () => {
  test('both ways, in turn: every message is answered before the next is sent', async () => {
    using client = connect('api.us.test')
    const stream = client.both()
    const answers = stream[Symbol.asyncIterator]()
    for (let i = 0; i < 20; i++) {
      stream.write({ text: `${i} ${MAIL}` })
      expect((await answers.next()).value).toEqual({ text: `${i} ${MAIL}` })
      expect(String(got.at(-1)?.text)).toMatch(new RegExp(`^${i} ${TOKEN.source}$`))
    }
    stream.end()
    expect((await answers.next()).done).toBe(true)
    expect(await lastRow()).toMatchObject({ outcome: 'forwarded', redactions_out: 20 })
  })

  test('from the server', async () => {
    using client = connect('api.fr.test')
    const messages = await client.leak({}).toArray()
    expect(messages).toEqual(
      Array.from({ length: 5 }, (_, i) => ({ text: `${i} [EMAIL]`, inner: { text: '[IBAN]' } })),
    )
    expect(await lastRow()).toMatchObject({ outcome: 'forwarded', redactions_in: 10 })
  })
})
