import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { needsBody, readRequest } from '../../../src/locate/request/read-request.ts'
import { NOTHING, type RequestView } from '../../../src/locate/request/view.ts'
import { presigned, REGIONS, request, signed, signed4a } from './support.ts'

const HOSTS = [
  's3.amazonaws.com',
  'b.s3.eu-west-1.amazonaws.com',
  'ec2.eu-west-1.amazonaws.com',
  'bedrock-runtime.eu-central-1.amazonaws.com',
  'bedrock-mantle.eu-central-1.api.aws',
  'compute.googleapis.com',
  'storage.googleapis.com',
  'europe-west4-aiplatform.googleapis.com',
  'management.azure.com',
  'api.anthropic.com',
  'api.fireworks.ai',
  'openrouter.ai',
  'eu.api.openai.com',
]

const piece = fc.constantFrom(
  ...['/', '%2F', '%', '..', '?', '&', '=', 'model', 'locations', 'global', 'eu.anthropic.x', ';'],
  ...['Action', 'RunInstances', 'arn:aws:bedrock:', 'zones', 'projects', 'deployments', '\u00ff'],
  ...['microsoft.resources', 'X-Amz-Credential', presigned('eu-west-1'), 'storage/v1/b', ' ', ':'],
)
const bodyPiece = fc.constantFrom(
  ...['{', '}', '[', ']', ':', ',', '"', '\\', '"inference_geo"', '"us"', '"global"', '"model"'],
  ...['"location"', '"sku"', '"name"', '"image_url"', '"https://a.example"', 'null', '1', '<', '>'],
  ...[
    '<CreateBucketConfiguration>',
    '</CreateBucketConfiguration>',
    '<LocationConstraint>',
    '&',
    '=',
  ],
)
const NAMES = ['authorization', 'x-amz-region-set', 'x-amz-copy-source', 'x-amz-target']
const MORE_NAMES = ['x-goog-request-params', 'content-type', 'x-http-method-override']

const views: fc.Arbitrary<RequestView> = fc
  .record({
    host: fc.constantFrom(...HOSTS),
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', ''),
    target: fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
    headers: fc.dictionary(
      fc.constantFrom(...NAMES, ...MORE_NAMES),
      fc.oneof(piece, fc.constantFrom(signed('eu-west-1'), signed4a(), '*', 'PUT'), fc.string()),
    ),
    body: fc.option(fc.array(bodyPiece, { maxLength: 20 }).map((pieces) => pieces.join(''))),
    complete: fc.boolean(),
    encoding: fc.constantFrom(null, 'gzip', 'identity'),
  })
  .map(({ host, target, body, ...parts }) =>
    request(`${host}${target}`, { ...parts, ...(body === null ? {} : { body }) }),
  )

describe('whatever is sent', () => {
  test('there is an answer, and it keeps the promises', () => {
    fc.assert(
      fc.property(views, (view) => {
        const { evidence, onward, creates, unread } = readRequest(view, REGIONS)
        for (const { kind, claim, strength, address } of evidence) {
          expect(address).toBe(null)
          // A statement that widens is strong and says where to; one that narrows knows its region.
          if (kind === 'request-breadth')
            expect([strength, claim.length > 0]).toEqual(['strong', true])
          else expect(strength === 'none' || claim.length === 1).toBe(true)
        }
        expect(new Set(onward).size).toBe(onward.length)
        expect(creates === null || Array.isArray(creates)).toBe(true)
        if (unread) expect(view.body?.complete !== true || view.body.bytes.length > 0).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  test('what needs no body says the same with and without one', () => {
    fc.assert(
      fc.property(views, (view) => {
        if (needsBody(view)) return
        const without = readRequest({ ...view, body: null }, REGIONS)
        expect(readRequest(view, REGIONS)).toEqual(without)
      }),
      { numRuns: 3_000 },
    )
  })

  test('an unread body never says less than an empty one', () => {
    fc.assert(
      fc.property(views, (view) => {
        const body = {
          bytes: Buffer.alloc(0),
          complete: true,
          contentType: null,
          contentEncoding: null,
        }
        const empty = readRequest({ ...view, body }, REGIONS)
        const unseen = readRequest({ ...view, body: null }, REGIONS)
        expect(unseen.evidence.length).toBeGreaterThanOrEqual(empty.evidence.length)
        expect(unseen.onward.length).toBeGreaterThanOrEqual(empty.onward.length)
        if (empty.creates !== null) expect(unseen.creates).not.toBe(null)
      }),
      { numRuns: 3_000 },
    )
  })
})

test('a host that belongs to no family costs nothing and says nothing', () => {
  const hosts = ['a.example', 'localhost', '192.0.2.1', 'com', 'azure.com', 'x.notamazonaws.com']
  hosts.push('xmanagement.azure.com', 'notapi.anthropic.com', 'xn--openrouter-x.ai', '')
  for (const host of hosts) {
    const view = request(`${host}/`, { headers: { authorization: signed('eu-west-1') }, body: {} })
    expect(readRequest(view, REGIONS)).toEqual(NOTHING)
    expect(needsBody(view)).toBe(false)
  }
})
