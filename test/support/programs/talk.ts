/** Says pieces of bytes over TCP, and prints what came back: see `talk` of the forced network. */

import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

interface Given {
  readonly to: string
  readonly pieces: readonly string[]
  readonly until: string
  readonly pause: number
  readonly end: boolean
}

const given = JSON.parse(process.argv[2] ?? '') as Given
const colon = given.to.lastIndexOf(':')
const host = given.to.slice(0, colon).replace(/[[\]]/g, '')
const socket = net.connect({ host, port: Number(given.to.slice(colon + 1)), noDelay: true })
let heard = ''
const finish = (end: string) => {
  process.stdout.write(JSON.stringify({ heard, end }), () => process.exit(0))
}
socket.on('data', (piece) => {
  heard += piece.toString('latin1')
  if (given.until !== '' && heard.includes(given.until)) finish('until')
})
socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'))
socket.on('close', () => finish('close'))
socket.on('connect', async () => {
  for (const piece of given.pieces) {
    socket.write(Buffer.from(piece, 'base64'))
    await sleep(given.pause)
  }
  if (given.end) socket.end()
})
