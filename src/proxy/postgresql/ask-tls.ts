/** SSLRequest towards a server of PostgreSQL: whether it goes on with TLS, before anything else is said. */

import type net from 'node:net'
import type { Problem } from '../../model/errors.ts'
import type { AskTls } from '../origin/dial.ts'
import { toSslRequest } from './startup.ts'

/** The name of the protocol in ALPN; servers want it from PostgreSQL 17 on where TLS comes at once, and do not mind it otherwise. */
export const ALPN = 'postgresql'

const YES = 0x53
const NO = 0x4e

export const askTls: AskTls = (socket: net.Socket, { timeout, signal }) =>
  new Promise((resolve) => {
    const finish = (answer: boolean | Problem) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off('data', onData)
      socket.off('end', onEnd)
      socket.off('close', onEnd)
      socket.pause()
      resolve(answer)
    }
    const onAbort = () => finish({ code: 'connect-reset', detail: 'nobody waits for it any more' })
    const onEnd = () => finish({ code: 'connect-reset', detail: 'it closed the connection' })
    const timer = setTimeout(() => finish(SILENT), timeout)
    const onData = (piece: Buffer) => {
      const [answer] = piece
      // INVARIANT: what comes behind the answer was sent by somebody else, and would be taken for what comes inside TLS (CVE-2021-23222).
      if (piece.length !== 1 || (answer !== YES && answer !== NO)) return finish(NEITHER)
      finish(answer === YES)
    }
    signal.addEventListener('abort', onAbort)
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    socket.resume()
    socket.write(toSslRequest())
    if (signal.aborted) onAbort()
    else if (socket.destroyed) onEnd()
  })

const SILENT: Problem = {
  code: 'connect-stalled',
  detail: 'it did not answer the request for TLS in time',
}
const NEITHER: Problem = {
  code: 'connect-malformed',
  detail: 'it answered the request for TLS with neither yes nor no',
}
