/** `cordon firewall`: rules by which nothing leaves a host, or a network behind it, but through the proxy. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Argument, type Command } from 'commander'
import { parseDuration } from '../../config/duration.ts'
import type { Operation } from '../../config/operation.ts'
import { type Cidr, type IpAddress, parseCidr, parseIp, toIp } from '../../model/address.ts'
import { readConsolePlace } from '../console-file.ts'
import { toHostPort } from '../endpoints.ts'
import { apply, type Backend, confirm, remove, watch } from '../firewall/apply.ts'
import type { Forcing, Gateway, Host } from '../firewall/forcing.ts'
import { NOTHING, toIptables } from '../firewall/iptables.ts'
import { toManifests } from '../firewall/k8s.ts'
import { toNft } from '../firewall/nft.ts'
import { CommandError, EXIT, print, say } from '../output.ts'
import { type ConfigOptions, load, toListenAddress, withConfig } from '../settings.ts'

interface FirewallOptions extends ConfigOptions {
  readonly apply?: true
  readonly revert?: true
  readonly confirm?: true
  readonly within: string
  readonly interface?: readonly string[]
  readonly near?: readonly string[]
  readonly proxyUser?: string
  readonly only?: readonly string[]
  readonly nameServer?: readonly string[]
  readonly image: string
  readonly rulesImage: string
}

export function addFirewall(program: Command): void {
  withConfig(program.command('firewall'))
    .description(
      'rules that force what leaves this host, or a network behind it, through the proxy',
    )
    .addArgument(new Argument('<kind>', 'form').choices(['nft', 'iptables', 'k8s']))
    .option('--apply', 'put them in place; they go away again unless confirmed')
    .option('--confirm', 'keep them')
    .option('--within <time>', 'how long they wait for that', '60s')
    .option('--revert', 'take them away')
    .option(
      '--interface <name...>',
      'force what comes in here (a router, a bridge of containers), not this host',
    )
    .option(
      '--near <prefix...>',
      'with --interface: what may be reached directly; default: its own networks',
    )
    .option('--proxy-user <user>', 'whose traffic goes out freely; default: who runs the proxy now')
    .option('--only <user...>', 'force these users alone; default: all but the proxy')
    .option('--name-server <ip...>', 'a name server that may be asked past the proxy')
    .option(
      '--transparent <address:port>',
      'where connections are led, if `start` was told so too',
      toListenAddress,
    )
    .option('--image <image>', 'k8s: the image of the proxy', 'cordon')
    .option('--rules-image <image>', 'k8s: an image with nft', 'your-image-with-nft')
    .addHelpText(
      'after',
      `
Example:
  cordon firewall nft                                 # print the rules
  sudo cordon firewall nft --apply --proxy-user cordon
  sudo cordon firewall nft --confirm                  # within a minute, from a new connection
  sudo cordon firewall iptables --apply --interface docker0
  cordon firewall k8s | kubectl apply -f -`,
    )
    .action((kind: Backend | 'k8s', options: FirewallOptions) => run(kind, options))
}

async function run(kind: Backend | 'k8s', options: FirewallOptions): Promise<void> {
  const { operation } = load(options)
  if (kind === 'k8s') {
    if (options.apply || options.confirm || options.revert) {
      throw new CommandError(EXIT.invalid, 'manifests are applied with `kubectl apply -f -`')
    }
    return print(toKubernetes(options, operation).trimEnd())
  }
  if (options.revert) {
    remove(kind)
    confirm(operation.dataDir)
    return say('the rules are gone')
  }
  if (options.apply) return putInPlace(kind, options, operation)
  if (options.confirm) {
    if (!confirm(operation.dataDir)) {
      throw new CommandError(EXIT.failed, 'no rules wait for that', 'put them in place: --apply')
    }
    return say('the rules stay, until the next start of the system')
  }
  const forcing = toForcing(options, operation)
  if (kind === 'nft') return print(toNft(forcing).trimEnd())
  print(`# iptables-restore --noflush\n${toIptables(forcing, 4, NOTHING).trimEnd()}`)
  print(`# ip6tables-restore --noflush\n${toIptables(forcing, 6, NOTHING).trimEnd()}`)
}

async function putInPlace(
  backend: Backend,
  options: FirewallOptions,
  operation: Operation,
): Promise<void> {
  const forcing = toForcing(options, operation)
  mkdirSync(operation.dataDir, { recursive: true, mode: 0o700 })
  const within = toWaiting(options.within)
  const cordon = [process.execPath, ...process.execArgv, resolve(process.argv[1] ?? '')]
  const revert = [...cordon, 'firewall', backend, '--revert', '--data', operation.dataDir]
  // The watch comes first: should we end in between, there is nothing to take away.
  if (!options.confirm) watch(operation.dataDir, within, revert)
  apply(backend, forcing)
  if (options.confirm) {
    confirm(operation.dataDir)
    return say('the rules are in place, until the next start of the system')
  }
  const how = `cordon firewall ${backend} --confirm`
  say(`the rules are in place, and go away in ${options.within} unless confirmed: ${how}`)
  if (!process.stdin.isTTY) return
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const limit = AbortSignal.timeout(within)
  const answer = await terminal
    .question('Can you still reach this host over a new connection? Keep them? [y/N] ', {
      signal: limit,
    })
    .catch(() => '')
  terminal.close()
  if (/^y(es)?$/i.test(answer.trim()) && confirm(operation.dataDir)) return say('the rules stay')
  remove(backend)
  confirm(operation.dataDir)
  say('the rules are gone')
}

function toWaiting(text: string): number {
  const ms = parseDuration(text)
  if (ms === null || ms < 1_000 || ms > 3_600_000) {
    throw new CommandError(EXIT.invalid, `\`${text}\` is not a time from 1s to 1h`)
  }
  return ms
}

function toForcing(options: FirewallOptions, operation: Operation): Forcing {
  const ports = portsOf(operation)
  const nameServers = (options.nameServer ?? []).map(toAddress)
  if (!options.interface) {
    if (options.near) throw new CommandError(EXIT.invalid, '`--near` goes with `--interface`')
    return { role: toHost(options, operation), ports, nameServers }
  }
  if (options.only || options.proxyUser !== undefined) {
    throw new CommandError(EXIT.invalid, 'users are those of this host: not with `--interface`')
  }
  const [listens] = toHostPort(operation.transparent ?? '')
  if (isLoopback(listens)) {
    const message = `what comes in elsewhere does not reach \`${operation.transparent}\``
    const hint = `write \`listen: { transparent: "[::]:${ports.transparent}" }\``
    throw new CommandError(EXIT.invalid, message, hint)
  }
  return { role: toGateway(options.interface, options.near), ports, nameServers }
}

function toKubernetes(options: FirewallOptions, operation: Operation): string {
  const [, proxyPort] = toHostPort(operation.proxy)
  const [, transparent] = toHostPort(operation.transparent ?? '0.0.0.0:3129')
  // The user of the image, node.
  const uid = options.proxyUser === undefined ? 1_000 : toUid(options.proxyUser)
  const forcing: Forcing = {
    role: { kind: 'host', exempt: [uid], only: [] },
    ports: { transparent, dns: toHostPort(operation.dnsListen ?? '0.0.0.0:5300')[1] },
    nameServers: (options.nameServer ?? []).map(toAddress),
  }
  const { image, rulesImage } = options
  return toManifests({ image, rulesImage, proxyPort, forcing })
}

function portsOf({ transparent, dnsListen }: Operation): Forcing['ports'] {
  if (transparent === null) {
    throw new CommandError(
      EXIT.invalid,
      'there is no port that connections could be led to',
      'write `listen: { transparent: "127.0.0.1:3129" }` into cordon.yaml, and start the proxy anew',
    )
  }
  const [, port] = toHostPort(transparent)
  if (port === 0) {
    throw new CommandError(EXIT.invalid, 'rules need a port that stays', 'do not use port 0')
  }
  const dns = dnsListen === null ? null : toHostPort(dnsListen)[1]
  if (dns === 0) {
    throw new CommandError(EXIT.invalid, 'rules need a port that stays', 'do not use port 0')
  }
  return { transparent: port, dns }
}

function toHost({ proxyUser, only }: FirewallOptions, operation: Operation): Host {
  const uid = proxyUser === undefined ? userOfProxy(operation) : toUid(proxyUser)
  const forced = (only ?? []).map(toUid)
  if (forced.includes(uid)) {
    throw new CommandError(EXIT.invalid, 'the proxy’s own user cannot be forced through it')
  }
  return { kind: 'host', exempt: [uid], only: forced }
}

/** Whose connections have to go out: of nobody, there would be a circle. */
function userOfProxy({ dataDir }: Operation): number {
  const place = readConsolePlace(dataDir)
  const hint = 'start it, or name the user it runs as: `--proxy-user USER`'
  const message = 'no proxy runs with this data directory to tell whose traffic goes out freely'
  if (!place) throw new CommandError(EXIT.invalid, message, hint)
  try {
    const status = readFileSync(`/proc/${place.pid}/status`, 'utf8')
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1]
    if (uid !== undefined) return Number(uid)
  } catch {
    // Not Linux, or gone in between.
  }
  throw new CommandError(EXIT.invalid, 'nobody can say whose the running proxy is', hint)
}

