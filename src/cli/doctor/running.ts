/** What a running proxy says of itself, and what its port does with a call that may never pass. */

import { connect } from 'node:net'
import type { Settings } from '../../config/load.ts'
import { type ExposedSample, parseExposition } from '../../metrics/exposition.ts'
import { clock } from '../compose/process.ts'
import { toHostPort } from '../endpoints.ts'
import { sayRules } from '../observed.ts'
import { type Finding, fail, ok, skip, warn } from './finding.ts'

export interface Where {
  /** `host:port` */
  readonly proxy: string
  /** Null when the configuration has none. */
  readonly console: string | null
}

const DAY_S = 86_400
/** Ages at which data about places are too old to lean on: see geoip/README.md, how often they are right. */
const OLD_DAYS = 45
const SKEW_S = 5
const WAIT_MS = 5_000
/** More than /metrics ever is. */
const MAX_BYTES = 4 * 1024 * 1024

/** @param settings what the files say now */
export async function lookAtRunning(
  { proxy, console }: Where,
  settings: Settings,
): Promise<readonly Finding[]> {
  const port = await lookAtPort(proxy)
  if (console === null) {
    const hint = 'set `listen.console`: then /readyz and /metrics say how it is'
    return [port, skip('console', 'the configuration has none', hint)]
  }
  const ready = await ask(console, '/readyz')
  if ('fault' in ready) return [port, fail('console', `${console}: ${ready.fault}`, START)]
  const metrics = await ask(console, '/metrics')
  const samples = 'fault' in metrics ? null : parseExposition(metrics.text)
  if (!samples || samples.length === 0) {
    return [port, lookAtReady(ready), fail('metrics', 'they cannot be read', null)]
  }
  return [port, lookAtReady(ready), ...lookAtMetrics(samples, settings)]
}

const START = 'start it with `cordon start`, or name another with --proxy and --console'

/**
 * Asks for a tunnel to the proxy itself: whatever the policy, that is refused, and on record. Who answers otherwise is no Cordon or
 * does not decide.
 */
async function lookAtPort(proxy: string): Promise<Finding> {
  const answer = await exchange(proxy, `CONNECT ${proxy} HTTP/1.1\r\nHost: ${proxy}\r\n\r\n`)
  if ('fault' in answer) return fail('port', `${proxy}: ${answer.fault}`, START)
  const code = /"code":"([a-z0-9-]+)"/.exec(answer.text)?.[1]
  const flow = /"flow":(\d+)/.exec(answer.text)?.[1]
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer.text)?.[1]
  if (code === 'agent-unknown') return ok('port', `${proxy} asks who is calling (407)`)
  if (status === undefined || status.startsWith('2') || code === undefined) {
    return fail('port', `${proxy} answers, but not as Cordon does`, 'is it another program?')
  }
  if (flow === undefined) return fail('port', `${proxy} refuses everything: ${code}`, null)
  return ok('port', `${proxy} refuses a call to itself (${code}, flow ${flow})`)
}

interface Answer {
  readonly status: number
  readonly text: string
}

function lookAtReady({ status, text }: Answer): Finding {
  return status === 200 ? ok('ready', 'yes') : fail('ready', text.trim().slice(0, 300), null)
}

function lookAtMetrics(samples: readonly ExposedSample[], settings: Settings): Finding[] {
  const of = (name: string) => samples.filter((sample) => sample.name === `cordon_${name}`)
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    of(name)
      .filter((sample) => Object.entries(labels).every(([k, v]) => sample.labels[k] === v))
      .reduce((total, { value }) => total + value, 0)
  return [
    lookAtPolicy(of('policy_info')[0]?.labels ?? {}, settings),
    lookAtQueue(sum('audit_queue')),
    lookAtAges(of('data_age_seconds')),
    lookAtClock(sum('time_seconds')),
    lookAtHandshakes(sum('events_total', { event: 'client-tls-failed' })),
    lookAtMismatches(sum('events_total', { event: 'residency-mismatch' })),
    ok(
      'load',
      `${sum('client_connections')} client connections, ${sum('flows_total')} flows since the start`,
    ),
  ]
}

