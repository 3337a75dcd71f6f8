/** A program behind a server by CGI (RFC 3875), as far as `git http-backend` needs it. */

import { spawn } from 'node:child_process'
import type http from 'node:http'

/** Runs the program for one request. @param env besides what the request says */
export function serveCgi(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const child = spawn(command[0], command.slice(1), {
    env: {
      ...process.env,
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  let head = ''
  child.stdout.on('data', (piece: Buffer) => {
    if (response.headersSent) {
      response.write(piece)
      return
    }
    head += piece.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const fields = head
      .slice(0, end)
      .split('\r\n')
      .map((line) => line.split(': ', 2))
    const status = fields.find(([name]) => name === 'Status')?.[1]
    response.writeHead(
      Number.parseInt(status ?? '200', 10),
      fields.flatMap(([name = '', value = '']) => (name === 'Status' ? [] : [name, value])),
    )
    response.write(Buffer.from(head.slice(end + 4), 'latin1'))
  })
  child.on('close', () => response.end())
}
