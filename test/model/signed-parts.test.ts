/** Which parts of a head are signed. */

import { expect, test } from 'vitest'
import { readSignedParts } from '../../src/model/signed-parts.ts'

interface Row {
  readonly name: string
  readonly query?: string
  readonly head?: Readonly<Record<string, string>>
  readonly path: boolean
  readonly signsQuery: boolean
  readonly fields?: readonly string[]
  readonly not?: readonly string[]
}

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  { name: 'nothing', path: false, signsQuery: false, not: ['x-note'] },
  { name: 'a bearer token', head: { authorization: 'Bearer abc' }, path: false, signsQuery: false, not: ['x-note'] },
  { name: 'SigV4', head: { authorization: 'AWS4-HMAC-SHA256 Credential=A/20260101/eu/s3/aws4_request, SignedHeaders=host;x-amz-date;X-Note, Signature=ab' }, path: true, signsQuery: true, fields: ['host', 'x-note'], not: ['x-other'] },
  { name: 'SigV4 of another cloud', head: { authorization: 'TC3-HMAC-SHA256 Credential=A, SignedHeaders=content-type;host, Signature=ab' }, path: true, signsQuery: true, fields: ['host'], not: ['x-other'] },
  { name: 'a presigned URL', query: 'X-Amz-SignedHeaders=host%3Bx-note&X-Amz-Signature=ab', path: true, signsQuery: true, fields: ['x-note'], not: ['x-other'] },
  { name: 'a shared access signature', query: 'sv=2024-01-01&sig=ab%3D', path: true, signsQuery: true },
  { name: 'a shared key', head: { authorization: 'SharedKey account:ab' }, path: true, signsQuery: true, fields: ['x-ms-date'], not: ['x-note'] },
  { name: 'OAuth 1', head: { authorization: 'OAuth oauth_consumer_key="a", oauth_signature="b"' }, path: true, signsQuery: true },
  { name: 'OAuth as a word', head: { authorization: 'OAuth abcdef' }, path: false, signsQuery: false },
  { name: 'message signatures, a part', head: { 'signature-input': 'a=("@method" "@path" "x-note");keyid="k"' }, path: true, signsQuery: false, fields: ['x-note'], not: ['x-other'] },
  { name: 'message signatures, all', head: { 'signature-input': 'a=("@target-uri")' }, path: true, signsQuery: true },
  { name: 'message signatures, a parameter', head: { 'signature-input': 'a=("@query-param";name="x")' }, path: false, signsQuery: true },
  { name: 'the draft', head: { authorization: 'Signature keyId="a",headers="(request-target) date x-note",signature="b"' }, path: true, signsQuery: true, fields: ['date', 'x-note'] },
  { name: 'the draft in its own field', head: { signature: 'keyId="a",headers="date x-note",signature="b"' }, path: false, signsQuery: false, fields: ['x-note'] },
  { name: 'DPoP', head: { dpop: 'a.b.c' }, path: true, signsQuery: false },
]

test.each(ROWS)('$name', ({ query = null, head = {}, path, signsQuery, fields = [], not = [] }) => {
  const signed = readSignedParts(query, (name) => (head[name] === undefined ? [] : [head[name]]))
  expect({ path: signed.path, query: signed.query }).toEqual({ path, query: signsQuery })
  expect(fields.filter((name) => !signed.field(name))).toEqual([])
  expect(not.filter((name) => signed.field(name))).toEqual([])
})
