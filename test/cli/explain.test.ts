/** `cordon explain` and `cordon locate`: the verdict as enforcement would give it, with everything it rests on. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { type DnsServer, openDnsServer } from '../support/dns-server.ts'
import { temporaryFolder } from '../support/folder.ts'
import { cordon as run } from './cordon.ts'

let dir: string
let dns: DnsServer
const stack = new AsyncDisposableStack()
beforeAll(async () => {
  dir = stack.use(await temporaryFolder()).path
  dns = stack.use(
    await openDnsServer({
      records: {
        'api.de.test': { A: ['127.0.0.10'] },
        'api.us.test': { A: ['127.0.0.20'] },
        'both.test': { A: ['127.0.0.10', '127.0.0.20'] },
        'alias.test': { CNAME: 'api.de.test' },
        'inner.test': { A: ['10.1.2.3'] },
        'unknown.test': { A: ['127.0.0.40'] },
        'pinned.test': { A: ['127.0.0.10'] },
        'b.s3.amazonaws.com': { A: ['127.0.0.40'] },
        'xn--mnchen-3ya.test': { A: ['127.0.0.10'] },
      },
    }),
  )
  const policy = (mode: string) => `version: 1
mode: ${mode}
dns: { servers: ["${dns.address}"], hosts: false }
home: EEA
hold: { wait: 20s }
reviewers: [{ id: anna, groups: [dpo] }, { id: carl, groups: [dpo] }]
agents: [{ id: traveller, zones: [EEA, US], groups: [staff], owner: carl }]
destinations:
  - { cidr: 127.0.0.10/32, region: DE, because: lab in Germany }
  - { cidr: 127.0.0.20/32, region: US, because: lab in the United States }
  - { cidr: 127.0.0.40/32, because: lab without a place }
intercept: { never: [pinned.test] }
rules:
  - { id: no-uploads, because: GDPR art. 44, when: { placement: outside, method: [POST, PUT] }, then: block }
  - { id: staff-only, because: a test, when: { path: /secret, group: staff }, then: hold, hold: { reviewers: dpo, expires: 90m } }
  - { id: perhaps, because: a trial, when: { path: /trial }, then: block, mode: observe }
  - { id: secrets, because: a test, when: { path: /sealed }, then: block }
`
  write(dir, { 'cordon.yaml': policy('enforce'), 'observe.yaml': policy('observe') })
})
afterAll(() => stack.disposeAsync())

const cordon = (...args: string[]) => run(dir, args)

test('a field that the origin will not get says nothing, as in the proxy', async () => {
  const sources = async (...connection: string[]) => {
    const fields = ['--header', 'X-Amz-Bucket-Region: eu-west-1', ...connection]
    const { out } = await cordon('explain', '--json', 'https://b.s3.amazonaws.com/k', ...fields)
    const { evidence } = JSON.parse(out) as { evidence: { source: string }[] }
    return evidence.map(({ source }) => source)
  }
  expect(await sources()).toContain('x-amz-bucket-region')
  expect(await sources('Connection: close, X-Amz-Bucket-Region')).not.toContain(
    'x-amz-bucket-region',
  )
})

async function explain(...args: string[]) {
  const { code, out, err } = await cordon('explain', '--json', ...args)
  expect(err).toBe('')
  return { exitCode: code, ...JSON.parse(out) }
}

test('in words', async () => {
  const call = ['explain', 'https://api.us.test/v1/files?key=1', '--method', 'POST']
  const { code, out, err } = await cordon(...call)
  expect({ code, err }).toEqual({ code: 2, err: '' })
  // The dates of the country files change.
  expect(out.replace(/\(\d{4}-\d\d-\d\d\)/g, '(date)')).toBe(`\
BLOCK  POST api.us.test:443 as anonymous
  because    rule \`no-uploads\` says block (GDPR art. 44); US is outside the allowed zone (EEA)
  place      US: 127.0.0.20/32 is declared to be US (lab in the United States)
  placement  outside, measured against EEA
  evidence
      declaration     destinations: 127.0.0.20/32 says US of 127.0.0.20 (127.0.0.20/32 is declared to be US (lab in the United States))
      geoip           geo-whois-asn-country (date) says nothing of 127.0.0.20
      geoip           dbip-country (date) says nothing of 127.0.0.20
      dns             udp://${dns.address} answers 127.0.0.20
  rules
    * no-uploads: block (GDPR art. 44)
        yes   the placement is \`outside\`
        yes   the method is \`POST\` or \`PUT\`
      perhaps: block, only observed (a trial)
        no    the path is \`/trial\`
      secrets: block (a test)
        no    the path is \`/sealed\`
      staff-only: hold (a test)
        no    the agent is in group \`staff\`
        no    the path is \`/secret\`
  code       rule-no-uploads
  next       ask the operator of this proxy to allow or declare the destination
`)
})

/** What an explanation says of holds and of what is only observed. */
async function lines(...args: string[]): Promise<readonly string[]> {
  const { out } = await cordon('explain', ...args)
  return out.split('\n').filter((line) => /^ {2}(would|approval|waits) |~|^[A-Z]/.test(line))
}

