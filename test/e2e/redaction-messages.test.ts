/** Formats whose messages say more than one thing, end to end: GraphQL, chunks of Gemini in a list, and MCP over HTTP with its events. */

import http from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const MAIL = 'erika.mustermann@example.org'
const IBAN = 'DE89 3704 0044 0532 0130 00'
const TOKEN = /PII_EMAIL_[0-9A-Z]+(?:_[0-9A-Z]+)*/

const RULES = `
rules:
  - { id: out, because: personal data stays, when: { host: api.de.test }, redact: { out: [email, iban, us-ssn] } }
  - { id: back, because: the model needs a name, when: { host: api.us.test }, then: allow, redact: { out: [email], in: [iban], with: token } }
`

let lab: Lab
let bodies: string[] = []
let answer: (body: string, response: http.ServerResponse) => void

beforeAll(async () => {
  lab = await openLab({
    config: RULES,
    http: {
      handler: async (request, response) => {
        const body = Buffer.concat(await request.toArray()).toString()
        bodies.push(body)
        answer(body, response)
      },
    },
  })
})
beforeEach(() => {
  bodies = []
  answer = (_, response) => response.end('{}')
})
afterAll(() => lab[Symbol.asyncDispose]())

/** A POST through the proxy; the answer as it comes. */
async function post(host: string, body: string, type = 'application/json') {
  const url = `http://${host}:${lab.http.port}/v1`
  const { hostname, port } = new URL(lab.proxy.url)
  const request = http.request({
    ...{ hostname, port, method: 'POST', path: url },
    headers: { host: `${host}:${lab.http.port}`, 'content-type': type },
  })
  request.end(body)
  const [response] = await new Promise<[http.IncomingMessage]>((resolve, reject) => {
    request.on('response', (got) => resolve([got]))
    request.on('error', reject)
  })
  response.setEncoding('utf8')
  return response
}

const textOf = async (response: http.IncomingMessage) => (await response.toArray()).join('')

describe('GraphQL', () => {
  const QUERY = `mutation { add(mail: "${MAIL}", ssn: 529987654, note: """pay "${IBAN}" now""") { id } }`
  const WANT = 'mutation { add(mail: "[EMAIL]", ssn: 0, note: """pay "[IBAN]" now""") { id } }'

  /** A number stays one: another that nobody has. */
  const withoutNumber = (query: string) => query.replace(/ssn: (?!529987654)\d{9}/, 'ssn: 0')

  test('in JSON, with its variables, and by itself', async () => {
    const variables = { input: { to: [MAIL], ssn: '529987654' } }
    await post('api.de.test', JSON.stringify({ query: QUERY, variables }))
    const sent = JSON.parse(bodies[0] ?? '')
    expect({ ...sent, query: withoutNumber(sent.query) }).toEqual({
      query: WANT,
      variables: { input: { to: ['[EMAIL]'], ssn: '[US_SSN]' } },
    })
    await post('api.de.test', QUERY, 'application/graphql')
    expect(withoutNumber(bodies[1] ?? '')).toBe(WANT)
    await lab.proxy.settled(2)
    const places = lab.proxy.query('SELECT path FROM redactions ORDER BY flow, path')
    const want = [
      ...['$.query.mail', '$.query.note', '$.query.ssn'],
      ...['$.variables.input.ssn', '$.variables.input.to[]'],
      ...['mail', 'note', 'ssn'],
    ]
    expect(places).toEqual(want.map((path) => ({ path })))
  })
})

