/**
 * Rules for nftables, in a table of ours, both families at once: it is replaced or taken away in one transaction, and nobody else's rules are
 * touched. TCP goes to the transparent port, questions to name servers to ours, and nothing else out.
 */

import {
  type Forcing,
  type Gateway,
  type Host,
  type Ports,
  RESOLVERS4,
  RESOLVERS6,
  TABLE,
} from './forcing.ts'

/** Input for `nft -f -`. */
export function toNft(forcing: Forcing): string {
  const { role, ports } = forcing
  const asked = forcing.nameServers.map(
    ({ version, text }) => `${version === 4 ? 'ip' : 'ip6'} daddr ${text} ${QUESTION} accept`,
  )
  const chains =
    role.kind === 'host' ? hostChains(role, ports, asked) : gatewayChains(role, ports, asked)
  return `# Made by \`cordon firewall nft\`; \`nft delete table inet ${TABLE}\` takes it away.
${removeNft()}table inet ${TABLE} {
${set('resolvers4', 'ipv4_addr', RESOLVERS4)}
${set('resolvers6', 'ipv6_addr', RESOLVERS6)}
${chains}
}
`
}

/** The first line makes the second right also where there is none. */
export function removeNft(): string {
  return `table inet ${TABLE}\ndelete table inet ${TABLE}\n`
}

function hostChains({ exempt, only }: Host, ports: Ports, asked: readonly string[]): string {
  const free = [
    ...(exempt.length > 0 ? [`meta skuid ${list(exempt)} accept`] : []),
    ...(only.length > 0 ? [`meta skuid != ${list(only)} accept`] : []),
  ]
  return [
    chain('lead_out', 'type nat hook output priority -100; policy accept;', [
      ...free,
      // What this host asks itself is answered by somebody who is forced as well.
      'fib daddr type local accept',
      ...asked,
      ...leadQuestions(ports),
      ...lead(ports),
    ]),
    chain('out', 'type filter hook output priority 0; policy accept;', [
      ...free,
      // What was led to us is for loopback from here, though the hook still has the interface it had; the host's own services are not the internet.
      'oifname "lo" accept',
      'ip daddr 127.0.0.0/8 accept',
      'ip6 daddr ::1 accept',
      // Answers to those who have connected to this host.
      'ct direction reply accept',
      ...asked,
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld-listener-report, mld2-listener-report } accept',
      // Who may bind these ports asks for an address.
      'udp sport 68 udp dport 67 accept',
      'udp sport 546 udp dport 547 ip6 daddr { fe80::/10, ff02::1:2 } accept',
      ...END,
    ]),
  ].join('\n')
}

function gatewayChains(
  { interfaces, near }: Gateway,
  ports: Ports,
  asked: readonly string[],
): string {
  const from = `iifname ${list(interfaces.map((name) => `"${name}"`))}`
  const spared = near.map(
    ({ base, bits }) => `${base.version === 4 ? 'ip' : 'ip6'} daddr ${base.text}/${bits} accept`,
  )
  return [
    chain('lead_in', 'type nat hook prerouting priority -110; policy accept;', [
      `${from} jump led`,
    ]),
    chain('led', '', [
      ...asked,
      // Whatever answers questions on this machine would ask the internet.
      ...leadQuestions(ports),
      'fib daddr type local accept',
      ...spared,
      ...lead(ports),
    ]),
    chain('forward', 'type filter hook forward priority -10; policy accept;', [
      `${from} jump held`,
    ]),
    chain('held', '', ['ct direction reply accept', ...spared, ...asked, ...END]),
  ].join('\n')
}

function leadQuestions({ dns }: Ports): string[] {
  return dns === null ? [] : [`${QUESTION} redirect to :${dns}`]
}

/** Resolvers that hide questions in HTTPS or TLS (DoT) are led nowhere: they meet the end of the other chain. */
function lead({ transparent }: Ports): string[] {
  return [
    'ip daddr @resolvers4 accept',
    'ip6 daddr @resolvers6 accept',
    'tcp dport { 53, 853 } accept',
    `meta l4proto tcp redirect to :${transparent}`,
  ]
}

const QUESTION = 'meta l4proto { tcp, udp } th dport 53'

/** UDP/443 (QUIC), UDP/853, other datagrams, pings, and protocols nobody can lead. Told at once, so that programs go on to TCP. */
const END = ['meta l4proto tcp reject with tcp reset', 'reject with icmpx admin-prohibited']

function chain(name: string, hook: string, rules: readonly string[]): string {
  const lines = [...(hook === '' ? [] : [hook]), ...rules].map((line) => `    ${line}\n`)
  return `  chain ${name} {\n${lines.join('')}  }`
}

function set(name: string, type: string, elements: readonly string[]): string {
  const rows: string[] = []
  for (let i = 0; i < elements.length; i += 6) {
    rows.push(`      ${elements.slice(i, i + 6).join(', ')}`)
  }
  return `  set ${name} {\n    type ${type}; flags interval;\n    elements = {\n${rows.join(',\n')}\n    }\n  }`
}

function list(values: readonly (string | number)[]): string {
  return values.length === 1 ? String(values[0]) : `{ ${values.join(', ')} }`
}
