/**
 * A small real DNS server on loopback, UDP and TCP on one port, that answers from a plain object and can be told to
 * misbehave. For tests and the demo only: it believes whoever asks, and knows nothing but its records.
 *
 *   await using dns = await openDnsServer({ records: { 'api.example': { A: ['127.0.0.2'] } } })
 *   createResolver({ servers: [dns.address], … })
 *   dns.records['api.example'] = { AAAA: ['::1'], fault: { A: 'servfail' } }
 */

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import {
  type Answer,
  AUTHENTIC_DATA,
  decode,
  encode,
  type Packet,
  type PacketOpt,
  type Question,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
} from 'dns-packet'

/**
 * What can go wrong. `truncate` is over UDP only; `wrong-question` answers another name, `lying-id` with another id,
 * `stranger` from another port; `empty` is NOERROR without records or SOA.
 */
export type Fault =
  | 'servfail'
  | 'refused'
  | 'nxdomain'
  | 'drop'
  | 'empty'
  | 'lying-id'
  | 'wrong-question'
  | 'truncate'
  | 'stranger'

/** A name without `A` or `AAAA` has none of that kind; a name that is not among the records does not exist. */
export interface NameRecords {
  A?: readonly string[]
  AAAA?: readonly string[]
  /** Followed within the records, as a recursive server does. */
  CNAME?: string
  /** Seconds, 60 when not given. */
  ttl?: number
  /** For every question about this name, or for those of one type. */
  fault?: Fault | { A?: Fault; AAAA?: Fault }
}

export interface Asked {
  name: string
  type: string
  over: Over
}

/** `tls` and `https` come from `openSecureDnsServer`. */
export type Over = 'udp' | 'tcp' | 'tls' | 'https'

export interface DnsServer extends AsyncDisposable {
  /** As `dns.servers` takes it: `127.0.0.1:5353` or `[::1]:5353`. */
  readonly address: string
  readonly port: number
  /** May be changed at any time. Names in lower case, without trailing dot. */
  records: Record<string, NameRecords>
  /** When set, every question is answered with it. */
  fault: Fault | null
  /** Whether aliases are followed; otherwise only the first is sent, as some servers do. */
  followAliases: boolean
  /** Sent along with every answer. */
  extraAnswers: Answer[]
  /** Minimum of the SOA sent with negative answers, in seconds; null sends none. */
  negativeTtl: number | null
  /** Milliseconds before each answer. */
  delay: number
  /** Last chance to spoil an answer, or to send several, or none. */
  mangle: ((reply: Buffer, over: Over) => readonly Buffer[]) | null
  /**
   * What becomes of a client subnet (RFC 7871): null does not look at it, a number is the scope it comes back with, in
   * `refuse` it is a reason to refuse (5) or not to understand (1) the query.
   */
  subnet: { scope: number } | { refuse: 1 | 5 } | null
  /** Whether answers claim to be validated. */
  validated: boolean
  /** Every question seen, in order. */
  readonly questions: Asked[]
  /** The same as bytes. */
  readonly queries: Buffer[]
  /** Puts a query on record and gives the replies to it, when they are due; for further ways to ask. */
  receive(query: Buffer, over: Over, reply: (replies: readonly Buffer[]) => void): void
  /** How often a name was asked for, in any case and for any type. */
  count(name: string): number
}

export interface DnsServerOptions {
  /** 127.0.0.1 when not given. */
  host?: string
  /** 0, the default, picks one. */
  port?: number
  records?: Record<string, NameRecords>
  /** Nobody listens on TCP. */
  refuseTcp?: boolean
}

/** Largest answer over UDP, in bytes; what is longer is truncated as it should be. */
const MAX_UDP = 1232

const NXDOMAIN = 3
const RCODES: Partial<Record<Fault, number>> = { servfail: 2, nxdomain: NXDOMAIN, refused: 5 }

