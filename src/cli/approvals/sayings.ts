/** Holds and grants in words, for lists and sentences. What others wrote is on one line here. */

import type { GrantRow, HoldRow } from '../../console/api/rows.ts'
import { sayRegions } from '../../model/region.ts'

export const HOLD_HEAD = ['ID', 'STATE', 'LEFT', 'AGENT', 'CALL', 'PLACE', 'RULE'] as const
export const GRANT_HEAD = ['ID', 'STATE', 'LEFT', 'USES', 'WHO', 'WHAT', 'BY'] as const

export function toHoldCells(hold: HoldRow): string[] {
  return [
    hold.id,
    hold.state,
    hold.state === 'pending' ? sayTime(hold.seconds_left) : '-',
    hold.agent,
    sayCall(hold),
    `${hold.regions.length === 0 ? '?' : sayRegions(hold.regions)} ${hold.placement}`,
    hold.rule ?? '-',
  ].map(toLine)
}

export function toGrantCells(grant: GrantRow): string[] {
  return [
    grant.id,
    grant.state,
    grant.state === 'active' ? sayTime(grant.seconds_left) : '-',
    `${grant.used}/${grant.uses ?? '∞'}`,
    sayWhom(grant),
    `${sayCall(grant)} (${grant.breadth})`,
    grant.approver,
  ].map(toLine)
}

/** e.g. `POST https://api.us.test/v1/chat`; the usual port is not said. */
export function sayCall({
  method,
  scheme,
  host,
  port,
  path,
}: Pick<HoldRow, 'method' | 'scheme' | 'host' | 'port' | 'path'>): string {
  const name = host.includes(':') ? `[${host}]` : host
  const isUsual = port === (scheme === 'http' ? 80 : 443)
  return `${method ?? 'any'} ${scheme}://${name}${isUsual ? '' : `:${port}`}${path ?? '/*'}`
}

/** How wide, until when, how often: what a reviewer has to know they have given. */
export function sayGrant(grant: GrantRow): string {
  const often = sayOften(grant.uses)
  const from = grant.starts_at > grant.created_at ? `from ${sayMoment(grant.starts_at)} ` : ''
  const until = `${from}until ${sayMoment(grant.expires_at)}`
  const end = `${often}, ${until}, ${saySphere(grant.regions)}; \`cordon grants revoke ${grant.id}\` takes it back`
  return toLine(`${sayWhom(grant)} may ${sayWhat(grant)} ${end}`)
}

/** @param uses null for as often as it comes */
export function sayOften(uses: number | null): string {
  return uses === null ? 'any number of times' : uses === 1 ? 'once' : `${uses} times`
}

function sayWhat(grant: GrantRow): string {
  const call = sayCall(grant)
  if (grant.breadth === 'request') return `send the held request, ${call},`
  if (grant.method === null && grant.path === null) {
    return `call ${call.slice('any '.length, -'/*'.length)} with any method and path`
  }
  return `send ${call}`
}

function sayWhom({ agent, agent_group: group, client_ip }: GrantRow): string {
  const from = client_ip === null ? '' : ` from ${client_ip}`
  return group === null ? `${agent}${from}` : `agents of the group ${group}`
}

function saySphere(regions: readonly string[]): string {
  return regions.length === 0
    ? 'while nobody knows where it is processed'
    : `as long as it is processed in ${sayRegions(regions)}`
}

/** e.g. `1h 05m`, `24m 10s`, `9s`. */
export function sayTime(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  if (h >= 48) return `${Math.floor(h / 24)}d ${two(h % 24)}h`
  if (h > 0) return `${h}h ${two(m)}m`
  return m > 0 ? `${m}m ${two(s)}s` : `${s}s`
}

/** To the second, in UTC. */
export function sayMoment(iso: string): string {
  return `${iso.replace('T', ' ').slice(0, 19)} UTC`
}

export function toLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}
