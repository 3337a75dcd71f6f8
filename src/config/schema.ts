/**
 * The form of every file people write, one schema each: zod's door, with `form`. Form only; whether names and patterns mean
 * something is for `policy/compile`. The schemas for editors in `docs/schema` are made from these.
 */

import { z } from 'zod'
import { parseCidr, parseIp } from '../model/address.ts'
import { isAgentName } from '../model/agent.ts'
import { parseHost } from '../model/authority.ts'
import { PROTOCOLS } from '../model/flow.ts'
import { isMixed, parseNameServer } from '../model/name-server.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { compileHostPattern } from '../policy/pattern.ts'
import { agentHold, holdSettings, reviewer, ruleHold } from './hold-form.ts'
import { allowed, ownKinds } from './kind-form.ts'
import { notifyForm } from './notify.ts'
import { parseProxyUrl } from './proxy-url.ts'
import { country, duration, id, name, names, oneOrMany, sentence } from './scalars.ts'
import { parseSize } from './size.ts'

const ACTIONS = ['allow', 'block', 'hold'] as const
const PLACEMENTS = ['inside', 'outside', 'straddling', 'unknown'] as const

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
const agentName = z.string().refine(isAgentName, { error: 'not the name of an agent or group' })
const prefix = z.string().refine((text) => parseCidr(text) !== null, {
  error: 'a prefix is written like 192.0.2.0/24, without bits behind its length, or as one address',
})
const address = z.string().refine((text) => parseIp(text) !== null, { error: 'not an IP address' })

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

