/** A stream whose reader pauses in the middle of what has waited for it: nothing is lost, and the end comes last. */

import { once } from 'node:events'
import net from 'node:net'
import { expect, test } from 'vitest'
import type { HeaderList } from '../../../src/proxy/http2/hpack/decoder.ts'
import { Session } from '../../../src/proxy/http2/session.ts'
import { Stream, type StreamSink } from '../../../src/proxy/http2/stream.ts'
import { data, headers, RawHttp2 } from '../../support/http2-frames.ts'
import { eventually } from '../../support/wait.ts'

/** Reads one piece at a time. */
class Hesitant implements StreamSink {
  readonly heard: string[] = []
  readonly #stream: Stream

  constructor(stream: Stream) {
    this.#stream = stream
    stream.sink = this
    stream.pause()
  }

  onHeaders(): boolean {
    return false
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.heard.push(buffer.toString('latin1', start, end).slice(0, 1))
    this.#stream.pause()
  }

  onFlush(): void {}

  onEnd(): void {
    this.heard.push('end')
  }

  onReset(): void {}
  onBroken(): void {}
  onDrain(): void {}
}

class OneStream extends Session {
  reader: Hesitant | null = null
  stream: Stream | null = null

  protected onHeaders(id: number, _: HeaderList): void {
    this.stream = new Stream(this, id)
    this.streams.set(id, this.stream)
    this.reader = new Hesitant(this.stream)
  }

  greet(): void {
    this.frames.settings({ initialWindowSize: this.streamWindow })
    this.widen()
    this.schedule()
  }

  protected isIdle(): boolean {
    return false
  }

  protected onPeerReset(): void {}
  protected onPeerBroke(): void {}
  protected onGoAway(): void {}
  protected onStreamClosed(): void {}
  protected onSettings(): void {}
  protected onBlockOpen(): void {}
  protected onOver(): void {}
}

test('what has waited is handed over piece by piece', async () => {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  const session = new OneStream({
    socket: accepted,
    streamWindow: 256 * 1024,
    held: { used: 0, limit: 1024 * 1024 },
    maxHeadBytes: 64 * 1024,
    noise: { burst: 100, perSecond: 100 },
    preface: Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    now: () => 0,
    report: (where, error) => expect.unreachable(`${where}: ${error}`),
  })
  session.greet()
  const client = new RawHttp2(socket)
  await client.ready()
  const pieces = ['a', 'b', 'c'].map((letter) => letter.repeat(10_000))
  client.send(
    headers(1, [[':method', 'POST']], false),
    ...pieces.map((piece, i) => data(1, piece, i === 2)),
  )
  await eventually('all of it to wait', () => session.stream?.remoteEnded)
  for (const heard of ['a', 'b', 'c', 'end']) {
    session.stream?.resume()
    expect(session.reader?.heard.at(-1)).toBe(heard)
  }
  expect(session.reader?.heard).toEqual(['a', 'b', 'c', 'end'])
  socket.destroy()
  accepted.destroy()
  server.close()
})