/** Starts a server; disposing of it closes every socket. */
export async function openDnsServer(options: DnsServerOptions = {}): Promise<DnsServer> {
  const host = options.host ?? '127.0.0.1'
  const { udp, tcp } = await bind(host, options.port ?? 0)
  const stranger = createSocket(host.includes(':') ? 'udp6' : 'udp4').bind(0, host)
  await once(stranger, 'listening')
  const { port } = udp.address()
  const connections = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()

  const server: DnsServer = {
    address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    port,
    records: options.records ?? {},
    fault: null,
    followAliases: true,
    extraAnswers: [],
    negativeTtl: 30,
    delay: 0,
    mangle: null,
    subnet: null,
    validated: false,
    questions: [],
    queries: [],
    receive(query, over, reply) {
      const packet = readQuestion(server, query, over)
      later(() => reply(answer(server, packet, over).replies))
    },
    count(name) {
      return server.questions.filter((asked) => asked.name.toLowerCase() === name).length
    },
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer)
      for (const connection of connections) connection.destroy()
      udp.close()
      stranger.close()
      if (tcp.listening) await new Promise((resolve) => tcp.close(resolve))
    },
  }

  udp.on('message', (query, from) => {
    const question = readQuestion(server, query, 'udp')
    later(() => {
      const { replies, fault } = answer(server, question, 'udp')
      const socket = fault === 'stranger' ? stranger : udp
      for (const reply of replies) sendUdp(socket, reply, from)
    })
  })
  tcp.on('connection', (connection) => {
    connections.add(connection)
    connection.on('close', () => connections.delete(connection))
    connection.on('error', () => connection.destroy())
    let received = Buffer.alloc(0)
    connection.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        const query = received.subarray(2, end)
        received = received.subarray(end)
        server.receive(query, 'tcp', (replies) => {
          for (const reply of replies) connection.write(frame(reply))
        })
      }
    })
  })
  if (options.refuseTcp) await new Promise((resolve) => tcp.close(resolve))
  return server

  function later(work: () => void): void {
    if (server.delay === 0) {
      work()
      return
    }
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, server.delay)
    timers.add(timer)
  }
}

/** Both sockets on one port: TCP picks it, and where UDP finds it taken another is picked. */
async function bind(host: string, port: number): Promise<{ udp: UdpSocket; tcp: Server }> {
  for (let attempt = 1; ; attempt++) {
    const tcp = createServer().listen(port, host)
    await once(tcp, 'listening')
    const address = tcp.address()
    const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    try {
      udp.bind(typeof address === 'object' && address ? address.port : port, host)
      await once(udp, 'listening')
      return { udp, tcp }
    } catch (error) {
      tcp.close()
      udp.close()
      if (port !== 0 || attempt === 10) throw error
    }
  }
}

/** What a query asks, put on record as it arrives, however late the answer will be. */
function readQuestion(server: DnsServer, query: Buffer, over: Over): Packet {
  const packet = decode(query)
  server.queries.push(Buffer.from(query))
  for (const { name, type } of packet.questions ?? []) server.questions.push({ name, type, over })
  return packet
}