function toUid(user: string): number {
  if (/^\d{1,10}$/.test(user)) return Number(user)
  if (/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(user)) {
    try {
      return Number(execFileSync('id', ['-u', '--', user], { stdio: ['ignore', 'pipe', 'ignore'] }))
    } catch {
      // Said below.
    }
  }
  throw new CommandError(EXIT.invalid, `\`${user}\` is not a user of this system`)
}

function toGateway(names: readonly string[], near: readonly string[] | undefined): Gateway {
  for (const name of names) {
    // As the kernel takes them (dev_valid_name), and as rules can say them; `+` would mean any that begins so.
    if (!/^[A-Za-z0-9_.@-]{1,15}$/.test(name)) {
      throw new CommandError(EXIT.invalid, `\`${name}\` cannot be the name of an interface`)
    }
  }
  return { kind: 'gateway', interfaces: names, near: near ? near.map(toPrefix) : networksOf(names) }
}

function networksOf(names: readonly string[]): Cidr[] {
  const found = networkInterfaces()
  return names.flatMap((name) => {
    const addresses = found[name]
    if (!addresses) {
      const hint = 'say what may be reached directly: --near PREFIX'
      throw new CommandError(EXIT.invalid, `there is no interface \`${name}\``, hint)
    }
    return addresses.flatMap(({ cidr }) => (cidr === null ? [] : (toNetwork(cidr) ?? [])))
  })
}

/** The network of `address/bits`. */
function toNetwork(text: string): Cidr | null {
  const [address = '', length = ''] = text.split('/')
  const ip = parseIp(address.replace(/%.*$/, ''))
  if (!ip) return null
  const bits = Number(length)
  const bytes = ip.bytes.map((byte, i) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - i * 8))))
  return { base: toIp(bytes), bits }
}

function toPrefix(text: string): Cidr {
  const prefix = parseCidr(text)
  if (!prefix)
    throw new CommandError(EXIT.invalid, `\`${text}\` is not a prefix, such as 10.0.0.0/8`)
  return prefix
}

function toAddress(text: string): IpAddress {
  const ip = parseIp(text)
  if (!ip) throw new CommandError(EXIT.invalid, `\`${text}\` is not an IP address`)
  return ip
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}
