/** Requests written so that the peer reads them in another way than they look: what cannot be read in one way never narrows. */

import { describe, expect, test } from 'vitest'
import { createKnowledge } from '../../../src/locate/knowledge.ts'
import { needsBody } from '../../../src/locate/request/read-request.ts'
import type { CatalogueEntry } from '../../../src/model/catalogue.ts'
import { parseHostTemplate } from '../../../src/model/host-template.ts'
import { ANYWHERE, type Regions } from '../../../src/model/region.ts'
import { presigned, REGIONS, type RequestParts, read, request, signed } from './support.ts'

const OPENAI = 'eu.api.openai.com/v1/responses'
const IMAGE = { image_url: 'https://a.example/x.png' }

describe('a body that makes a model fetch', () => {
  test.each<[string, string, RequestParts, readonly string[]]>([
    ['a method in lower case', OPENAI, { method: 'post', body: IMAGE }, ['a.example']],
    [
      'a method in a field, in lower case',
      OPENAI,
      { method: 'GET', headers: { 'x-http-method-override': 'post' }, body: IMAGE },
      ['a.example'],
    ],
    [
      'gzip behind another coding',
      OPENAI,
      { body: Buffer.from([0x1f, 0x8b, 8, 0]), encoding: 'identity, gzip' },
      ['*'],
    ],
    [
      'a character set in which the first byte tells nothing',
      OPENAI,
      { body: '+AHs-', type: 'application/json; charset=utf-7' },
      ['*'],
    ],
    [
      'a second type with another character set',
      OPENAI,
      { body: '+AHs-', type: 'application/json, application/json; charset=utf-7' },
      ['*'],
    ],
    [
      'protocol buffers',
      'europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/models/m:generateContent',
      { body: Buffer.from([0x12, 0x03, 0x61]), type: 'application/x-protobuf' },
      ['*'],
    ],
    ['an image is none', OPENAI, { body: Buffer.from([0x89, 0x50]), type: 'image/png' }, []],
  ])('%s', (_, url, parts, want) => {
    expect(read(url, parts).onward).toEqual(want)
    expect(needsBody(request(url, parts))).toBe(true)
  })
})

describe('a signature beside another proof of who is asking', () => {
  const auth = (...values: string[]) => ({ headers: { authorization: values } })
  const odd = signed('us-east-1').replace(', Signed', ' ,Signed')
  test.each<[string, string, RequestParts]>([
    ['one that cannot be read', 'b.s3.amazonaws.com/k', auth(odd, signed('eu-west-1'))],
    ['version 2', 'b.s3.amazonaws.com/k', auth('AWS AKIDEXAMPLE:c2ln', signed('eu-west-1'))],
    ['a token', 'sts.amazonaws.com/', auth(signed('eu-west-1'), 'Bearer x')],
    [
      'version 2 in the query',
      'b.s3.amazonaws.com/k?AWSAccessKeyId=AKIDEXAMPLE&Signature=x&Expires=1',
      auth(signed('eu-west-1')),
    ],
    [
      'presigned in another case',
      `b.s3.amazonaws.com/k?${presigned('us-east-1', 'x-amz-credential')}`,
      auth(signed('eu-west-1')),
    ],
    ['for a service without regions', 'iam.amazonaws.com/', auth(signed('us-east-1', 'iam'))],
  ])('%s: names no region', (_, url, parts) => {
    const { pieces } = read(url, parts)
    expect(pieces.length).toBeGreaterThan(0)
    expect(pieces.filter(([, , strength]) => strength !== 'none')).toEqual([])
  })
})

describe('a creation behind something that looks like none', () => {
  const constraint = (place: string) =>
    `<CreateBucketConfiguration><LocationConstraint>${place}</LocationConstraint></CreateBucketConfiguration>`
  const put = (place: string): RequestParts => ({ method: 'PUT', body: constraint(place) })
  test.each<[string, string, RequestParts, Regions]>([
    [
      'a target that the service does not know',
      'ec2.eu-west-1.amazonaws.com/',
      {
        headers: { authorization: signed('eu-west-1', 'ec2'), 'x-amz-target': 'A.ListThings' },
        body: 'Action=CopyImage&DestinationRegion=us-east-1',
      },
      ['IE', 'US'],
    ],
    [
      'a setting of the other provider, S3',
      's3.eu-west-1.amazonaws.com/new?storageClass',
      put('us-east-1'),
      ['US'],
    ],
    [
      'a setting of the other provider, Cloud Storage',
      'storage.googleapis.com/new?inventory',
      put('us-central1'),
      ['US'],
    ],
    [
      'a method in a field',
      'storage.googleapis.com/new',
      { ...put('us-central1'), method: 'POST', headers: { 'x-http-method-override': 'put' } },
      ['US'],
    ],
  ])('%s', (_, url, parts, want) => {
    expect(read(url, parts).creates).toEqual(want)
    expect(needsBody(request(url, parts))).toBe(true)
  })
})

test('a request that says very much says anything, and little is kept of it', () => {
  const models = Array.from({ length: 5_000 }, (_, i) => ({
    model: `arn:aws:bedrock:xx-${i}:1:foundation-model/x`.replace(/\d+/, (digits) =>
      [...digits].map((digit) => String.fromCharCode(97 + Number(digit))).join(''),
    ),
  }))
  const { evidence, pieces } = read('bedrock-agent-runtime.eu-central-1.amazonaws.com/retrieve', {
    body: { models },
  })
  expect(evidence.length).toBeLessThanOrEqual(65)
  expect(pieces).toContainEqual(['breadth', ANYWHERE, 'strong'])
  // The same thing said often is one thing.
  const often = read('bedrock-agent-runtime.eu-central-1.amazonaws.com/retrieve', {
    body: { models: Array.from({ length: 5_000 }, () => ({ model: 'anthropic.claude' })) },
  })
  expect(often.evidence).toHaveLength(1)
})

describe('a catalogue entry that asks for a field of the body', () => {
  const template = parseHostTemplate('geo.vendor.example')
  if ('fault' in template) throw new Error(template.fault)
  const condition = { path: null, method: null, query: null, header: null }
  const entry: CatalogueEntry = {
    id: 'vendor',
    vendor: 'Vendor',
    operator: null,
    hosts: [template.value],
    regions: ANYWHERE,
    followsRequest: false,
    servesModels: false,
    requests: [{ ...condition, field: { name: 'geo', values: ['eu'] }, regions: ['DE'] }],
    instead: [],
    source: 'https://vendor.example/',
    asOf: '2026-01-02',
    note: null,
  }
  const { sayRequest } = createKnowledge(REGIONS, [entry])
  test.each<[string, RequestParts, Regions]>([
    ['plain', { body: { geo: 'eu' }, type: 'application/json' }, ['DE']],
    ['identity', { body: { geo: 'eu' }, encoding: 'Identity' }, ['DE']],
    ['another character set', { body: { geo: 'eu' }, type: 'a/b; charset=utf-7' }, ANYWHERE],
    ['two codings', { body: { geo: 'eu' }, encoding: 'identity, br' }, ANYWHERE],
    ['not seen', { method: 'POST' }, ANYWHERE],
  ])('%s', (_, parts, want) => {
    const said = sayRequest(request('geo.vendor.example/', parts), Date.parse('2026-02-01'))
    expect(said?.evidence.map(({ claim }) => claim)).toEqual([want])
  })
})
