/** A console with the API over holds in memory, on a real socket; tokens are plain words. */

import { parseDuration } from '../../src/config/duration.ts'
import { apiRoute } from '../../src/console/api/api.ts'
import { Attempts } from '../../src/console/api/attempts.ts'
import type { Callers } from '../../src/console/api/caller.ts'
import { type Console, openConsole } from '../../src/console/server.ts'
import { openApprovals, type TestApprovals } from './approvals.ts'

export interface TestConsole extends AsyncDisposable {
  readonly console: Console
  readonly url: string
  readonly approvals: TestApprovals
  /** Rows for the log. */
  readonly notes: [action: string, subject: string, detail: string][]
  /** By token; may be changed. */
  readonly people: Map<string, { kind: 'reviewer' | 'agent'; name: string }>
}

export async function openTestConsole(
  options: { readonly approvals?: null } = {},
): Promise<TestConsole> {
  const approvals = openApprovals()
  const notes: TestConsole['notes'] = []
  const people: TestConsole['people'] = new Map([
    ['crv_ada', { kind: 'reviewer', name: 'ada' }],
    ['crv_bob', { kind: 'reviewer', name: 'bob' }],
    ['agent-crawler', { kind: 'agent', name: 'crawler' }],
    ['agent-other', { kind: 'agent', name: 'other' }],
  ])
  const callers: Callers = {
    async of(token) {
      const person = people.get(token)
      if (person) return { ...person, groups: [] }
      if (token === 'crv_gone') {
        return { fault: 'forbidden', detail: '`gone` is not a reviewer', hint: null }
      }
      return { fault: 'unauthenticated', detail: 'the token is not one', hint: null }
    },
  }
  const route = apiRoute({
    approvals: options.approvals === null ? null : approvals,
    callers,
    clock: approvals,
    parseDuration,
    reviewers: () => ['admin', 'ada', 'bob'],
    groupsOf: (agent) => (agent === 'crawler' ? ['batch'] : []),
    attempts: new Attempts({ clock: approvals, note: (...row) => notes.push(row) }),
  })
  const console = await openConsole('127.0.0.1', 0, {
    health: () => ({ audit: null, mode: 'enforce' }),
    metrics: async () => ({ type: 'text/plain', text: '' }),
    names: [],
    routes: [route],
    report: (where, error) => {
      throw new Error(`${where}: ${String(error)}`)
    },
  })
  return {
    console,
    url: `http://127.0.0.1:${console.port}`,
    approvals,
    notes,
    people,
    [Symbol.asyncDispose]: () => console.close(),
  }
}
