/**
 * `npm run demo`: a proxy, a name server and stand-ins for APIs in several countries, all on this machine; real calls by a real
 * client; and a table of what happened. No network. Everything is left in one folder to look at.
 */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram, throughProxy } from '../support/clients.ts'
import { openDnsServer } from '../support/dns-server.ts'
import { httpsOrigin, makeRoot } from '../support/origins.ts'
import { type Flow, NODE, PROJECT, startProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'
import { issue } from '../tls/support.ts'

interface Call {
  readonly about: string
  readonly method: string
  readonly host: string
  readonly path: string
  readonly address: string
  /** What a POST carries; default: a prompt. */
  readonly body?: string
}

const CALLS: readonly Call[] = [
  {
    about: 'a German API',
    method: 'POST',
    host: 'api.de.demo',
    path: '/v1/chat',
    address: '127.0.0.10',
  },
  {
    about: 'an American API',
    method: 'POST',
    host: 'api.us.demo',
    path: '/v1/chat',
    address: '127.0.0.20',
  },
  {
    about: 'one in Ireland or the US',
    method: 'POST',
    host: 'api.either.demo',
    path: '/v1/chat',
    address: '127.0.0.30',
  },
  {
    about: 'one nobody can place',
    method: 'GET',
    host: 'api.somewhere.demo',
    path: '/',
    address: '127.0.0.40',
  },
  {
    about: 'the operator’s own, declared',
    method: 'GET',
    host: 'wiki.corp.demo',
    path: '/',
    address: '127.0.0.50',
  },
  {
    about: 'American, but reading is allowed',
    method: 'GET',
    host: 'models.us.demo',
    path: '/v1/models',
    address: '127.0.0.20',
  },
  {
    about: 'a German API, with personal data',
    method: 'POST',
    host: 'crm.de.demo',
    path: '/v1/notes',
    address: '127.0.0.10',
    body: '{"note":"Write to ada@example.com, she paid with 4111 1111 1111 1111"}',
  },
  {
    about: 'credentials of a cloud machine',
    method: 'GET',
    host: 'metadata.demo',
    path: '/latest/',
    address: '169.254.169.254',
  },
]

const CONFIG = `version: 1
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0" }
dns: { servers: ["DNS"], hosts: false }
tls: { extra_roots: [root.pem] }
home: EEA
destinations:                       # where the stand-ins are taken to be
  - { cidr: 127.0.0.10/32, region: [DE], because: stand-in for Germany }
  - { cidr: 127.0.0.20/32, region: [US], because: stand-in for the United States }
  - { cidr: 127.0.0.30/32, region: [IE, US], because: stand-in for a service in two places }
  - { cidr: 127.0.0.40/32, because: may be called but nobody says where it is }
  - { host: "*.corp.demo", region: [DE], because: our data centre }
rules:
  - id: nobody-is-there-to-look
    because: a demonstration does not have to wait for it
    when: { host: api.somewhere.demo }
    then: hold
    hold: { wait: 2s }                # 25 s unless you say otherwise
  - id: lists-of-models-may-be-read
    because: they hold nothing of ours
    when: { host: models.us.demo, method: [GET, HEAD] }
    then: allow
  - id: nobody-needs-to-know-who
    because: GDPR art. 5 (1) c
    when: { host: crm.de.demo }
    redact: { out: [email, payment-card], with: token }
`

const folder = join(tmpdir(), 'cordon-demo')
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
const root = makeRoot()
await writeFile(join(folder, 'root.pem'), root.pem)

await using dns = await openDnsServer({
  records: Object.fromEntries(CALLS.map(({ host, address }) => [host, { A: [address] }])),
})
const certificate = issue({ name: 'stand-in', issuer: root, hosts: CALLS.map(({ host }) => host) })
/** What the stand-in for the German CRM got; it says the same back, as a model does that repeats what it was told. */
let received = ''
await using origin = await httpsOrigin(certificate, {
  address: '0.0.0.0',
  handler(request, response) {
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      if (request.headers.host?.startsWith('crm.')) received = body
      response.setHeader('Content-Type', 'application/json')
      response.end(body || '{}')
    })
  },
})
await using proxy = await startProxy({
  dir: folder,
  files: { 'cordon.yaml': CONFIG.replace('DNS', dns.address) },
})