describe('chunks of Gemini in a list', () => {
  test('a token that goes over chunks is restored, and each chunk comes before the next is said', async () => {
    const chunk = (text: string, finishReason?: string) =>
      JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, finishReason }] }, null, 2)
    let say = (_: string): void => {}
    answer = (body, response) => {
      const [token = ''] = TOKEN.exec(body) ?? []
      const [head, tail] = [token.slice(0, 9), token.slice(9)]
      response.setHeader('Content-Type', 'application/json; charset=UTF-8')
      response.write(`[${chunk('I write. ')}`)
      say = (what) => {
        if (what === 'more') response.write(`\n,\r\n${chunk(`To ${head}`)}`)
        else response.end(`\n,\r\n${chunk(`${tail}. Done`, 'STOP')}\n]\n`)
      }
    }
    const asked = { contents: [{ parts: [{ text: `mail ${MAIL}` }] }] }
    const response = await post('api.us.test', JSON.stringify(asked))
    let came = ''
    response.on('data', (piece) => {
      came += piece
    })
    await eventually('the first chunk', () => came.includes('I write. '))
    say('more')
    // It waits for the rest of what it has begun to say.
    say('end')
    await eventually('the end', () => response.complete)
    const chunks = JSON.parse(came) as {
      candidates: { content: { parts: { text: string }[] } }[]
    }[]
    const texts = chunks.map(({ candidates }) => candidates[0]?.content.parts[0]?.text)
    expect(texts).toHaveLength(3)
    expect(texts.join('')).toBe(`I write. To ${MAIL}. Done`)
    expect(bodies[0]).not.toContain('mustermann')
  })
})

describe('MCP over HTTP', () => {
  const call = (args: object) =>
    JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
      params: { name: 'send', arguments: args, _meta: { progressToken: 7 } },
    })
  const event = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`

  test('arguments of a call, and its result in JSON', async () => {
    answer = (body, response) => {
      const { params } = JSON.parse(body)
      response.setHeader('Content-Type', 'application/json')
      const content = [
        { type: 'text', text: JSON.stringify({ sent: params.arguments.to, from: IBAN }) },
        { type: 'text', text: `mailed ${params.arguments.to}` },
      ]
      const structuredContent = { to: params.arguments.to }
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content, structuredContent } }),
      )
    }
    const got = JSON.parse(await textOf(await post('api.us.test', call({ to: MAIL, n: 3 }))))
    expect(bodies[0]).toMatch(new RegExp(`"arguments":{"to":"${TOKEN.source}","n":3}`))
    const { content, structuredContent } = got.result
    const { sent, from } = JSON.parse(content[0].text)
    expect([sent, content[1].text, structuredContent.to]).toEqual([MAIL, `mailed ${MAIL}`, MAIL])
    expect(from).toMatch(/^PII_IBAN_/)
  })

  test('its result in events, with what the server says and asks before', async () => {
    answer = (body, response) => {
      const { to } = JSON.parse(body).params.arguments
      response.setHeader('Content-Type', 'text/event-stream')
      const params = { progressToken: 7, progress: 1, message: `mailing ${to}` }
      response.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params }))
      const messages = [{ role: 'user', content: { type: 'text', text: `Is ${to} right?` } }]
      response.write(
        event({ jsonrpc: '2.0', id: 9, method: 'sampling/createMessage', params: { messages } }),
      )
      const content = [{ type: 'text', text: `mailed ${to}` }]
      response.end(event({ jsonrpc: '2.0', id: 1, result: { content } }))
    }
    const text = await textOf(await post('api.us.test', call({ to: MAIL })))
    expect(text.match(/^event: message$/gm)).toHaveLength(3)
    expect(text).toContain(`"message":"mailing ${MAIL}"`)
    expect(text).toContain(`"text":"Is ${MAIL} right?"`)
    expect(text).toContain(`"text":"mailed ${MAIL}"`)
    // What the agent answers to that is a request of its own.
    answer = (_, response) => response.writeHead(202).end()
    const result = { role: 'assistant', content: { type: 'text', text: `Yes, ${MAIL}.` } }
    await post('api.us.test', JSON.stringify({ jsonrpc: '2.0', id: 9, result }))
    expect(bodies[1]).toMatch(new RegExp(`"text":"Yes, ${TOKEN.source}\\."`))
  })

  test('several messages at once', async () => {
    await post('api.de.test', `[${call({ to: MAIL })},${call({ iban: IBAN })}]`)
    expect(bodies[0]).toBe(`[${call({ to: '[EMAIL]' })},${call({ iban: '[IBAN]' })}]`)
  })
})
