/** The form of what needs a restart to change: listeners, folders, how names and origins are reached, times and limits. */

import { z } from 'zod'
import { parseCidr, parseIp } from '../model/address.ts'
import { parseHost } from '../model/authority.ts'
import { isMixed, parseNameServer } from '../model/name-server.ts'
import { compileHostPattern } from '../policy/pattern.ts'
import { notifyForm } from './notify.ts'
import { parseProxyUrl } from './proxy-url.ts'
import { duration, id, name } from './scalars.ts'
import { parseSize } from './size.ts'

const AMOUNT = { error: 'an amount of bytes is written like 64KiB or 16MiB' }

const size = z
  .string(AMOUNT)
  .refine((text) => parseSize(text) !== null, AMOUNT)
  .meta({ pattern: '^[1-9][0-9]{0,8}(B|KiB|MiB|GiB)$' })
/** What can be read of any body. */
const MAX_DECODED = 4 * 1024 * 1024
const count = z.int().min(1).max(10_000_000)
const listenAddress = z
  .string()
  .refine(isListenAddress, {
    error: 'an address and port is written like 127.0.0.1:3128 or [::1]:3128',
  })
  .meta({ pattern: '^(\\[[0-9a-fA-F:.]+\\]|[0-9.]+):[0-9]{1,5}$' })
const nameServer = z
  .string()
  .max(512)
  .refine((text) => 'value' in parseNameServer(text), {
    error:
      'a name server is written like 192.0.2.53, [2001:db8::53]:5353, tls://192.0.2.53#NAME or https://192.0.2.53/dns-query#NAME',
  })
  .meta({
    description:
      'ADDRESS asks in the clear. tls://ADDRESS#NAME asks over TLS (RFC 7858), https://ADDRESS/PATH#NAME over HTTPS (RFC 8484); ADDRESS is what is dialled and NAME what the certificate has to be for: without it, the address. A port may follow each address; else it is 53, 853 or 443.',
  })
const nameServers = z.array(nameServer).refine(isOfOneKind, {
  error:
    'encrypted and plain name servers do not mix: when the former fail, all would be in the clear',
})
const clientSubnet = z
  .string()
  .refine(isClientSubnet, {
    error: 'a client subnet is written like 203.0.113.0/24, at most 24 bits, or 56 of IPv6',
  })
  .meta({
    description:
      'A prefix of your network at home, told to the name servers so that they answer for it (RFC 7871). They may ignore it: what they answer is judged all the same.',
  })
const tableUrl = z
  .string()
  .max(2_000)
  .regex(/^https:\/\/[^/?#@\s]+(\/[!-"$-~]*)?$/, {
    error: 'a table is fetched from a URL like https://example.com/ip-ranges.json',
  })
const prefix = z.string().refine((text) => parseCidr(text) !== null, {
  error: 'a prefix is written like 192.0.2.0/24, without bits behind its length, or as one address',
})

const hostName = z
  .string()
  .max(253)
  .refine(isHostName, { error: 'a host name is written like cordon.example.com' })

const origin = z
  .strictObject({
    host: name.refine((text) => 'value' in compileHostPattern(text), {
      error: 'a host is written like api.example.com, *.example.com or *',
    }),
    certificate: name.optional(),
    key: name.optional(),
    ca: z.array(name).min(1).max(100).optional(),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: '`certificate` and `key` belong together',
  })
  .refine(({ certificate, ca }) => certificate !== undefined || ca !== undefined, {
    error: 'neither `certificate` and `key` nor `ca` are named',
  })

const upstreamProxy = z.strictObject({
  url: z
    .string()
    .max(512)
    .refine((text) => 'value' in parseProxyUrl(text), {
      error:
        'a proxy is written like http://proxy.example:3128 or https://proxy.example; what it wants to know of us stands under `credentials`',
    }),
  mode: z
    .enum(['pinned', 'delegated'], {
      error:
        'pinned: Cordon looks names up and asks the proxy for judged addresses; delegated: the proxy looks names up',
    })
    .optional()
    .meta({
      description:
        'pinned (default): Cordon looks names up and asks the proxy for judged addresses. delegated: the proxy looks names up, and no address is judged.',
    }),
  credentials: z
    .union([z.strictObject({ file: name }), z.strictObject({ env: name })])
    .optional()
    .meta({ description: 'Where `user:password` stands, for Basic (RFC 7617).' }),
  except: z
    .array(
      name.refine((text) => 'value' in compileHostPattern(text), {
        error: 'a host is written like api.example.com, *.example.com or *',
      }),
    )
    .max(1_000)
    .optional(),
})

