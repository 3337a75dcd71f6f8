/** Refusals as a server of PostgreSQL would say them: an ErrorResponse, of one statement or of the whole connection. */

import { type Code, describeCode } from '../../model/errors.ts'
import type { Refusal } from '../../model/refusal.ts'
import { BACKEND, toMessage } from './messages.ts'

/** @param severity `ERROR` ends a statement, `FATAL` the connection */
export function toErrorResponse(refusal: Refusal, severity: 'ERROR' | 'FATAL'): Buffer {
  const { code, title, detail, host, flow, next, rule } = refusal
  const whose = host === null ? 'from the proxy Cordon' : `from the proxy Cordon, not from ${host}`
  return toMessage(
    BACKEND.errorResponse,
    field('S', severity),
    field('V', severity),
    field('C', sqlStateOf(code)),
    field('M', `${title} (${code}; ${whose})`),
    field(
      'D',
      `${detail}${flow === null ? '' : ` (flow ${flow}${rule === null ? '' : `, rule ${rule}`})`}`,
    ),
    field('H', next),
    '\0',
  )
}

/** The proxy ends, and its sessions with it: admin_shutdown, after which drivers connect anew. */
export const STOPPING = toMessage(
  BACKEND.errorResponse,
  field('S', 'FATAL'),
  field('V', 'FATAL'),
  field('C', '57P01'),
  field('M', 'terminating connection: the proxy Cordon is stopping'),
  '\0',
)

function field(type: string, text: string): string {
  return `${type}${text.replaceAll('\0', '')}\0`
}

/** Appendix A of the manual: what drivers tell apart. */
function sqlStateOf(code: Refusal['code']): string {
  const known = STATES[code as Code]
  if (known) return known
  const { side } = describeCode(code)
  return SIDES[side]
}

const STATES: Partial<Record<Code, string>> = {
  'agent-unknown': '28000',
  'token-expired': '28000',
  'token-revoked': '28000',
  'grant-ended': '57P01',
}

/** protocol_violation, insufficient_privilege, connection_failure, system_error. */
const SIDES = { client: '08P01', policy: '42501', upstream: '08006', self: '58000' } as const
