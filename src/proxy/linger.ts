/**
 * The polite end of a connection whose peer may still be sending: closing with unread bytes would make the kernel send RST, and
 * the peer could lose the answer it was just given (RFC 9112 section 9.6).
 */

import type { Channel } from './channel.ts'

const LINGER_MS = 5_000
/** For the peer to take what was written before. */
const UNSENT_MS = 60_000
const LINGER_BYTES = 16 * 1024 * 1024

/** Sends FIN after what was written, reads and forgets what still comes, within bounds, then closes. */
export function linger(socket: Channel): void {
  if (socket.destroyed) return
  let left = LINGER_BYTES
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) socket.destroy()
  })
  socket.once('end', () => socket.destroySoon())
  const give = (ms: number) => setTimeout(() => socket.destroy(), ms)
  let timer = give(socket.writableFinished ? LINGER_MS : UNSENT_MS)
  socket.once('finish', () => {
    clearTimeout(timer)
    timer = give(LINGER_MS)
  })
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
  socket.end()
}
