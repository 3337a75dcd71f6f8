/** Paths, queries and fields: what is taken out of them, what stays because it authenticates, and that their form stays. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../../src/inspect/recognizers/registry.ts'
import { Findings } from '../../../../src/inspect/redact/findings.ts'
import {
  type HeadJobs,
  rewriteFields,
  rewritePathPlainly,
  rewriteTarget,
} from '../../../../src/inspect/redact/head/head.ts'
import { type Job, REDACT_LIMITS } from '../../../../src/inspect/redact/reader.ts'
import { createScanner } from '../../../../src/inspect/scan/create-scanner.ts'

const scan = createScanner(RECOGNIZERS)
const SECRETS = new Set(
  RECOGNIZERS.filter(({ class: of }) => of === 'secret').map(({ type }) => type),
)

function open(by: (type: string) => string = (type) => `[${type}]`): {
  jobs: HeadJobs
  found: () => string[]
} {
  const findings = new Findings()
  const job: Job = {
    scan,
    replace: (type) => Buffer.from(by(type)),
    limits: REDACT_LIMITS,
    sealed: 'read',
    findings,
  }
  const credentials: Job = {
    ...job,
    replace: (type) => (SECRETS.has(type) ? null : Buffer.from(by(type))),
  }
  const found = () => findings.toList().map(({ type, path, count }) => `${type} ${path} ${count}`)
  const jobs = { job, fields: credentials, authentication: credentials, parameters: credentials }
  return { jobs: { ...jobs, host: 'storage.googleapis.com' }, found }
}

const MAIL = 'erika.mustermann@example.org'
const GITHUB = `ghp_${'16C7e42F292c6912E7710c838347Ae178B4a'.slice(0, 30)}`
const OPENAI = `sk-proj-${'Zk3vQ9xT7mL2pR8w'.repeat(3)}T3BlbkFJ${'aB4cD5eF6gH7iJ8k'.repeat(3)}`
const CARD = '4111111111111111'
const ACCOUNT = 'agent@project-1.iam.gserviceaccount.com'
const CREDENTIAL = `${ACCOUNT.replace('@', '%40')}%2F20260101%2Fauto%2Fstorage%2Fgoog4_request`
const IBAN = 'DE89370400440532013000'

describe('targets', () => {
  const label = (type: string) => `%5B${type}%5D`
  // biome-ignore format: a table
  const rows = [
    { name: 'a parameter', target: `/v1/x?email=${MAIL}&n=1`, want: `/v1/x?email=${label('email')}&n=1`, found: ['email query.email 1'] },
    { name: 'percent-encoded', target: '/x?q=to%20erika%40example.org%20now', want: `/x?q=to%20${label('email')}%20now`, found: ['email query.q 1'] },
    { name: 'encoded twice', target: '/x?to=https%3A%2F%2Fa.example%2F%3Fmail%3Derika%2540example.org', want: '/x?to=https%3A%2F%2Fa.example%2F%3Fmail%3D%255Bemail%255D', found: ['email query.to 1'] },
    { name: 'the name is the context', target: '/x?ssn=529990003&id=529990003', want: `/x?ssn=${label('us-ssn')}&id=529990003`, found: ['us-ssn query.ssn 1'] },
    { name: 'a parameter without a value', target: `/x?${MAIL}`, want: `/x?${label('email')}`, found: ['email query 1'] },
    { name: 'a name that is data', target: `/x?${MAIL}=1`, want: `/x?${label('email')}=1`, found: ['email query 1'] },
    { name: 'JSON in a parameter', target: `/x?filter=%7B%22iban%22%3A%22${IBAN}%22%7D`, want: `/x?filter=%7B%22iban%22%3A%22${label('iban')}%22%7D`, found: ['iban query.filter$.iban 1'] },
    { name: 'a segment', target: '/users/erika%40example.org/mails?x=1', want: `/users/${label('email')}/mails?x=1`, found: ['email path[2] 1'] },
    { name: 'the segment before is a word near it', target: '/ssn/529990003', want: `/ssn/${label('us-ssn')}`, found: ['us-ssn path[2] 1'] },
    { name: 'the segment before is no name of a field', target: '/password/reset', want: '/password/reset', found: [] },
    { name: 'a token that the caller shows', target: `/x?access_token=${GITHUB}&key=${OPENAI}`, want: `/x?access_token=${GITHUB}&key=${OPENAI}`, found: [] },
    { name: 'a token in another parameter', target: `/x?q=${OPENAI}`, want: `/x?q=${label('openai-key')}`, found: ['openai-key query.q 1'] },
    { name: 'what is no secret does not authenticate', target: `/x?token=${MAIL}`, want: `/x?token=${label('email')}`, found: ['email query.token 1'] },
    { name: 'a password', target: '/x?password=Tr0ub4dor-and-3', want: `/x?password=${label('password')}`, found: ['password query.password 1'] },
    { name: 'a bot of Telegram is addressed by its token', target: '/bot123456789:AAF1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P/getMe', want: '/bot123456789:AAF1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P/getMe', found: [] },
    { name: 'a signed URL says whose key it is', target: `/b/o?GoogleAccessId=${ACCOUNT}&X-Goog-Credential=${CREDENTIAL}&Signature=${GITHUB}&q=${MAIL}`, want: `/b/o?GoogleAccessId=${ACCOUNT}&X-Goog-Credential=${CREDENTIAL}&Signature=${GITHUB}&q=${label('email')}`, found: ['email query.q 1'] },
    { name: 'what only looks like one', target: `/b/o?GoogleAccessId=${MAIL}&X-Goog-Credential=${MAIL}&X-Goog-Date=${CARD}&X-Amz-Credential=${CARD}`, want: `/b/o?GoogleAccessId=${label('email')}&X-Goog-Credential=${label('email')}&X-Goog-Date=${label('payment-card')}&X-Amz-Credential=${label('payment-card')}`, found: ['email query.GoogleAccessId 1', 'email query.X-Goog-Credential 1', 'payment-card query.X-Goog-Date 1', 'payment-card query.X-Amz-Credential 1'] },
    { name: 'nothing', target: '/a//b/./../%7E?x=&&=&y', want: '/a//b/./../%7E?x=&&=&y', found: [] },
    { name: 'broken encoding', target: `/%zz/%e?%=${MAIL}%`, want: `/%zz/%e?%=${label('email')}%`, found: ['email query.* 1'] },
    { name: 'the server as a whole', target: '*', want: '*', found: [] },
  ]
  test.each(rows)('$name', ({ target, want, found }) => {
    const one = open()
    expect(rewriteTarget(one.jobs, target)).toBe(want)
    expect(one.found()).toEqual(found)
  })

  test('a segment that is taken out whole leads nowhere else', () => {
    const { jobs } = open(() => '')
    expect(rewriteTarget(jobs, `/a/${MAIL}/b`)).toBe('/a/-/b')
    expect(rewriteTarget(jobs, `/a/.${IBAN}./b`)).not.toContain('/../')
  })

  test('a path as it is written down', () => {
    const { jobs } = open()
    expect(rewritePathPlainly(jobs.job, '/users/erika%40example.org')).toBe('/users/[email]')
  })

  test('a long query takes time in proportion', () => {
    const { jobs } = open()
    const target = `/x?${'%25'.repeat(5_000)}&${'a=%2540&'.repeat(5_000)}`
    expect(rewriteTarget(jobs, target)).toBe(target)
  })
})

test.each(['Accept-X', 'Acceptor', 'If-X', 'Sec-X', 'Proxy-X', 'Access-Control-X', 'X-B3-X'])(
  'a field of no meaning that is called like one: %s',
  (name) => {
    const { jobs } = open()
    expect(rewriteFields(jobs, [name, MAIL])).toEqual([name, '[email]'])
  },
)

describe('whatever is around it', () => {
  const coded = (text: string, twice: boolean) =>
    fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((picks) => {
      const once = [...text].map((each, i) => (picks[i] ? encode(each) : each)).join('')
      return twice ? once.replaceAll('%', '%25') : once
    })
  const planted = fc.boolean().chain((twice) => coded(MAIL, twice))
  const word = fc.stringMatching(/^[xyz]{0,4}(?:%20|%2F)?$/)
  const target = fc
    .tuple(fc.array(fc.oneof(word, planted)), fc.array(fc.tuple(word, fc.oneof(word, planted))))
    .map(([path, query]) => {
      const pairs = query.map(([name, value]) => `${name}=${value}`)
      return `/${path.join('/')}?${pairs.join('&')}`
    })

  test('nothing of it is left, no segment and no parameter comes or goes, the rest stays', () => {
    fc.assert(
      fc.property(target, (text) => {
        const { jobs } = open()
        const left = rewriteTarget(jobs, text)
        const plainly = (piece: string) => decodeURIComponent(decodeURIComponent(piece))
        const split = (whole: string) => whole.split(/[/?&=]/)
        const want = split(text).map((piece) =>
          plainly(piece) === MAIL ? '[email]' : plainly(piece),
        )
        expect(split(left).map(plainly)).toEqual(want)
        // What is not taken out is not written in another way either.
        const clean = split(text).filter((piece) => plainly(piece) !== MAIL)
        expect(split(left).filter((piece) => plainly(piece) !== '[email]')).toEqual(clean)
      }),
      { numRuns: 500 },
    )
  })
})

/** Fields that frameworks, caches and proxies use, and nothing of which anybody checks. */
const READ = [
  ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Cache-Control', 'Pragma', 'Priority'],
  ...['If-Match', 'If-None-Match', 'If-Range', 'Range', 'ETag', 'Server', 'Via', 'Vary', 'Trailer'],
  ...['Idempotency-Key', 'Origin', 'SOAPAction', 'Expect', 'Allow', 'Content-Encoding'],
  ...[
    'Content-Language',
    'Content-MD5',
    'Digest',
    'Content-Digest',
    'Retry-After',
    'Server-Timing',
  ],
  ...['Sec-WebSocket-Key', 'Sec-WebSocket-Protocol', 'Sec-Fetch-Site', 'Sec-CH-UA', 'Date', 'Age'],
  ...['X-Amz-Date', 'X-Amz-Target', 'X-Amzn-Trace-Id', 'X-Amz-Tagging', 'X-B3-TraceId', 'B3'],
  ...['Traceparent', 'Tracestate', 'Authorization', 'WWW-Authenticate', 'DPoP', 'Signature-Input'],
  ...['Access-Control-Request-Headers', 'X-HTTP-Method-Override', 'Upgrade-Insecure-Requests'],
  ...['Content-Security-Policy', 'Strict-Transport-Security', 'Last-Modified', 'Content-Range'],
]

