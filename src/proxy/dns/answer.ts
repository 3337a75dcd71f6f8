/**
 * What a client that asks for a name is told: the addresses it would be let to, and of others that there is no such name, with the reason. Who asks
 * only for the name has not asked for anything yet: it is refused where no call to it could pass; the call itself is judged when it comes.
 */

import { parseHost, toAuthority } from '../../model/authority.ts'
import type { Client } from '../../model/client.ts'
import type { Flow, RequestLine } from '../../model/flow.ts'
import type { ProxyContext } from '../proxy.ts'
import { type DnsAnswer, type DnsQuestion, EXTENDED, RCODE, TYPE } from './message.ts'

/** Seconds that clients may keep an answer: policies change, and so do addresses. */
const TTL = 30
/** What most calls are for; rules about other ports speak when the call comes. */
const PORT = 443

export type Answering = Pick<ProxyContext, 'enforcer' | 'identify'>

/** Never rejects but for a defect of ours. */
export async function answerQuestion(
  { name, type }: DnsQuestion,
  client: Client,
  context: Answering,
): Promise<DnsAnswer> {
  // Where else a service is, by which other protocol and under which other name: nothing that could be judged (h3, ECH).
  if (type === TYPE.https || type === TYPE.svcb) return { ...NOTHING, rcode: RCODE.ok }
  if (type !== TYPE.a && type !== TYPE.aaaa) return ONLY_ADDRESSES
  const { enforcer, identify } = context
  const host = parseHost(name)
  if ('fault' in host || host.value.ip) return { ...NOTHING, rcode: RCODE.notFound }
  const authority = toAuthority(host.value, PORT)
  const agent = await identify(null, client)
  const flow: Flow = {
    mode: 'dns',
    scheme: 'tcp',
    clientIp: client.text,
    agent: 'code' in agent ? NOBODY : agent,
    inspection: 'none',
  }
  if ('code' in agent) {
    const { title } = await enforcer.refuse(flow, authority, agent, QUESTION)
    return { ...NOTHING, extended: { code: EXTENDED.prohibited, text: title } }
  }
  const answered = await enforcer.answerName(flow, authority, QUESTION)
  if ('addresses' in answered) {
    const version = type === TYPE.a ? 4 : 6
    const addresses = answered.addresses.filter((address) => address.version === version)
    return { rcode: RCODE.ok, addresses, ttl: TTL, extended: null }
  }
  const { code, detail } = answered.refusal
  switch (code) {
    case 'dns-not-found':
      return { ...NOTHING, rcode: RCODE.notFound }
    case 'dns-no-address':
      return { ...NOTHING, rcode: RCODE.ok }
    case 'name-rate-limited':
      return { ...NOTHING, extended: { code: EXTENDED.prohibited, text: detail } }
    case 'dns-failed':
    case 'dns-timeout':
    case 'audit-unavailable':
    case 'gate-failed':
      return { ...NOTHING, rcode: RCODE.failed }
    default: {
      const extended = { code: EXTENDED.blocked, text: `${code}: ${detail}` }
      return { ...NOTHING, rcode: RCODE.notFound, extended }
    }
  }
}

const NOTHING: DnsAnswer = { rcode: RCODE.refused, addresses: [], ttl: TTL, extended: null }

const ONLY_ADDRESSES: DnsAnswer = {
  ...NOTHING,
  extended: { code: EXTENDED.prohibited, text: 'only addresses are answered here (A and AAAA)' },
}

const NOBODY = { id: 'anonymous', groups: [], by: 'none' } as const
const QUESTION: RequestLine = { method: null, path: null, protocol: 'DNS' }