/** The encoded replies to a query, and the fault that shaped them. */
function answer(
  server: DnsServer,
  { id = 0, questions: [question] = [], additionals = [] }: Packet,
  over: Over,
): { replies: readonly Buffer[]; fault: Fault | null } {
  if (!question) return { replies: [], fault: null }
  const fault = findFault(server, question)
  if (fault === 'drop') return { replies: [], fault }
  const found = findRecords(server, question)
  const subnet = findSubnet(additionals)
  const refused = subnet && server.subnet && 'refuse' in server.subnet ? server.subnet.refuse : null
  const rcode = refused ?? (fault === null ? found.rcode : (RCODES[fault] ?? found.rcode))
  const isSilent = fault === 'empty' || (rcode !== 0 && rcode !== NXDOMAIN)
  const response: Packet = {
    type: 'response',
    id: fault === 'lying-id' ? id ^ 0xffff : id,
    flags: RECURSION_AVAILABLE | rcode | (server.validated ? AUTHENTIC_DATA : 0),
    questions: [fault === 'wrong-question' ? { ...question, name: 'wrong.example' } : question],
    answers: isSilent ? [] : [...found.answers, ...server.extraAnswers],
    authorities: isSilent ? [] : found.authorities,
    additionals:
      subnet && server.subnet && 'scope' in server.subnet
        ? [toOpt({ ...subnet, scopePrefixLength: server.subnet.scope })]
        : [],
  }
  const whole = encode(response)
  const fits = over !== 'udp' || (fault !== 'truncate' && whole.length <= MAX_UDP)
  const reply = fits
    ? whole
    : encode({
        ...response,
        flags: RECURSION_AVAILABLE | TRUNCATED_RESPONSE | rcode,
        answers: [],
        authorities: [],
      })
  return { replies: server.mangle?.(reply, over) ?? [reply], fault }
}

/** The client subnet option of a query, as dns-packet decodes it. */
function findSubnet(additionals: readonly Answer[]): Subnet | null {
  const edns = additionals.find((record) => record.type === 'OPT')
  const option = edns?.options.find(({ code }) => code === 8) as Subnet | undefined
  return option ? { code: 8, ip: option.ip, sourcePrefixLength: option.sourcePrefixLength } : null
}

type Subnet = Extract<PacketOpt, { ip: unknown }>

function toOpt(option: PacketOpt): Answer {
  const fixed = { udpPayloadSize: MAX_UDP, extendedRcode: 0, ednsVersion: 0, flags: 0 }
  return { type: 'OPT', name: '.', ...fixed, flag_do: false, options: [option] }
}

function findFault(server: DnsServer, question: Question): Fault | null {
  const { fault = null } = server.records[question.name.toLowerCase()] ?? {}
  if (server.fault !== null || typeof fault === 'string' || fault === null) {
    return server.fault ?? (fault as Fault | null)
  }
  return fault[question.type as 'A' | 'AAAA'] ?? null
}

interface Found {
  rcode: number
  answers: Answer[]
  authorities: Answer[]
}

function findRecords(server: DnsServer, { name: asked, type }: Question): Found {
  const answers: Answer[] = []
  // As it was asked for: who randomises the case of a name expects the same spelling back.
  let owner = asked
  // A loop among the records is served as a loop, but not for ever.
  for (let aliases = 0; aliases < 30; aliases++) {
    const records = server.records[owner.toLowerCase()]
    const ttl = records?.ttl ?? 60
    if (records?.CNAME === undefined) {
      const addresses = type === 'A' || type === 'AAAA' ? (records?.[type] ?? []) : []
      for (const data of addresses) {
        answers.push({ type: type as 'A' | 'AAAA', name: owner, ttl, data })
      }
      const authorities = addresses.length === 0 ? toSoa(server, owner) : []
      return { rcode: records ? 0 : NXDOMAIN, answers, authorities }
    }
    answers.push({ type: 'CNAME', name: owner, ttl, data: records.CNAME })
    if (!server.followAliases) break
    owner = records.CNAME
  }
  return { rcode: 0, answers, authorities: [] }
}

/** The zone is the last label of the name. */
function toSoa(server: DnsServer, name: string): Answer[] {
  if (server.negativeTtl === null) return []
  const zone = name.slice(name.lastIndexOf('.') + 1)
  const data = { mname: 'ns.example', rname: 'admin.example', minimum: server.negativeTtl }
  return [{ type: 'SOA', name: zone, ttl: 3600, data }]
}

function sendUdp(socket: UdpSocket, reply: Buffer, to: RemoteInfo): void {
  // Who asked may be gone by now; that is no concern of a server.
  socket.send(reply, to.port, to.address, () => {})
}

/** Puts the two length bytes of a stream before a message. */
export function frame(reply: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(reply.length)
  return Buffer.concat([length, reply])
}
