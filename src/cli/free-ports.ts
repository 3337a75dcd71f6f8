/** Whether a start can succeed at all: looked at before anything is made that a start that fails would leave behind. */

import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Operation } from '../config/operation.ts'
import { toHostPort } from './endpoints.ts'

/** Rejects as `listen` does when a port that the configuration names is taken, or may not be had. */
export async function expectFreePorts({
  proxy,
  console,
}: Pick<Operation, 'proxy' | 'console'>): Promise<void> {
  for (const text of console === null ? [proxy] : [proxy, console]) {
    const [host, port] = toHostPort(text)
    const server = createServer()
    server.listen({ host, port })
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
  }
}