/** Keys of `cordon.yaml`. */
export const operationKeys = {
  listen: z
    .strictObject({
      proxy: listenAddress.optional(),
      transparent: listenAddress.nullable().optional().meta({
        description:
          'Where connections are led that were going elsewhere, by REDIRECT or TPROXY of a firewall. Linux only; null or left out: nowhere.',
      }),
      dns: listenAddress.nullable().optional().meta({
        description:
          'Where questions of clients for names are answered, over UDP and TCP, from the same resolver and policy; null or left out: nowhere.',
      }),
      console: listenAddress.nullable().optional(),
      proxy_protocol: z.strictObject({ from: z.array(prefix).min(1).max(1_000) }).optional(),
    })
    .optional(),
  console: z.strictObject({ names: z.array(hostName).max(100).optional() }).optional(),
  notify: notifyForm.optional(),
  data: name.optional(),
  ca: name.optional(),
  dns: z
    .strictObject({
      servers: nameServers.nullable().optional(),
      client_subnet: clientSubnet.nullable().optional(),
      hosts: z.boolean().optional(),
      answers: z.enum(['steer', 'strict', 'any']).optional(),
    })
    .optional(),
  tls: z.strictObject({ extra_roots: z.array(name).optional() }).optional(),
  origins: z
    .array(origin)
    .max(1_000)
    .refine((all) => new Set(all.map(({ host }) => host.toLowerCase())).size === all.length, {
      error: 'two entries are for the same host',
    })
    .optional(),
  upstream_proxy: upstreamProxy.nullable().optional(),
  geoip: z
    .strictObject({
      files: z.array(name).min(1).optional(),
      tables: name.optional(),
      sources: z.record(id, tableUrl.nullable()).optional(),
    })
    .optional(),
  catalogue: z.array(name).max(100).optional(),
  intercept: z
    .strictObject({ never: z.array(name).optional(), http1_only: z.array(name).optional() })
    .optional(),
  identity: z
    .strictObject({
      required: z.boolean().optional(),
      client_ca: z.array(name).min(1).max(100).optional().meta({
        description:
          'PEM files of the authorities that issue certificates of agents. Then clients that speak TLS to the proxy are asked for one.',
      }),
    })
    .optional(),
  residency: z.strictObject({ breaker: z.boolean().optional() }).optional(),
  timeouts: z
    .strictObject({
      head: duration.optional(),
      idle: duration.optional(),
      origin_idle: duration.optional(),
      origin_wait: duration.optional(),
      connect: duration.optional(),
      answer: duration.optional(),
      body: duration.optional(),
      tunnel: duration.optional(),
      half_closed: duration.optional(),
    })
    .optional(),
  limits: z
    .strictObject({
      connections: count.optional(),
      connections_per_client: count.optional(),
      origin_connections: count.optional(),
      origin_connections_per_authority: count.optional(),
      origin_idle: count.optional(),
      head: size.optional(),
      held: size.optional(),
      websocket_message: size.optional(),
      websocket_held: size.optional(),
      decoded: size
        .refine((text) => (parseSize(text) ?? 0) <= MAX_DECODED, {
          error: 'no more than 4MiB of a body is read',
        })
        .optional(),
      decoded_ratio: z.int().min(1).max(10_000).optional(),
      decoded_layers: z.int().min(1).max(4).optional(),
      http2_streams: count.optional(),
      http2_resets: count.optional(),
      http2_resets_per_second: count.optional(),
      leaves: count.optional(),
      leaves_per_second: count.optional(),
      leaves_per_client: count.optional(),
      leaves_per_client_per_second: count.optional(),
      names_per_client: size.optional(),
      names_per_client_per_second: size.optional(),
      names_per_parent: size.optional(),
      names_per_parent_per_second: size.optional(),
      http2_frames: count.optional(),
      http2_frames_per_second: count.optional(),
    })
    .optional(),
  workers: z.int().min(1).max(256).optional(),
}

/** An IPv4 address, or an IPv6 address in brackets, and a port; port 0 picks a free one. */
export function isListenAddress(text: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(0|[1-9]\d{0,4})$/.exec(text)
  const ip = parseIp(match?.[1] ?? match?.[2] ?? '')
  const inBrackets = match?.[1] !== undefined
  return ip !== null && (ip.version === 6) === inBrackets && Number(match?.[3]) <= 65_535
}

function isHostName(text: string): boolean {
  const parsed = parseHost(text)
  return 'value' in parsed && parsed.value.ip === null
}

/** Whether all are asked in the clear, or none is. */
function isOfOneKind(texts: readonly string[]): boolean {
  const servers = texts.map(parseNameServer)
  return !isMixed(servers.flatMap((server) => ('value' in server ? server.value : [])))
}

/** RFC 7871 section 11.1: longer prefixes say more of who asks, and are cut by servers anyway. */
function isClientSubnet(text: string): boolean {
  const cidr = parseCidr(text)
  return cidr !== null && cidr.bits > 0 && cidr.bits <= (cidr.base.version === 4 ? 24 : 56)
}