test('who may approve what is held, and how long it waits', async () => {
  expect(await lines('https://api.de.test/secret', '--agent', 'traveller')).toEqual([
    'HOLD  GET api.de.test:443 as traveller',
    '  approval   1 of dpo: anna; not carl, who may not decide about it',
    '  waits      20s, then its client has to come again; can be approved for 90m; ends when its client leaves',
  ])
  expect(await lines('https://unknown.test/')).toEqual([
    'HOLD  GET unknown.test:443 as anonymous',
    '  approval   1 of any reviewer: admin, anna, carl',
    '  waits      20s, then its client has to come again; can be approved for 1h; ends when its client leaves',
  ])
})

test('what a rule would do that is only observed', async () => {
  expect(await lines('https://api.de.test/trial')).toEqual([
    'ALLOW  GET api.de.test:443 as anonymous',
    '    ~ perhaps: block, only observed (a trial)',
    '  would      block, if rule `perhaps` were not only observed',
  ])
})

describe('the verdict, and the exit code that goes with it', () => {
  test.each<[args: string[], code: number, expected: object]>([
    [
      ['https://api.de.test/'],
      0,
      { action: 'allow', placement: 'inside', regions: ['DE'], code: null, next: null },
    ],
    [
      ['https://api.us.test/'],
      2,
      { action: 'block', placement: 'outside', code: 'placement-outside', rule: null },
    ],
    [
      ['https://both.test/'],
      0,
      { placement: 'inside', regions: ['DE'], addresses: ['127.0.0.10'], dropped: ['127.0.0.20'] },
    ],
    [['https://unknown.test/'], 2, { action: 'hold', placement: 'unknown', regions: [] }],
    [['https://inner.test/'], 2, { action: 'block', code: 'address-prohibited', addresses: [] }],
    [['https://missing.test/'], 2, { action: 'block', code: 'dns-not-found', evidence: [] }],
    // What is known of a name is shown although it leads nowhere, and allows nothing.
    [
      ['https://eu.api.openai.com/'],
      2,
      { code: 'dns-not-found', regions: [], evidence: [{ kind: 'catalogue' }] },
    ],
    [['https://169.254.169.254/'], 2, { action: 'block', code: 'address-prohibited' }],
    [['http://127.0.0.1:3128/'], 2, { action: 'block', code: 'proxy-loop' }],
    [['https://alias.test/'], 0, { cnames: ['api.de.test'], host: 'alias.test' }],
    [
      ['HTTP://API.DE.TEST.:8080'],
      0,
      { scheme: 'http', host: 'api.de.test', port: 8080, path: '/', mode: 'absolute' },
    ],
    [
      ['https://münchen.test/straße?x=1#y'],
      0,
      { host: 'xn--mnchen-3ya.test', path: '/stra%C3%9Fe' },
    ],
    [
      ['https://api.us.test/', '--agent', 'traveller'],
      0,
      { agent: 'traveller', groups: ['staff'] },
    ],
    [
      ['https://api.de.test/secret', '--agent', 'traveller'],
      2,
      {
        action: 'hold',
        rule: 'staff-only',
        code: 'hold-pending',
        would: null,
        hold: {
          rules: ['staff-only'],
          approvals: [{ says: '1 of dpo', quorum: 1, people: ['anna'], barred: ['carl'] }],
          wait_ms: 20_000,
          expires_ms: 5_400_000,
          durable: false,
        },
      },
    ],
    [
      ['https://api.de.test/trial'],
      0,
      { action: 'allow', would: 'would_block', hold: null, code: null },
    ],
    [
      ['https://api.de.test/secret', '--group', 'staff'],
      2,
      { action: 'hold', agent: 'anonymous', groups: ['staff'] },
    ],
    [['https://api.de.test/x/..%2fsealed'], 2, { action: 'block', rule: 'secrets' }],
    [['https://api.us.test/', '--method', 'put'], 2, { rule: 'no-uploads', method: 'put' }],
    // Nobody looks into that tunnel, so it could be anything.
    [
      ['https://pinned.test/harmless'],
      2,
      { rule: 'secrets', method: null, path: null, scheme: 'tcp', inspection: 'sni' },
    ],
    [['http://pinned.test/harmless'], 0, { action: 'allow', inspection: 'headers' }],
    [
      ['https://api.us.test/', '--config', 'observe.yaml'],
      2,
      { action: 'block', enforced: false, would: 'would_block' },
    ],
  ])('%j: %i', async (args, exitCode, expected) => {
    expect(await explain(...args)).toMatchObject({ ...expected, exitCode })
  })

  test('--json has the names of the columns', async () => {
    expect(Object.keys(await explain('https://api.de.test/'))).toEqual(
      expect.arrayContaining(
        'mode agent groups method scheme host port path regions placement evidence action rule because reason inspection policy_digest'.split(
          ' ',
        ),
      ),
    )
  })
})