/** What SDKs, browsers and services say. */
const USUAL = `
accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8
accept-encoding: gzip, deflate, br, zstd
accept-language: de-DE,de;q=0.9,en-US;q=0.8
anthropic-version: 2023-06-01
authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41
authorization: OAuth realm="Example", oauth_consumer_key="0685bd9184jfhq22", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131200", oauth_nonce="4572616e48616d6d65724c61686176", oauth_signature="wOJIO9A2W5mFwDgiDvZbTSMK%2FPAY%3D"
authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
authorization: Digest username="Mufasa", realm="api", uri="/dir/index.html", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
cache-control: max-age=31536000, immutable
content-digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
content-md5: Q2hlY2sgSW50ZWdyaXR5IQ==
content-range: bytes 0-1023/146515000000
content-type: multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW
content-type: multipart/form-data; boundary=--------------------------735323031399963166993862
date: Tue, 15 Nov 1994 08:12:31 GMT
dpop: eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2In0.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIn0.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg
etag: "33a64df551425fcc55e4d42a148795d9f25f89d4"
etag: W/"0815-187a3c5d1f8"
expires: Thu, 01 Dec 1994 16:00:00 GMT
idempotency-key: stainless-node-retry-3f2b5c64-63d7-4b4b-bf4c-5a5b9c0b6a3f
if-modified-since: Sat, 29 Oct 1994 19:43:31 GMT
range: bytes=1000000000-1999999999
sec-ch-ua: "Chromium";v="124", "Google Chrome";v="124", "Not-A.Brand";v="99"
sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==
server: Apache/2.4.57 (Debian)
signature: sig1=:P0wLUszWQjoi54udOtydf9IWTfNhy+r53jGFj9XZuP4uKwxyJo1RSHi+oEF1FuX6O29d+lbxwwBao1BAgadijW+7O/PyezlTnqAOVPWx9GlyntiCiHzC87qmSQjvu1CFyFuWSjdGa3qLYYlNm7pVaJFalQiKWnUaqfT4LyttaXyoyZW84jS8gyarxAiWI97mPXU+OVM64+HVBHmnEsS+lTeIsEQo36T3NFf2CujWARPQg53r58RmpZ+J9eKR2CD6IJQvacn5A4Ix5BUAVGqlyp8JYm+S/CWJi31PNUjRRCusCVRj05NrxABNFv3r5S9IXf2fYJK+eyW4AiGVMvMcOg==:
signature-input: sig1=("@method" "@authority" "content-digest");created=1618884473;keyid="test-key-rsa-pss"
traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36
via: 1.1 varnish (Varnish/7.1), 1.1 google
x-amz-cf-id: 5yC9Nq4uhKvJTKq2mO0H6VJ8U1pD7zX9QG6wGqvO0hLr1V3qVn6yTg==
x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-amz-date: 20150830T123600Z
x-amz-id-2: eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran
x-amz-request-id: 318BC8BC148832E5
x-amz-target: DynamoDB_20120810.GetItem
x-amzn-requestid: 0a8b8b0c-2d0f-4f3f-8f6d-1f8b3b8e8f3d
x-amzn-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1
x-b3-spanid: a2fb4a1d1a96d312
x-b3-traceid: 463ac35c9f6413ad48485a3953bb6124
x-goog-api-client: gl-node/20.11.0 gccl/7.7.0 gccl-invocation-id/3f2b5c64-63d7-4b4b-bf4c-5a5b9c0b6a3f
x-stainless-runtime-version: v26.0.0
`
  .trim()
  .split('\n')
  .flatMap((line) => line.split(/: (.*)/s).slice(0, 2))

