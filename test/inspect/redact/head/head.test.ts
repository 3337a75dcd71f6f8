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
  return { jobs: { job, fields: credentials, parameters: credentials }, found }
}

const MAIL = 'erika.mustermann@example.org'
const GITHUB = `ghp_${'16C7e42F292c6912E7710c838347Ae178B4a'.slice(0, 30)}`
const OPENAI = `sk-proj-${'Zk3vQ9xT7mL2pR8w'.repeat(3)}T3BlbkFJ${'aB4cD5eF6gH7iJ8k'.repeat(3)}`
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
    { name: 'a signed URL says whose key it is', target: `/b/o?GoogleAccessId=${MAIL}&X-Goog-Credential=a%40b-c.example.com%2F20260101&Signature=${GITHUB}&q=${MAIL}`, want: `/b/o?GoogleAccessId=${MAIL}&X-Goog-Credential=a%40b-c.example.com%2F20260101&Signature=${GITHUB}&q=${label('email')}`, found: ['email query.q 1'] },
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
    { name: 'AWS', field: ['X-Amz-Security-Token', MAIL], want: MAIL, found: [] },
    { name: 'what customers write about objects', field: ['x-amz-meta-owner', MAIL], want: '[email]', found: ['email header.x-amz-meta-owner 1'] },
    { name: 'framing', field: ['Content-Type', `text/plain; x=${MAIL}`], want: `text/plain; x=${MAIL}`, found: [] },
    { name: 'a name that is data is not told', field: ['X-4111111111111111', MAIL], want: '[email]', found: ['email header.* 1'] },
    { name: 'a cookie that is given', field: ['Set-Cookie', `mail=${MAIL}; Path=/; Domain=a.example`], want: 'mail=[email]; Path=/; Domain=a.example', found: ['email cookie.mail 1'] },
    { name: 'where to go', field: ['Location', `/u?mail=${MAIL}&access_token=${GITHUB}`], want: `/u?mail=%5Bemail%5D&access_token=${GITHUB}`, found: ['email header.location.mail 1'] },
  ]
  test.each(rows)('$name', ({ field, want, found }) => {
    const one = open()
    expect(rewriteFields(one.jobs, ['A', 'b', ...field])).toEqual(['A', 'b', field[0], want])
    expect(one.found()).toEqual(found)
  })

  test('the same list where there is nothing', () => {
    const list = ['Host', 'a.example', 'User-Agent', 'x/1.0 (y; 2.3.4)', 'X-Request-Id', 'abc']
    expect(rewriteFields(open().jobs, list)).toBe(list)
  })
})
