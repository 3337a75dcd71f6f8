/** Whom the certificate of a client names: one that was issued by an authority of the operator's, for clients, and is valid now. */

import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../model/client.ts'
import type { Problem } from '../model/errors.ts'

/** Names that are looked at; certificates of clients have one or two. */
const MAX_NAMES = 20

/** @returns null where none was shown. INVARIANT: one that was shown and does not hold is never taken for none */
export function readClientCertificate(tls: TLSSocket): ClientCertificate | Problem | null {
  const shown = tls.getPeerX509Certificate()
  if (!shown) return null
  const fault = verifyFault(tls)
  if (fault !== null) {
    return { code: 'agent-unknown', detail: `the client certificate is not accepted (${fault})` }
  }
  return {
    names: namesOf(shown.subject, shown.subjectAltName ?? ''),
    fingerprint: shown.fingerprint256,
    notAfter: shown.validToDate.getTime(),
  }
}

/** What OpenSSL makes of it, which Node tells servers of its own only. Null for nothing wrong. */
function verifyFault(tls: TLSSocket): string | null {
  const handle = (tls as { _handle?: { verifyError?: () => { code?: unknown } | null } })._handle
  if (typeof handle?.verifyError !== 'function') return 'nobody can say whether it holds'
  const error = handle.verifyError()
  return error ? String(error.code ?? 'unknown') : null
}

/**
 * The names it is for (DNS, URI, mail), or the common name where it has none of these. Node puts names with anything unusual in them into quotes: those are nobody's.
 */
function namesOf(subject: string, alternatives: string): readonly string[] {
  const names = alternatives.split(', ').flatMap((each) => {
    const [, name] = /^(?:DNS|URI|email):([!#-~]+)$/.exec(each) ?? []
    return name === undefined ? [] : [name]
  })
  if (alternatives !== '') return names.slice(0, MAX_NAMES)
  const common = subject.split('\n').filter((line) => line.startsWith('CN='))
  return common.length === 1 ? common.map((line) => line.slice(3)) : []
}
