/**
 * The shape for programs, published in docs/notices.md: what is there keeps its name and meaning while `version` is 1; more may be added.
 * Times are ISO 8601 in UTC; null is what is not known or does not apply.
 */

import type { Notice } from './notice.ts'

export function toJson({ id, event, at, hold, by, reason, grant, link }: Notice): unknown {
  return {
    version: 1,
    id,
    type: `hold.${event}`,
    at: iso(at),
    by,
    reason,
    hold: {
      id: hold.id,
      kind: hold.kind,
      state: hold.state,
      agent: hold.agent,
      groups: hold.groups,
      requester: hold.requester,
      purpose: hold.purpose,
      method: hold.method,
      scheme: hold.scheme,
      host: hold.host,
      port: hold.port,
      path: hold.path,
      statement: hold.statement,
      regions: hold.regions,
      placement: hold.placement,
      zone: hold.zone,
      evidence: hold.evidence,
      data_classes: hold.classes,
      body_bytes: hold.bodyBytes,
      rule: hold.rule,
      because: hold.because,
      reason: hold.reason,
      opened_at: iso(hold.openedAt),
      expires_at: iso(hold.expiresAt),
      agreed: hold.agreed,
      needs: hold.needs,
    },
    grant: grant && {
      id: grant.id,
      breadth: grant.breadth,
      uses: grant.uses,
      expires_at: iso(grant.expiresAt),
    },
    link: link && { url: link.url, expires_at: iso(link.expiresAt) },
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