/** The largest that is one; the next stands for none. */
const MAX_UID = 4_294_967_294
const userRange = z.string().regex(/^(0|[1-9][0-9]{0,9})-(0|[1-9][0-9]{0,9})$/, {
  error: 'users are numbers, or ranges of them such as 2000-2999',
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

const agent = z.strictObject({
  id: name,
  match: z
    .strictObject({
      subject: names.optional(),
      group: names.optional(),
      source: names.optional(),
      uid: oneOrMany(z.union([z.int().min(0).max(MAX_UID), userRange]))
        .optional()
        .meta({
          description:
            'Users of this host, by number, or ranges of them such as 2000-2999: whose process has made the connection. Linux only.',
        }),
    })
    .optional(),
  groups: z.array(name).optional(),
  zones: names.optional(),
  owner: name.optional().meta({
    description: 'Id of the reviewer who answers for it. May not decide about its calls.',
  }),
  hold: agentHold.optional(),
})

const destination = z.strictObject({
  host: name.optional(),
  cidr: name.optional(),
  region: names.optional(),
  allowed: names.optional(),
  because: sentence.optional(),
  expires: z.string().max(32).optional(),
})

const when = z.strictObject({
  placement: oneOrMany(z.enum(PLACEMENTS)).optional(),
  transit: oneOrMany(z.enum(PLACEMENTS)).optional(),
  creates: oneOrMany(z.enum(PLACEMENTS)).optional(),
  zone: names.optional(),
  host: names.optional(),
  port: oneOrMany(z.int().min(1).max(65535)).optional(),
  scheme: oneOrMany(z.enum(['http', 'https'])).optional(),
  protocol: oneOrMany(z.enum(PROTOCOLS)).optional().meta({
    description: 'What is spoken on the connection: see docs/transparent.md.',
  }),
  statement: names.optional().meta({
    description:
      'What a statement of SQL does: its leading word, or its first two. See docs/transparent.md.',
  }),
  command: names.optional().meta({
    description: 'The same of a command of Redis: `flushall`, or `config set`.',
  }),
  method: names.optional(),
  path: names.optional(),
  data: names.optional().meta({
    description:
      'Kinds of data, or classes of them, that are in the request: see docs/redaction.md.',
  }),
  upgrade: names.optional(),
  agent: names.optional(),
  group: names.optional(),
})

/** What a rule takes out of what passes. */
const ruleRedact = z.strictObject({
  out: names.optional().meta({ description: 'Kinds or classes taken out of requests.' }),
  in: names.optional().meta({ description: 'Kinds or classes taken out of answers.' }),
  with: z.enum(['mask', 'label', 'remove', 'hash', 'surrogate', 'token']).optional(),
  keep: z.int().min(0).max(8).optional(),
})

const rule = z.strictObject({
  id,
  because: sentence,
  when,
  // biome-ignore lint/suspicious/noThenProperty: the published name of the key
  then: z.enum(ACTIONS).optional(),
  redact: ruleRedact.optional(),
  hold: ruleHold.optional(),
  mode: z.enum(['enforce', 'observe']).optional().meta({
    description:
      'observe: what the rule would have done is recorded, and the call goes on as if it were not there.',
  }),
})

const zoneName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, {
  error: 'the name of a zone has letters, digits, - and _, at most 64, beginning with a letter',
})

const policyKeys = {
  zones: z.record(zoneName, z.array(name).min(1).max(10_000)).optional(),
  home: names.optional(),
  agents: z.array(agent).max(10_000).optional(),
  destinations: z.array(destination).max(100_000).optional(),
  placement: z.partialRecord(z.enum(PLACEMENTS), z.enum(ACTIONS)).optional(),
  reviewers: z.array(reviewer).max(10_000).optional(),
  hold: holdSettings.optional(),
  redaction: z
    .strictObject({
      on_unscannable: z
        .strictObject({
          out: z.enum(['block', 'hold', 'pass-and-record', 'pass']).optional(),
          in: z.enum(['block', 'pass-and-record', 'pass']).optional(),
        })
        .optional()
        .meta({
          description:
            'What becomes of bodies that a rule takes data out of, and that cannot be read. `hold` asks a person; `pass` is short for `pass-and-record`. Default: requests are blocked, answers pass.',
        }),
      kinds: ownKinds.optional(),
      models: z.array(name).max(1_000).optional().meta({
        description:
          'Hosts that models are served at, besides those that the catalogue says: there what their APIs sign or encrypt is left as it is. Such as a gateway of your own.',
      }),
      allow: allowed.optional(),
    })
    .optional(),
}

/** A file under `rules/`. */
export const policyFile = z.strictObject({
  version: z.literal(1),
  ...policyKeys,
  rules: z.array(rule).max(10_000).optional(),
})

/** `cordon.yaml`. */
export const configFile = z.strictObject({
  version: z.literal(1),
  mode: z.enum(['enforce', 'observe']).optional(),
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
  identity: z.strictObject({ required: z.boolean().optional() }).optional(),
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
  ...policyKeys,
  rules: z
    .array(z.union([rule, name]))
    .max(10_000)
    .optional(),
})

/** `geoip/zones.yaml`. */
export const zoneFile = z.strictObject({
  version: z.literal(1),
  zones: z.record(
    z.string(),
    z.strictObject({
      as_of: z.iso.date(),
      source: z.string().min(1),
      countries: z.array(country).min(1),
    }),
  ),
})

/** `rules/NAME.scenarios.yaml`. */
export const scenarioFile = z.strictObject({
  version: z.literal(1),
  scenarios: z.array(
    z.strictObject({
      name,
      request: z.strictObject({
        url: name,
        method: name.optional(),
        statement: names.optional().meta({
          description: 'What is said to a database, as rules name it: `drop table`, `flushall`.',
        }),
        agent: agentName.optional(),
        groups: z.array(agentName).optional(),
        regions: z.array(z.union([country, z.literal('*')])).optional(),
        addresses: z.array(address).optional(),
      }),
      expect: z.strictObject({
        action: z.enum(ACTIONS),
        placement: z.enum(PLACEMENTS).optional(),
        rules: z
          .array(name)
          .optional()
          .meta({ description: 'Ids of all rules that match and decide.' }),
        redacts: z
          .array(name)
          .optional()
          .meta({ description: 'Ids of all rules that match and take data out.' }),
      }),
    }),
  ),
})

export type ConfigFile = z.infer<typeof configFile>
export type PolicyFile = z.infer<typeof policyFile>
export type ScenarioFile = z.infer<typeof scenarioFile>

// The compiler checks here that what the schema lets through is what the policy compiler takes.
policyFile satisfies z.ZodType<PolicyDocument>

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
