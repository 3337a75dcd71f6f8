/** Whether it lives, whether it may serve, and what it has counted: for orchestrators and Prometheus. Read-only and without secrets. */

import { answerFault, answerJson } from './answers.ts'
import type { ConsoleOptions, Route } from './server.ts'

/** How it is. */
export interface Health {
  /** What is wrong with the audit log; null when nothing is. */
  readonly audit: string | null
  /** Whether the policy in force is carried out, or only looked at. */
  readonly mode: 'enforce' | 'observe'
  /** What is wrong with the files of the policy, so that the last good one is in force; null when nothing is. */
  readonly policy?: string | null
  /** Where several processes serve: how many do now, and how many have ended and were replaced. */
  readonly workers?: { readonly serving: number; readonly exits: number } | null
}

export function healthRoute({
  health,
  metrics,
}: Pick<ConsoleOptions, 'health' | 'metrics'>): Route {
  return async ({ request, response, url }) => {
    const path = url.pathname
    if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      answerFault(response, 'method', 'only GET is answered here')
    } else if (path === '/healthz') answerJson(response, 200, { status: 'ok' })
    else if (path === '/readyz') {
      const { audit, mode, policy = null, workers } = health()
      const ready = audit === null && workers?.serving !== 0
      const status = ready ? 'ready' : 'not ready'
      const problems = {
        ...(audit === null ? {} : { audit }),
        ...(policy === null ? {} : { policy }),
      }
      const body = { status, mode, ...problems, ...(workers ? { workers } : {}) }
      answerJson(response, ready ? 200 : 503, body)
    } else {
      try {
        const { type, text } = await metrics()
        response.writeHead(200, { 'Content-Type': type })
        response.end(text)
      } catch {
        answerFault(response, 'failed', 'the metrics cannot be read')
      }
    }
    return true
  }
}
