/** The proxy behind us, as the configuration names it: a destination like any other, which the policy has to let through for Cordon itself. */

import type { Admission } from '../admission.ts'
import type { UpstreamProxyNamed } from '../config/operation.ts'
import type { Enforcer } from '../enforce.ts'
import type { Host } from '../model/authority.ts'
import type { Problem } from '../model/errors.ts'
import type { Flow } from '../model/flow.ts'
import { compileHostPattern } from '../policy/pattern.ts'
import { UpstreamProxy, type UpstreamProxyOptions } from '../proxy/origin/upstream-proxy.ts'
import { CORDON } from '../proxy/own-request.ts'
import { judge } from '../release.ts'
import { type Form, readSecret } from './secrets.ts'

export interface UpstreamProxyParts extends Pick<UpstreamProxyOptions, 'contexts' | 'sessions'> {
  readonly enforcer: Enforcer
}

/** @throws CommandError when the credentials cannot be had */
export function openUpstreamProxy(
  named: UpstreamProxyNamed | null,
  { enforcer, contexts, sessions }: UpstreamProxyParts,
): UpstreamProxy | null {
  if (!named) return null
  const { scheme, authority, credentials } = named
  // One for all calls: what is known of it is remembered by it.
  const flow: Flow = {
    mode: 'connect',
    scheme: 'tcp',
    clientIp: '127.0.0.1',
    agent: CORDON,
    inspection: 'headers',
  }
  return new UpstreamProxy({
    scheme,
    authority,
    credentials: credentials && readSecret(credentials, 'the credentials', USER_AND_PASSWORD),
    isException: toExceptions(named),
    admit: async () => mayUse(await enforcer.admit(flow, authority)),
    contexts,
    sessions,
  })
}

/** Whether a host is called without it. */
export function toExceptions({ except }: UpstreamProxyNamed): (host: Host) => boolean {
  const patterns = except.flatMap((text) => {
    const pattern = compileHostPattern(text)
    return 'value' in pattern ? [pattern.value] : []
  })
  return ({ text }) => patterns.some((pattern) => pattern.matches(text))
}

/** The policy in force says so, each time; where it is only observed, only what no policy can allow is refused. */
function mayUse(admission: Admission): Admission | Problem {
  const { destination, assessment } = admission
  const { action, reason } = judge(admission, {
    method: 'CONNECT',
    path: null,
    protocol: 'HTTP/1.1',
  })
  const passes = action === 'allow' || (!assessment.policy.enforced && destination.fault === null)
  if (passes) return admission
  const detail = `${destination.authority.text}: ${destination.fault?.detail ?? reason}`
  return { code: 'upstream-proxy-blocked', detail }
}

/** RFC 7617 section 2. */
const USER_AND_PASSWORD: Form = { is: 'user:password', fits: (text) => /^[^:]+:/.test(text) }
