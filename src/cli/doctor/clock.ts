/** Whether the clock of this host agrees with the proxy's: certificates and tokens are judged by time, on either side. */

import { connect } from 'node:net'
import { type Finding, fail, ok, skip, warn } from './finding.ts'

const CHECK = 'clock'
const WAIT_MS = 5_000
/** Both say whole seconds, and an answer takes a moment. */
const SKEW_S = 5
/** Certificates of ours are valid from a day before they are made. */
const BROKEN_S = 86_400

/** Asks for a tunnel to the proxy itself, which is always refused, with the time. */
export async function lookAtClock({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): Promise<Finding> {
  const said = await hear(host, port)
  const date = /\r\ndate: ([^\r\n]+)\r\n/i.exec(said)?.[1]
  const theirs = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return skip(CHECK, 'the proxy does not say what time it is', null)
  const skew = Math.round((Date.now() - theirs) / 1_000)
  const found = `this host's is ${skew} s off the proxy's`
  if (Math.abs(skew) <= SKEW_S) return ok(CHECK, found)
  const hint = 'certificates and tokens are judged by time: use NTP on both'
  return Math.abs(skew) < BROKEN_S ? warn(CHECK, found, hint) : fail(CHECK, found, hint)
}

function hear(host: string, port: number): Promise<string> {
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return new Promise((resolve) => {
    let said = ''
    const socket = connect({ host, port })
    const end = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(said)
    }
    const timer = setTimeout(end, WAIT_MS)
    socket.on('connect', () =>
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`),
    )
    socket.on('data', (piece) => {
      said += piece.toString('latin1')
      if (said.includes('\r\n\r\n') || said.length > 65_536) end()
    })
    socket.on('error', end)
    socket.on('close', end)
  })
}
