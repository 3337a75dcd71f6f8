/** HTTP/2 connections to origins, by key: which of them has room for one more stream, and who waits for that. */

import type { Deadlines } from '../deadlines.ts'
import type { OriginSession } from '../http2/origin-session.ts'

/** For one key. Beyond them streams wait. */
const MAX_SESSIONS = 8

interface Group {
  readonly sessions: OriginSession[]
  readonly waiting: Set<() => void>
}

export class OriginSessions {
  readonly #deadlines: Deadlines
  readonly #idleMs: number
  readonly #groups = new Map<string, Group>()

  /** @param idleMs for which a connection without streams is kept */
  constructor(deadlines: Deadlines, idleMs: number) {
    this.#deadlines = deadlines
    this.#idleMs = idleMs
  }

  get size(): number {
    let size = 0
    for (const { sessions } of this.#groups.values()) size += sessions.length
    return size
  }

  /** One that fits and has room; null when there is none. */
  find(key: string, fits: (session: OriginSession) => boolean): OriginSession | null {
    const group = this.#groups.get(key)
    return group?.sessions.find((session) => session.hasCapacity && fits(session)) ?? null
  }

  /** Whether another one may be opened. */
  mayGrow(key: string): boolean {
    const usable = this.#groups.get(key)?.sessions.filter(({ isUsable }) => isUsable)
    return (usable?.length ?? 0) < MAX_SESSIONS
  }

  /** Whether there is one that streams may be opened on, now or later. */
  has(key: string): boolean {
    return this.#groups.get(key)?.sessions.some(({ isUsable }) => isUsable) ?? false
  }

  /** Ends one that nobody uses. @param authority that it leads to, null: any */
  evict(authority: string | null): void {
    for (const { sessions } of this.#groups.values()) {
      const unused = sessions.find(
        (session) =>
          session.isUsable &&
          session.load === 0 &&
          (authority === null || session.authority === authority),
      )
      if (unused) return unused.expire()
    }
  }

  add(key: string, session: OriginSession): void {
    let group = this.#groups.get(key)
    if (!group) {
      group = { sessions: [], waiting: new Set() }
      this.#groups.set(key, group)
    }
    group.sessions.push(session)
    this.changed(key, session)
  }

  /** It has more room, or none for ever. */
  changed(key: string, session: OriginSession): void {
    if (session.load === 0) session.idleUntil = this.#deadlines.in(this.#idleMs)
    const waiting = this.#groups.get(key)?.waiting
    if (!waiting || waiting.size === 0 || (session.isUsable && !session.hasCapacity)) return
    for (const wake of [...waiting]) wake()
  }

  remove(key: string, session: OriginSession): void {
    const group = this.#groups.get(key)
    const at = group?.sessions.indexOf(session) ?? -1
    if (!group || at < 0) return
    group.sessions.splice(at, 1)
    if (group.sessions.length === 0 && group.waiting.size === 0) this.#groups.delete(key)
    else this.changed(key, session)
  }

  /** Resolves when there may be room, or after `ms`. */
  async roomOrTimeout(key: string, ms: number, signal: AbortSignal): Promise<void> {
    const group = this.#groups.get(key)
    if (!group || signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        group.waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal.addEventListener('abort', wake)
      group.waiting.add(wake)
    })
  }

  close(): void {
    for (const { sessions } of [...this.#groups.values()]) {
      for (const session of [...sessions]) session.destroy()
    }
    this.#groups.clear()
  }
}
