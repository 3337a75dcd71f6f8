/** What people have of a proxy, once for all its processes: the console, notices of what waits for them, and the links between the two. */

import type { Reading } from '../../metrics/registry.ts'
import { type ConsoleParts, type OwnConsole, openConsoleOf } from './console.ts'
import { composeNotices } from './notices.ts'
import type { Owner } from './owner.ts'

export interface People extends AsyncDisposable {
  /** Null when none is wanted. */
  readonly console: OwnConsole | null
  readonly readings: readonly Reading[]
}

export type PeopleParts = Pick<ConsoleParts, 'metrics' | 'workers'>

export async function composePeople(owner: Owner, parts: PeopleParts): Promise<People> {
  await using stack = new AsyncDisposableStack()
  const { desk: approvals } = owner
  let console: OwnConsole | null = null
  const consoleUrl = () => console && toUrl(console)
  const notices = await composeNotices({ owner, approvals, consoleUrl })
  if (notices) stack.use(notices)
  console = await openConsoleOf(owner, { ...parts, approvals, links: notices?.links ?? null })
  if (console) stack.defer(() => console?.close())
  const resources = stack.move()
  return {
    console,
    readings: notices ? [notices.reading] : [],
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** From this host, where it listens on all addresses. */
function toUrl({ address, port }: OwnConsole): string {
  if (address === '0.0.0.0' || address === '::') return `http://localhost:${port}`
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}
