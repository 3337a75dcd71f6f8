/** What answers say afterwards, and how hosts change: on record, told, and held against them where the operator wants that. */

import { describe, expect, test } from 'vitest'
import { cordon } from '../cli/cordon.ts'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const BUCKETS = 's3.eu-central-1.amazonaws.com'
const MODELS = 'api.anthropic.com'
const RECORDS = { [BUCKETS]: { A: ['127.0.0.10'] }, [MODELS]: { A: ['127.0.0.10'] } }
const EVERYWHERE = `
home: [EEA, US]
destinations: [{ cidr: 127.0.0.0/8, because: a lab without declared places }]
`

const actions = (lab: Lab, action: string) =>
  lab.proxy.query<{ subject: string; detail: string }>(
    'SELECT subject, detail FROM admin_actions WHERE action = ? ORDER BY id',
    action,
  )

describe('an answer that names another region', () => {
  const openWith = (breaker: boolean) =>
    openLab({
      records: RECORDS,
      config: `${EVERYWHERE}residency: { breaker: ${breaker} }`,
      https: {
        handler: (request, response) => {
          const isAbroad = request.url?.endsWith('/abroad') ?? false
          response.statusCode = request.url === '/elsewhere/abroad' ? 301 : 200
          response
            .setHeader('X-Amz-Bucket-Region', isAbroad ? 'us-east-1' : 'eu-central-1')
            .end('x')
        },
      },
    })

  test('is recorded with the flow and told once; the call itself has passed', async () => {
    await using lab = await openWith(false)
    const url = `https://${BUCKETS}:${lab.https.port}`
    expect((await curl(lab.proxy, `${url}/here`)).status).toBe(200)
    expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'forwarded', error: null })
    // Who sends the client elsewhere has not processed anything.
    expect((await curl(lab.proxy, `${url}/elsewhere/abroad`)).status).toBe(301)
    expect(await lab.proxy.settled(2)).toMatchObject({ status: 301, error: null })
    for (const count of [3, 4]) {
      expect((await curl(lab.proxy, `${url}/abroad`)).status).toBe(200)
      const flow = await lab.proxy.settled(count)
      expect(flow).toMatchObject({ outcome: 'forwarded', error: 'residency-mismatch', status: 200 })
    }
    await eventually('the action', () => actions(lab, 'residency-mismatch').length > 0)
    expect(actions(lab, 'residency-mismatch')).toEqual([
      {
        subject: BUCKETS,
        detail: expect.stringMatching(
          /^flow \d+: x-amz-bucket-region says us-east-1 \(US\), not in DE$/,
        ),
      },
    ])
    expect(lab.proxy.said()).toContain(`${BUCKETS}: residency-mismatch`)
  })

  test('with a breaker: nothing goes there until a person has looked', async () => {
    await using lab = await openWith(true)
    const call = async () =>
      (await curl(lab.proxy, `https://${BUCKETS}:${lab.https.port}/abroad`)).status
    expect(await call()).toBe(200)
    await lab.proxy.settled(1)
    expect(await call()).toBe(503)
    expect(await lab.proxy.settled(2)).toMatchObject({ placement: 'unknown', regions: '[]' })

    expect(actions(lab, 'destination-drift')).toEqual([])
    const explained = await cordon(lab.dir, ['explain', `https://${BUCKETS}/`])
    expect(explained.code).toBe(2)
    expect(explained.out).toContain('x-amz-bucket-region says us-east-1 (US), not in DE')

    const listed = await cordon(lab.dir, ['residency', '--json'])
    expect(listed.code).toBe(2)
    expect(JSON.parse(listed.out)).toMatchObject([{ host: BUCKETS }])
    const clear = ['residency', 'clear', BUCKETS, '--reason', 'a bucket of ours']
    expect((await cordon(lab.dir, clear)).code).toBe(0)
    expect((await cordon(lab.dir, ['residency'])).code).toBe(0)
    await eventually('it to be believed again', async () => (await call()) === 200)
    expect((await cordon(lab.dir, ['audit', 'verify'])).code).toBe(0)
  })

  test('a breaker outlives the proxy', async () => {
    await using lab = await openWith(true)
    await curl(lab.proxy, `https://${BUCKETS}:${lab.https.port}/abroad`)
    await eventually('the action', () => actions(lab, 'residency-mismatch').length > 0)
    await lab.proxy.stop()
    const again = await lab.restart()
    expect((await curl(again, `https://${BUCKETS}:${lab.https.port}/here`)).status).toBe(503)
  })
})

test('an answer that says in its body where a model ran', async () => {
  const pieces = ['data: {"usage":{"inference_', 'geo":"us"}}\n\n', 'data: [DONE]\n\n']
  await using lab = await openLab({
    records: RECORDS,
    config: `
home: DE
destinations: [{ host: ${MODELS}, region: [DE] }, { cidr: 127.0.0.0/8 }]
`,
    https: {
      handler: async (request, response) => {
        for (const piece of request.url === '/text'
          ? ['{"t":"\\"inference_geo\\":\\"us\\""}']
          : pieces) {
          response.write(piece)
          await new Promise((resolve) => setImmediate(resolve))
        }
        response.end()
      },
    },
  })
  const url = `https://${MODELS}:${lab.https.port}`
  expect((await curl(lab.proxy, `${url}/text`)).status).toBe(200)
  expect(await lab.proxy.settled(1)).toMatchObject({ error: null })
  expect((await curl(lab.proxy, `${url}/stream`)).body).toBe(pieces.join(''))
  expect(await lab.proxy.settled(2)).toMatchObject({ error: 'residency-mismatch' })
})

test('a host that gains a country is told of', async () => {
  await using lab = await openLab({ records: { 'moving.test': { A: ['127.0.0.10'], ttl: 1 } } })
  const call = () => curl(lab.proxy, `http://moving.test:${lab.http.port}/`)
  expect((await call()).status).toBe(200)
  expect(actions(lab, 'destination-drift')).toEqual([])
  lab.dns.records['moving.test'] = { A: ['127.0.0.10', '127.0.0.20'], ttl: 1 }
  await eventually('the change', async () => {
    await call()
    return actions(lab, 'destination-drift').length > 0
  })
  expect(actions(lab, 'destination-drift')).toEqual([
    { subject: 'moving.test', detail: 'now also processing in US, address in US' },
  ])
})

test('a call that follows an answer is linked to the one that was answered', async () => {
  await using lab = await openLab({
    http: {
      handler: (request, response) => {
        const host = request.headers.host?.replace('api.de', 'api.fr')
        if (request.url === '/start') response.setHeader('Location', `http://${host}/there?x=1`)
        response.writeHead(request.url === '/start' ? 302 : 200).end('x')
      },
    },
  })
  const url = `http://api.de.test:${lab.http.port}`
  expect((await curl(lab.proxy, '-L', `${url}/start`)).status).toBe(200)
  expect((await curl(lab.proxy, `${url}/other`)).status).toBe(200)
  await lab.proxy.settled(3)
  const [first, second, third] = lab.proxy.flows()
  expect(second).toMatchObject({ host: 'api.fr.test', path: '/there', parent: first?.id })
  expect(first?.parent).toBeNull()
  expect(third?.parent).toBeNull()
})