describe('what cannot be explained: 3', () => {
  test.each([
    [[], 'name a URL or a flow, one of them'],
    [['https://api.de.test/', '--flow', '1'], 'name a URL or a flow, one of them'],
    [['api.de.test'], '`api.de.test`: not an http:// or https:// URL'],
    [['ftp://api.de.test/'], '`ftp://api.de.test/`: not an http:// or https:// URL'],
    [['https://user@api.de.test/'], 'characters that no host name may have'],
    [['https:///x'], 'not an http:// or https:// URL'],
    [['https://api.de.test:0/'], 'the port is not 1 to 65535'],
    [['https://api.de.test\\@evil.test/'], 'characters that no host name may have'],
    [['https://api.de.test/', '--agent', 'a b'], '`a b` cannot be the name of an agent or group'],
    [['https://api.de.test/', '--group', 'a/b'], '`a/b` cannot be the name of an agent or group'],
    [['--flow', 'x'], '`x` is not the number of a flow'],
    [['--flow', '0'], '`0` is not the number of a flow'],
  ])('%j', async (args, message) => {
    const { code, out, err } = await cordon('explain', ...args)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^cordon: error: /)
    expect(err).toContain(message)
  })
})

test('what would change a place nobody is sure of', async () => {
  const change = async (host: string) => {
    const { out } = await cordon('locate', host, '--json')
    return (JSON.parse(out) as { change: string[] }).change
  }
  expect(await change('api.de.test')).toEqual([])
  expect(await change('unknown.test')).toEqual([
    '`cordon geoip update` brings what providers say about their own addresses',
    'if you know where it is, declare it: destinations: [{ host: unknown.test, region: [..], because: .. }]',
  ])
  expect((await change('2a02:2e0:3fe:1001:302::')).at(-1)).toContain(
    'cidr: "2a02:2e0:3fe:1001:302::"',
  )
})

describe('locate', () => {
  test.each<[host: string, code: number, expected: object]>([
    ['both.test', 0, { host: 'both.test', regions: ['DE', 'US'], placement: 'straddling' }],
    ['missing.test', 2, { regions: [], error: 'dns-not-found' }],
    ['::1', 2, { host: '::1', regions: [], error: 'address-prohibited' }],
  ])('%s: %i', async (host, exitCode, expected) => {
    const { out, err, code } = await cordon('locate', '--json', host)
    expect({ code, err }).toEqual({ code: exitCode, err: '' })
    expect(JSON.parse(out)).toMatchObject(expected)
  })
})