function lookAtPolicy(
  { digest = '', mode }: Readonly<Record<string, string>>,
  { policy }: Settings,
): Finding {
  const found = `${digest.slice(0, 12)}, ${mode === 'enforce' ? 'enforced' : 'observed only'}`
  if (digest !== policy.digest) {
    const hint =
      'a reload may have failed: see what the proxy says after SIGHUP, and `cordon check`'
    return warn('policy', `${found}; the files here say ${policy.digest.slice(0, 12)}`, hint)
  }
  if (mode !== 'enforce') {
    const hint = 'take `mode: observe` or --observe away'
    return warn('policy', `${found}: nothing is blocked or held`, hint)
  }
  const observed = policy.rules.filter((rule) => rule.observed).map(({ id }) => id)
  if (observed.length === 0) return ok('policy', found)
  const hint =
    'see what they would do: `cordon flows --would block`, `--would hold`; then take `mode: observe` away'
  return warn('policy', `${found}, but only observed: ${sayRules(observed)}`, hint)
}

/** Rows that wait for a commit; each is a call that waits. */
const MANY_ROWS = 10_000

function lookAtQueue(rows: number): Finding {
  const found = `${rows} rows wait to be written`
  return rows > MANY_ROWS
    ? warn('log queue', found, 'is the disk too slow?')
    : ok('log queue', found)
}

function lookAtAges(samples: readonly ExposedSample[]): Finding {
  const days = samples.map(({ labels, value }) => ({
    source: labels.source ?? '',
    days: Math.floor(value / DAY_S),
  }))
  const old = days.filter((one) => one.days > OLD_DAYS)
  const all = days.map((one) => `${one.source} ${one.days} d`).join(', ')
  return old.length === 0
    ? ok('data ages', all)
    : warn('data ages', all, '`cordon geoip update`, or newer files under `geoip.files`')
}

function lookAtClock(theirs: number): Finding {
  const skew = Math.round(theirs - clock.now() / 1_000)
  const found = `the proxy's is ${skew} s off this one's`
  return Math.abs(skew) > SKEW_S
    ? warn('clock', found, 'tokens and certificates are judged by time: use NTP')
    : ok('clock', found)
}

function lookAtHandshakes(failed: number): Finding {
  if (failed === 0) return ok('clients', 'no TLS handshake of a client has failed')
  const hint = 'a client may not trust the CA (`cordon env`) or pin a host (`intercept: never`)'
  return warn('clients', `${failed} TLS handshakes of clients have failed`, hint)
}

function lookAtMismatches(count: number): Finding {
  if (count === 0) return ok('residency', 'no host has answered from elsewhere')
  return warn('residency', `${count} answers were made elsewhere`, 'see `cordon residency`')
}

function ask(at: string, path: string): Promise<Answer | { readonly fault: string }> {
  return fetch(`http://${at}${path}`, {
    signal: AbortSignal.timeout(WAIT_MS),
    redirect: 'error',
  }).then(
    async (response) => ({ status: response.status, text: await readText(response) }),
    (error: Error) => ({
      fault: error.cause instanceof Error ? error.cause.message : error.message,
    }),
  )
}

async function readText(response: Response): Promise<string> {
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8')
    if (text.length > MAX_BYTES) return ''
  }
  return text
}

/** One request as it is and what comes back, by a connection that is then closed. */
function exchange(at: string, request: string): Promise<Answer | { readonly fault: string }> {
  const [host, port] = toHostPort(at)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host, port })
    const timer = setTimeout(() => end({ fault: 'no answer within 5 s' }), WAIT_MS)
    const end = (result: Answer | { readonly fault: string }) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (text.length > 65_536 || /\r\n\r\n[\s\S]*"code"/.test(text)) end({ status: 0, text })
    })
    socket.on('error', (error) => end({ fault: error.message }))
    socket.on('close', () => end({ status: 0, text }))
  })
}