console.log('Calls by Node’s fetch with HTTPS_PROXY set; home is the EEA.\n')
const script = `
  for (const [method, url, body] of JSON.parse(process.argv[1])) {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(url, method === 'POST' ? { method, headers, body } : { method })
    const text = await response.text()
    if (url.includes('crm.')) console.log(text)
  }`
const urls = CALLS.map(({ method, host, path, body = '{"prompt":"hello"}' }) => [
  method,
  `https://${host}:${origin.port}${path}`,
  body,
])
const calling = runProgram(
  process.execPath,
  ['--input-type=module', '-e', script, JSON.stringify(urls)],
  {
    env: throughProxy(proxy),
  },
)
// A person looks at one of the two calls that are held, and nobody at the other.
const approved = await approveOne(({ host }) => host === 'api.either.demo')
const { code, out, err } = await calling
if (code !== 0) throw new Error(err)
await proxy.settled(CALLS.length)

const rows = CALLS.map((call) => {
  const flow = proxy.flows().find(({ host }) => host === call.host)
  return [call.about, `${call.method} ${call.host}`, sayPlace(flow), sayOutcome(flow)]
})
printTable(['CALL TO', 'REQUEST', 'PLACE', 'OUTCOME'], rows)
console.log(`
What left for crm.de.demo is not what the caller sent: tokens stand for what a rule takes out, and in the
answer the caller has the values again.
  sent      ${CALLS.find(({ host }) => host === 'crm.de.demo')?.body}
  received  ${received}
  answered  ${out.trim()}`)
const data = join(folder, 'data')
console.log(`
Somebody approved hold ${approved} with \`cordon approve\` while its client waited; nobody looked at
the other one, so its client was told to come again: the same request joins its hold, and passes
once it is approved.
${origin.seen.length} of ${CALLS.length} calls reached a stand-in. Why each was decided so is in the log; look at it with
  npx cordon flows --data ${data}
  npx cordon explain --flow ${proxy.flows().at(1)?.id} --config ${join(folder, 'cordon.yaml')}
  npx cordon holds --data ${data}
  npx cordon audit verify --data ${data}
  sqlite3 ${join(data, 'audit.db')} 'SELECT host, regions, outcome, reason FROM cross_region_flows'
The policy is ${join(folder, 'cordon.yaml')}; remove ${folder} when you have seen enough.`)

function sayPlace(flow: Flow | undefined): string {
  const regions = JSON.parse(flow?.regions ?? '[]') as string[]
  return `${regions.join(', ') || 'unknown'} (${flow?.placement})`
}

function sayOutcome(flow: Flow | undefined): string {
  if (flow?.outcome !== 'forwarded') {
    return `${flow?.action === 'hold' ? 'held: nobody has decided' : 'blocked'} (${flow?.error})`
  }
  if (flow.action === 'hold') return `held, approved by ${flow.approver}, forwarded`
  const redacted = Number(flow.redactions_out) > 0 ? `, ${flow.redactions_out} values redacted` : ''
  return flow.rule ? `allowed by rule ${flow.rule}` : `allowed${redacted}`
}

/** As the command line of a reviewer does it. @returns the id of the hold */
async function approveOne(isIt: (hold: { readonly host: string }) => boolean): Promise<string> {
  const env = { CORDON_TOKEN: proxy.adminToken ?? '' }
  const cordon = async (...args: string[]) => {
    const command = [...NODE.slice(1), join(PROJECT, 'src/main.ts'), ...args]
    const { code, out, err } = await runProgram(NODE[0], command, { cwd: folder, env })
    if (code !== 0) throw new Error(err)
    return out
  }
  const { id } = await eventually('the call to be held', async () => {
    const holds = JSON.parse(await cordon('holds', '--json')) as { id: string; host: string }[]
    return holds.find(isIt) ?? null
  })
  await cordon('approve', id, '--reason', 'a demonstration')
  return id
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}
