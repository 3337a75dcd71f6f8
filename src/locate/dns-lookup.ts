/** What the name servers say about a name: its addresses of one family, or what they tell clients of its service. */

import type { Code, Problem } from '../model/errors.ts'
import {
  FAILURE_TTL,
  type Family,
  type FamilyResult,
  readAnswer,
  readServiceRecords,
} from './dns-answer.ts'
import { type Asking, ask, type Reply } from './dns-exchange.ts'
import { parseSvcb, type ServiceBinding } from './svcb.ts'

/** What a client that asks for HTTPS records (RFC 9460) would be told. Nothing here is ever dialled. */
export interface ServiceAnswer {
  /** The name that was asked for. */
  readonly name: string
  /** Best first; empty when there are none. */
  readonly bindings: readonly ServiceBinding[]
  readonly cnames: readonly string[]
  readonly source: string
}

/** Asks for the addresses of one family, and again for as long as the answer is only another name. */
export async function lookUpFamily(
  name: string,
  type: Family,
  asking: Asking,
  signal: AbortSignal,
): Promise<FamilyResult> {
  const passed = [name]
  let aliasTtl = Number.POSITIVE_INFINITY
  for (;;) {
    const question = { name: passed.at(-1) ?? name, type }
    const reply = await ask(question, asking, signal)
    if (reply.kind !== 'message') return toFailure(sayFailure(name, reply, asking))
    const { message, source } = reply
    const answer = readAnswer(message, question, passed)
    switch (answer.kind) {
      case 'addresses': {
        const cnames = [...passed.slice(1), ...answer.cnames]
        const ttl = Math.min(aliasTtl, answer.ttl)
        return { addresses: answer.addresses, cnames, source, ttl }
      }
      case 'alias':
        // At least one name longer each time, and readAnswer ends it at 8.
        passed.push(...answer.cnames)
        aliasTtl = Math.min(aliasTtl, answer.ttl)
        break
      case 'absent': {
        const what = answer.code === 'dns-not-found' ? 'does not exist' : 'has no address'
        const detail = `\`${name}\` ${what} according to ${source}`
        return { problem: { code: answer.code, detail }, ttl: answer.ttl }
      }
      case 'faulty':
        return toFailure(failed(name, `${answer.fault}, according to ${source}`))
      default:
        return answer satisfies never
    }
  }
}

/** Asks for HTTPS records. One that is malformed makes all of them void (RFC 9460 section 2.2). */
export async function lookUpService(
  name: string,
  asking: Asking,
  signal: AbortSignal,
): Promise<ServiceAnswer | Problem> {
  const question = { name, type: 'HTTPS' } as const
  const reply = await ask(question, asking, signal)
  if (reply.kind !== 'message') return sayFailure(name, reply, asking)
  const { message, source } = reply
  const found = readServiceRecords(message, question)
  if ('fault' in found) return failed(name, `${found.fault}, according to ${source}`)
  const bindings: ServiceBinding[] = []
  for (const record of found.value.records) {
    const parsed = parseSvcb(record)
    if ('fault' in parsed) {
      return failed(name, `an HTTPS record is malformed: ${parsed.fault}, according to ${source}`)
    }
    bindings.push(parsed.value)
  }
  bindings.sort((a, b) => a.priority - b.priority)
  return { name, bindings, cnames: found.value.cnames, source }
}

export function failed(name: string, why: string, code: Code = 'dns-failed'): Problem {
  return Object.freeze({ code, detail: `\`${name}\` could not be looked up: ${why}` })
}

function sayFailure(
  name: string,
  reply: Exclude<Reply, { kind: 'message' }>,
  { servers }: Asking,
): Problem {
  if (servers.length === 0) return failed(name, 'no name server is configured')
  if (reply.kind === 'failed') return failed(name, reply.fault)
  const silent = servers.map((server) => server.text).join(', ')
  return failed(name, `no answer in time from ${silent}`, 'dns-timeout')
}

function toFailure(problem: Problem): FamilyResult {
  return { problem, ttl: FAILURE_TTL }
}
