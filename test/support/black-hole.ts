/** An address and port on loopback where nobody answers: what asks for a connection waits, as behind a firewall that drops. */

import { once } from 'node:events'
import net from 'node:net'
import { Worker } from 'node:worker_threads'

export interface BlackHole extends AsyncDisposable {
  readonly port: number
}

/** Listens and never accepts; its queue is filled, so that the kernel drops what comes. Linux does; others may not. */
export async function openBlackHole(address: string, port = 0): Promise<BlackHole> {
  const worker = new Worker(LISTENER, { eval: true, workerData: { address, port } })
  const [bound] = (await once(worker, 'message')) as [number]
  const fillers = [1, 2, 3].map(() => net.connect(bound, address).on('error', () => {}))
  const [first] = fillers
  if (first?.connecting) await once(first, 'connect')
  // The second one fits, or it does not and waits: either way the queue is full after its turn.
  await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    port: bound,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy()
      await worker.terminate()
    },
  }
}

const LISTENER = `
const { parentPort, workerData } = require('node:worker_threads')
const server = require('node:net').createServer()
server.listen({ host: workerData.address, port: workerData.port, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
`
