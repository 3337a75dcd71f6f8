/**
 * The same conversation twice, straight with an origin and through the proxy: what both ends saw, byte for byte, but for what
 * docs/http.md says that a proxy changes. Steps wait for each other by what has arrived, never by time: so where one end only speaks
 * once it has heard the other, a proxy that collects before it passes on does not get through at all.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTls } from '../support/clients.ts'
import { CONVERSATIONS, type Conversation, END } from '../support/conversations.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { type Message, readMessages } from '../support/messages.ts'
import { type Origin, rawOrigin } from '../support/origins.ts'
import { eventually } from '../support/wait.ts'

/** One end of a connection: what it has seen, and whether the other end has said goodbye. */
class End {
  socket: net.Socket | null = null
  seen = ''
  ended = false
  readonly #sockets: net.Socket[] = []
  #wake = () => {}

  listen(socket: net.Socket): void {
    this.#sockets.push(socket)
    socket.on('data', (piece: Buffer) => {
      this.socket = socket
      this.seen += piece.toString('latin1')
      this.#wake()
    })
    const onEnd = () => {
      this.ended = true
      this.#wake()
    }
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    socket.on('error', () => {})
  }

  /** Until it has seen that, or that the other side has ended. @throws after 10 s */
  async until(sees: string | typeof END): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(
      () => reject(new Error(`waited for ${String(sees)} and saw ${this.seen.slice(-200)}`)),
      10_000,
    )
    this.#wake = () => {
      if (sees === END ? this.ended : this.socket && this.seen.includes(sees)) resolve()
    }
    this.#wake()
    await promise.finally(() => clearTimeout(timer))
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

let lab: Lab
let plain: Origin
let secure: Origin
/** The end at the origin of the conversation under way. The proxy may need another connection for the next request. */
let atOrigin: End
beforeAll(async () => {
  lab = await openLab()
  const listen = (socket: net.Socket) => atOrigin.listen(socket)
  const certificate = lab.certificate('api.de.test')
  plain = lab.keep(await rawOrigin(listen, { address: '127.0.0.10', allowHalfOpen: true }))
  secure = lab.keep(
    await rawOrigin(listen, { address: '127.0.0.10', certificate, allowHalfOpen: true }),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())

interface Way {
  readonly name: string
  /** `http://` and authority where a proxy wants them. */
  readonly prefix: () => string
  readonly direct: () => Promise<net.Socket>
  readonly through: () => Promise<net.Socket>
}

const at = (origin: Origin) => `api.de.test:${origin.port}`

async function connected(socket: net.Socket, event = 'connect'): Promise<net.Socket> {
  await once(socket, event)
  return socket
}

const WAYS: readonly Way[] = [
  {
    name: 'in absolute form',
    prefix: () => `http://${at(plain)}`,
    direct: () =>
      connected(net.connect({ host: '127.0.0.10', port: plain.port, allowHalfOpen: true })),
    through: () => connected(net.connect({ port: lab.proxy.port, allowHalfOpen: true })),
  },
  {
    name: 'in a tunnel, in TLS',
    prefix: () => '',
    direct: () =>
      connected(
        tls.connect({
          host: '127.0.0.10',
          port: secure.port,
          servername: 'api.de.test',
          ca: lab.root.pem,
        }),
        'secureConnect',
      ),
    through: () => openTls(lab.proxy, at(secure), { ca: readFileSync(lab.proxy.ca, 'utf8') }),
  },
]

interface Seen {
  readonly client: string
  readonly origin: string
  readonly clientSawEnd: boolean
}

/** Goes through the steps, over a connection of that kind. @param prefix for the targets of requests */
async function converse(
  { steps, untilEnd = false }: Conversation,
  open: () => Promise<net.Socket>,
  prefix: string,
  host: string,
): Promise<Seen> {
  atOrigin = new End()
  const atClient = new End()
  const socket = await open()
  atClient.socket = socket
  atClient.listen(socket)
  try {
    await goThrough(steps, atClient, prefix, host)
    if (untilEnd) await atClient.until(END)
    return { client: atClient.seen, origin: atOrigin.seen, clientSawEnd: atClient.ended }
  } finally {
    atClient.destroy()
    atOrigin.destroy()
    await eventually('nothing to be open', () => plain.open() + secure.open() === 0)
  }
}

async function goThrough(
  steps: Conversation['steps'],
  atClient: End,
  prefix: string,
  host: string,
): Promise<void> {
  for (const { at, sees = '', says = '' } of steps) {
    const end = at === 'client' ? atClient : atOrigin
    await end.until(sees)
    if (says === END) end.socket?.end()
    else if (at === 'client') {
      const text = says.replace(/^([^ \r\n]+) \//gm, `$1 ${prefix}/`).replaceAll('HOST', host)
      end.socket?.write(text, 'latin1')
    } else end.socket?.write(says, 'latin1')
  }
}

const HOP_BY_HOP =
  /^(connection|keep-alive|proxy-[^:]*|te|transfer-encoding|upgrade|alt-svc|http2-settings):/i

/** What docs/http.md says of every message: our Via behind all, hop-by-hop fields and the version of the connection our own. */
function withoutOurs(message: Message): Message {
  expect(message.lines.at(-1)).toMatch(/^Via: 1\.[01] cordon-[\w-]+$/)
  return asPassed({ ...message, lines: message.lines.slice(0, -1) })
}

function asPassed(message: Message): Message {
  const start = message.start.replace(/HTTP\/1\.0/, 'HTTP/1.1')
  const lines = message.lines
    .filter((line) => !HOP_BY_HOP.test(line))
    .map((line) => line.replace(/^([^:]+):[ \t]*(.*?)[ \t]*$/, '$1: $2'))
  return { ...message, start, lines }
}

describe.each(WAYS)('$name', (way) => {
  test.each(CONVERSATIONS)('$name', async (conversation) => {
    const host = way.name.includes('TLS') ? at(secure) : at(plain)
    const direct = await converse(conversation, way.direct, '', host)
    const through = await converse(conversation, way.through, way.prefix(), host)

    const requests = readMessages(direct.origin, null)
    expect(requests.length).toBeGreaterThan(0)
    const wanted = direct.origin.match(/^TE: trailers\r$/gm)
    expect(through.origin.match(/^TE: trailers\r$/gm)).toEqual(wanted)
    expect(readMessages(through.origin, null).map(withoutOurs)).toEqual(requests.map(asPassed))

    const methods = requests.map(({ start }) => start.split(' ', 1)[0] ?? '')
    const answers = readMessages(direct.client, methods)
    expect(answers.length).toBeGreaterThan(0)
    expect(readMessages(through.client, methods).map(withoutOurs)).toEqual(answers.map(asPassed))
    if (conversation.untilEnd) expect(through.clientSawEnd).toBe(direct.clientSawEnd)
  })
})

test('every conversation is in the log, none as a failure of ours', async () => {
  await lab.proxy.settled(1)
  const failed = lab.proxy.query(
    "SELECT * FROM flows WHERE outcome = 'failed' OR action <> 'allow'",
  )
  expect(failed).toEqual([])
  expect(lab.proxy.said()).not.toContain('error')
})
