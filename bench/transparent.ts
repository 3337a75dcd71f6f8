/**
 * `npm run bench:transparent`: what a call costs that was taken over on its way, beside the same call through the proxy port. CPU time of the
 * proxy, over namespaces made for it; the two ways in turn, so that what the machine does besides falls upon both. Needs root.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ForcedNetwork, openForcedNetwork, type Way } from '../test/support/forced-network.ts'

const ROUNDS = 7
/** Calls on connections that stay open, and calls that open one of their own each. */
const WARM = 4_000
const COLD = 1_000
/** Clock ticks of /proc/PID/stat in a second. */
const TICKS = 100

/** Calls one after the other on each of four connections; straight to the origin, or through a proxy that it names. */
const CLIENT = `
const https = require('https')
const [, , count, kept, proxy] = process.argv
const open = () => new https.Agent({
  keepAlive: kept === 'kept', maxSockets: 4, proxyEnv: proxy ? { HTTPS_PROXY: proxy } : {},
})
const shared = open()
let left = Number(count)
const call = () => {
  if (left-- <= 0) return
  const agent = kept === 'kept' ? shared : open()
  https.get('https://api.de.test/bench', { agent }, (answer) => answer.resume().on('end', call))
}
for (let i = 0; i < 4; i++) call()
`

for (const way of ['redirect', 'tproxy'] as const) {
  await using net = await openForcedNetwork({ way, isAsked: true })
  const script = join(net.dir, 'client.cjs')
  writeFileSync(script, CLIENT)
  for (const [name, count, kept] of [
    ['warm', WARM, 'kept'],
    ['a connection each', COLD, 'new'],
  ] as const) {
    await compare(net, way, name, script, count, kept)
  }
}

async function compare(
  net: ForcedNetwork,
  way: Way,
  name: string,
  script: string,
  count: number,
  kept: string,
): Promise<void> {
  const micros = { explicit: [] as number[], taken: [] as number[] }
  for (let round = 0; round <= ROUNDS; round++) {
    for (const mode of ['explicit', 'taken'] as const) {
      const proxy = mode === 'explicit' ? ['http://10.77.0.1:3128'] : []
      const before = cpuOf(net)
      const { code, err } = await net.onHost(process.execPath, [
        script,
        String(count),
        kept,
        ...proxy,
      ])
      if (code !== 0) throw new Error(err)
      // The first round warms up.
      if (round > 0) micros[mode].push(((cpuOf(net) - before) / count) * 1e6)
    }
  }
  const [explicit, taken] = [median(micros.explicit), median(micros.taken)]
  const ratio = (taken / explicit).toFixed(2)
  console.log(`| ${way} | ${name} | ${explicit.toFixed(0)} | ${taken.toFixed(0)} | ${ratio} |`)
}

/** Seconds of CPU time that the proxy has used, in all its threads. */
function cpuOf({ proxy }: ForcedNetwork): number {
  const stat = readFileSync(`/proc/${proxy.process.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