function encode(text: string): string {
  return `%${text.charCodeAt(0).toString(16).padStart(2, '0')}`
}

describe('fields', () => {
  // biome-ignore format: a table
  const rows = [
    { name: 'by its name', field: ['X-Customer-SSN', '529990003'], want: '[us-ssn]', found: ['us-ssn header.x-customer-ssn 1'] },
    { name: 'by its form', field: ['X-Note', `ask ${MAIL}`], want: 'ask [email]', found: ['email header.x-note 1'] },
    { name: 'UTF-8', field: ['X-Note', Buffer.from(`für ${MAIL}`).toString('latin1')], want: Buffer.from('für [email]').toString('latin1'), found: ['email header.x-note 1'] },
    { name: 'JSON', field: ['X-Meta', `{"mail":"${MAIL}"}`], want: '{"mail":"[email]"}', found: ['email header.x-meta$.mail 1'] },
    { name: 'baggage', field: ['Baggage', 'user=erika%40example.org,n=1'], want: 'user=%5Bemail%5D,n=1', found: ['email header.baggage 1'] },
    { name: 'what authenticates', field: ['Authorization', `Bearer ${GITHUB}`], want: `Bearer ${GITHUB}`, found: [] },
    { name: 'a key', field: ['X-Api-Key', OPENAI], want: OPENAI, found: [] },
    { name: 'another key', field: ['PRIVATE-TOKEN', OPENAI], want: OPENAI, found: [] },
    { name: 'a mail is no key', field: ['X-Api-Key', MAIL], want: '[email]', found: ['email header.x-api-key 1'] },
    { name: 'a secret elsewhere', field: ['X-Debug', OPENAI], want: '[openai-key]', found: ['openai-key header.x-debug 1'] },
    { name: 'cookies, each by its key', field: ['Cookie', `sid=${OPENAI}; mail="${MAIL}"; ssn=529990003; n=529990003`], want: `sid=${OPENAI}; mail="[email]"; ssn=[us-ssn]; n=529990003`, found: ['email cookie.mail$ 1', 'us-ssn cookie.ssn 1'] },
    { name: 'an encoded cookie', field: ['cookie', 'u=erika%40example.org'], want: 'u=%5Bemail%5D', found: ['email cookie.u 1'] },
    { name: 'where somebody comes from', field: ['Referer', `https://a.example/u/${MAIL}?email=${MAIL}&token=${GITHUB}#x`], want: `https://a.example/u/%5Bemail%5D?email=%5Bemail%5D&token=%5Bsecret-key%5D#x`, found: ['email header.referer 1', 'email header.referer.email 1', 'secret-key header.referer.token 1'] },
    { name: 'AWS', field: ['X-Amz-Security-Token', MAIL], want: '[email]', found: ['email header.x-amz-security-token 1'] },
    { name: 'what customers write about objects', field: ['x-amz-meta-owner', MAIL], want: '[email]', found: ['email header.x-amz-meta-owner 1'] },
    { name: 'a parameter of a type', field: ['Content-Type', `text/plain; x=${MAIL}`], want: 'text/plain; x=[email]', found: ['email header.content-type 1'] },
    { name: 'attributes of a cookie', field: ['Set-Cookie', `a=b; Path=/${CARD}; Expires=Wed, 21 Oct 2026 07:28:00 GMT`], want: 'a=b; Path=/[payment-card]; Expires=Wed, 21 Oct 2026 07:28:00 GMT', found: ['payment-card header.set-cookie 1'] },
    { name: 'the name of a cookie', field: ['Cookie', `${CARD}=1; b=2`], want: 'x-redacted=1; b=2', found: ['payment-card cookie 1'] },
    { name: 'a cookie that is given', field: ['Set-Cookie', `mail=${MAIL}; Path=/; Domain=a.example`], want: 'mail=[email]; Path=/; Domain=a.example', found: ['email cookie.mail 1'] },
    { name: 'where to go', field: ['Location', `/u?mail=${MAIL}&access_token=${GITHUB}`], want: `/u?mail=%5Bemail%5D&access_token=${GITHUB}`, found: ['email header.location.mail 1'] },
  ]
  test.each(rows)('$name', ({ field, want, found }) => {
    const one = open()
    expect(rewriteFields(one.jobs, ['A', 'b', ...field])).toEqual(['A', 'b', field[0], want])
    expect(one.found()).toEqual(found)
  })

  test('a name that is data is not told', () => {
    const one = open()
    const list = [`X-${CARD}`, MAIL, 'X-N', '1']
    for (let times = 1; times <= 2; times++) {
      expect(rewriteFields(one.jobs, list)).toEqual(['x-redacted', '[email]', 'X-N', '1'])
      const found = [`payment-card header ${times}`, `email header.* ${times}`]
      expect(one.found()).toEqual(found)
    }
  })

  test.each(READ)('%s is read', (name) => {
    const { jobs } = open()
    for (const value of [CARD, `a=${CARD}; b`, `"${CARD}"`, MAIL]) {
      const [, now] = rewriteFields(jobs, [name, value])
      expect(now).not.toContain(value === MAIL ? MAIL : CARD)
    }
  })

  test('what is usual has nothing in it', () => {
    const one = open()
    expect(rewriteFields(one.jobs, USUAL)).toBe(USUAL)
    expect(one.found()).toEqual([])
  })

  test('what is put there stays in its line', () => {
    const { jobs } = open(() => 'a\r\nSet-Cookie: b=c\0\x7f\td')
    expect(rewriteFields(jobs, ['X-Note', `by ${MAIL}`])).toEqual([
      'X-Note',
      'by a Set-Cookie: b=c \td',
    ])
  })

  test('what was there before is known again, and nothing else', () => {
    const one = open()
    for (const [value, want] of [
      ['a', 'a'],
      [CARD, '[payment-card]'],
      ['a', 'a'],
      [CARD, '[payment-card]'],
    ] as const) {
      expect(rewriteFields(one.jobs, ['X-Note', value])).toEqual(['X-Note', want])
      expect(rewriteFields(one.jobs, ['X-Other', value])).toEqual(['X-Other', want])
    }
    expect(one.found()).toEqual(['payment-card header.x-note 2', 'payment-card header.x-other 2'])
  })

  test('digits where an identifier of a trace stands', () => {
    const { jobs } = open()
    const list = ['x-b3-spanid', CARD, 'Date', `Sun, ${CARD} GMT`, 'Age', CARD]
    expect(rewriteFields(jobs, list).join()).not.toContain(CARD)
  })

  test('the same list where there is nothing', () => {
    const list = ['Host', 'a.example', 'User-Agent', 'x/1.0 (y; 2.3.4)', 'X-Request-Id', 'abc']
    expect(rewriteFields(open().jobs, list)).toBe(list)
  })
})
