/**
 * Writes of one turn of the event loop go out at its end, all sockets together. A peer on the same machine that was woken by the first
 * write finds the others when it looks; written one by one, each would wake it anew, which cost a sixth of a small request.
 */

import type { Channel } from '../channel.ts'

let gathering: Channel[] = []

/** What is written to it from here on waits for the end of the turn, or `sendGathered`. */
export function gather(socket: Channel): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  if (gathering.push(socket) === 1) setImmediate(sendAll)
}

/** Sends what waits at once: for a socket that ends, or goes into other hands. */
export function sendGathered(socket: Channel): void {
  socket.uncork()
}

function sendAll(): void {
  const sockets = gathering
  gathering = []
  for (const socket of sockets) socket.uncork()
}
