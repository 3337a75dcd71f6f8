/** A server of OpenSSL (`openssl s_server`) that answers every request with a page about its handshake. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from './wait.ts'

export interface OpensslServer extends AsyncDisposable {
  readonly port: number
}

export async function opensslServer({
  cwd,
  args,
  address = '127.0.0.10',
}: {
  /** Where the files are that `args` name. */
  readonly cwd: string
  readonly args: readonly string[]
  readonly address?: string
}): Promise<OpensslServer> {
  const options = ['s_server', '-accept', `${address}:0`, '-verify_return_error', '-www', ...args]
  const server = spawn('openssl', options, { cwd })
  let said = ''
  server.stdout.on('data', (text) => {
    said += text
  })
  const port = await eventually('the port', () => /ACCEPT \S+:(\d+)/.exec(said)?.[1])
  return {
    port: Number(port),
    async [Symbol.asyncDispose]() {
      const gone = once(server, 'exit')
      server.kill()
      await gone
    },
  }
}
