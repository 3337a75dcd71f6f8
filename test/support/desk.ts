/** A reviewer of a running proxy, over its API. */

import type { TestProxy } from './proxy.ts'
import { eventually } from './wait.ts'

export interface HoldRow extends Record<string, unknown> {
  readonly id: string
  readonly state: string
}

export interface Reviewer {
  /** @returns the status and what was answered */
  post(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>
  get(path: string): Promise<Record<string, unknown>>
  approve(id: string, wish?: object): Promise<Record<string, unknown>>
  /** The only pending hold, once there is one. */
  pending(): Promise<HoldRow>
}

/** @param token of the reviewer; default: the one that was made at the first start */
export function asReviewer(proxy: TestProxy, token = proxy.adminToken): Reviewer {
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${proxy.consolePort}/api/v1${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const post = (path: string, body: object = {}) =>
    call(path, { method: 'POST', body: JSON.stringify(body) })
  const get = async (path: string) => (await call(path)).body
  return {
    post,
    get,
    async approve(id, wish) {
      const { status, body } = await post(`/holds/${id}/approve`, wish)
      if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
      return body
    },
    pending: () =>
      eventually('a pending hold', () => {
        const [hold] = proxy.query<HoldRow>("SELECT * FROM holds WHERE state = 'pending'")
        return hold ?? null
      }),
  }
}
