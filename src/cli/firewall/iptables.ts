/**
 * The same rules for iptables, one family at a time: in chains of ours, replaced as a whole by `iptables-restore --noflush`; of the chains of others
 * only one line each is ours, the first, that leads there.
 */

import { type Forcing, RESOLVERS4, RESOLVERS6 } from './forcing.ts'

export type Family = 4 | 6

export const TABLES = ['nat', 'filter'] as const
export type Table = (typeof TABLES)[number]

const CHAINS: Readonly<Record<Table, string>> = { nat: 'CORDON-LEAD', filter: 'CORDON-HOLD' }

/** What `iptables-save` has of ours: whether our chain is there, and the lines in chains of others that lead to it. */
export interface Present {
  readonly hasChain: boolean
  readonly jumps: readonly string[]
}

/** @param saved what `iptables-save -t TABLE` prints */
export function readPresent(table: Table, saved: string): Present {
  const lines = saved.split('\n')
  const chain = CHAINS[table]
  return {
    hasChain: lines.some((line) => line.startsWith(`:${chain} `)),
    jumps: lines.filter((line) => line.startsWith('-A ') && line.endsWith(` -j ${chain}`)),
  }
}

/**
 * Input for `iptables-restore --noflush` or `ip6tables-restore --noflush`: each table is changed as a whole or not at all.
 *
 * @param present what is there already
 */
export function toIptables(
  forcing: Forcing,
  family: Family,
  present: Readonly<Record<Table, Present>>,
): string {
  const rules = { nat: leading(forcing, family), filter: holding(forcing, family) }
  return TABLES.map((table) =>
    lines([
      `*${table}`,
      `:${CHAINS[table]} - [0:0]`,
      ...rules[table].map((rule) => `-A ${CHAINS[table]} ${rule}`),
      ...present[table].jumps.map(toDelete),
      ...jumpsOf(forcing, table).map((jump) => `-I ${jump} -j ${CHAINS[table]}`),
      'COMMIT',
    ]),
  ).join('')
}

/** The same, to take it all away. */
export function removeIptables(present: Readonly<Record<Table, Present>>): string {
  return TABLES.filter((table) => present[table].hasChain)
    .map((table) =>
      lines([
        `*${table}`,
        ...present[table].jumps.map(toDelete),
        `-F ${CHAINS[table]}`,
        `-X ${CHAINS[table]}`,
        'COMMIT',
      ]),
    )
    .join('')
}

export const NOTHING: Readonly<Record<Table, Present>> = {
  nat: { hasChain: false, jumps: [] },
  filter: { hasChain: false, jumps: [] },
}

function lines(list: readonly string[]): string {
  return `${list.join('\n')}\n`
}

function toDelete(added: string): string {
  return `-D ${added.slice('-A '.length)}`
}

/** Chains of others, and for what they lead to ours. */
function jumpsOf({ role }: Forcing, table: Table): readonly string[] {
  if (role.kind === 'gateway') {
    const chain = table === 'nat' ? 'PREROUTING' : 'FORWARD'
    return role.interfaces.map((name) => `${chain} -i ${name}`)
  }
  if (role.only.length === 0) return ['OUTPUT']
  return role.only.map((uid) => `OUTPUT -m owner --uid-owner ${uid}`)
}

function leading(forcing: Forcing, family: Family): string[] {
  const { role, ports } = forcing
  const { transparent, dns } = ports
  const resolvers = family === 4 ? RESOLVERS4 : RESOLVERS6
  const local = '-m addrtype --dst-type LOCAL -j RETURN'
  const questions =
    dns === null
      ? []
      : ['udp', 'tcp'].map((protocol) => `-p ${protocol} --dport 53 -j REDIRECT --to-ports ${dns}`)
  return [
    ...freed(forcing),
    ...(role.kind === 'host' ? [local] : []),
    ...asked(forcing, family),
    ...questions,
    ...(role.kind === 'gateway' ? [local, ...spared(forcing, family)] : []),
    `-d ${resolvers.join(',')} -j RETURN`,
    '-p tcp --dport 53 -j RETURN',
    '-p tcp --dport 853 -j RETURN',
    `-p tcp -j REDIRECT --to-ports ${transparent}`,
  ]
}

function holding(forcing: Forcing, family: Family): string[] {
  const isHost = forcing.role.kind === 'host'
  const addressing =
    family === 4
      ? ['-p udp --sport 68 --dport 67 -j RETURN']
      : [
          ...NEIGHBOURS.map((type) => `-p icmpv6 --icmpv6-type ${type} -j RETURN`),
          '-d fe80::/10 -p udp --sport 546 --dport 547 -j RETURN',
          '-d ff02::1:2 -p udp --sport 546 --dport 547 -j RETURN',
        ]
  return [
    ...freed(forcing),
    ...(isHost ? ['-o lo -j RETURN', `-d ${family === 4 ? '127.0.0.0/8' : '::1'} -j RETURN`] : []),
    '-m conntrack --ctdir REPLY -j RETURN',
    ...spared(forcing, family),
    ...asked(forcing, family),
    ...(isHost ? addressing : []),
    '-p tcp -j REJECT --reject-with tcp-reset',
    `-j REJECT --reject-with ${family === 4 ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited'}`,
  ]
}

/** Router and neighbour solicitations, advertisements and reports of listeners (RFC 4861, RFC 3810). */
const NEIGHBOURS = [133, 135, 136, 131, 143]

function freed({ role }: Forcing): string[] {
  if (role.kind === 'gateway') return []
  return role.exempt.map((uid) => `-m owner --uid-owner ${uid} -j RETURN`)
}

function spared({ role }: Forcing, family: Family): string[] {
  if (role.kind === 'host') return []
  return role.near
    .filter(({ base }) => base.version === family)
    .map(({ base, bits }) => `-d ${base.text}/${bits} -j RETURN`)
}

function asked({ nameServers }: Forcing, family: Family): string[] {
  return nameServers
    .filter(({ version }) => version === family)
    .flatMap(({ text }) =>
      ['udp', 'tcp'].map((protocol) => `-d ${text} -p ${protocol} --dport 53 -j RETURN`),
    )
}
