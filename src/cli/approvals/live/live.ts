/** The live list: events of the server and keys of the reader come together here. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { SeenHold } from '../../../console/api/handler.ts'
import type { GrantRow } from '../../../console/api/rows.ts'
import type { Decided } from '../../commands/approve.ts'
import { sayDecided } from '../../commands/approve.ts'
import { CommandError, EXIT } from '../../output.ts'
import type { ApiClient, ServerEvent } from '../api-client.ts'
import type { Closer } from '../details.ts'
import { KeyReader } from './keys.ts'
import { render } from './render.ts'
import { Screen } from './screen.ts'
import { type Act, change, EMPTY, press, replace } from './state.ts'

const SECOND_MS = 1_000
const RETRY_MS = 1_000
/** What happens in so short a time is drawn at once, in milliseconds: thousands may come together. */
const TOGETHER_MS = 30

/**
 * Shows the list until the reader leaves it.
 *
 * @param again where to ask when the connection is lost
 * @throws CommandError when whoever asks is not known
 */
export async function showLive(first: ApiClient, again: () => ApiClient): Promise<void> {
  const leaving = new AbortController()
  const { signal } = leaving
  let api = first
  let state = { ...EMPTY, where: api.base }

  let soon: NodeJS.Timeout | null = null
  const draw = () => {
    if (soon !== null) clearTimeout(soon)
    soon = null
    const picture = render(state, screen.size, Date.now())
    state = { ...state, scroll: picture.scroll }
    screen.draw(picture.lines)
  }
  const say = (said: string) => {
    state = { ...state, said }
    draw()
  }
  const carryOut = (act: Act) => {
    if (act.kind === 'quit') return leaving.abort()
    perform(api, act).then(
      (found) => {
        if ('outline' in found) {
          if (state.hold === act.id) state = { ...state, closer: found }
          draw()
        } else say(found.said)
      },
      (error: unknown) => say(sayProblem(error)),
    )
  }
  const keys = new KeyReader()
  const onKeys = (text: string) => {
    for (const key of keys.read(text)) {
      const step = press(state, key)
      state = step.state
      if (step.act) carryOut(step.act)
    }
    if (!signal.aborted) draw()
  }
  const onEvent = ({ event, data }: ServerEvent) => {
    if (event === 'snapshot') {
      const { caller, holds, left_off, grants } = data as Snapshot
      state = replace(state, { who: caller.name, holds, leftOff: left_off, grants })
    } else if (event === 'change') {
      const { hold, granted } = data as Change
      state = change(state, hold, granted)
    }
    soon ??= setTimeout(draw, TOGETHER_MS)
  }

  // Before the screen is taken: whoever is not known hears it as from any command.
  await api.get('/me')
  using screen = new Screen(onKeys, draw)
  draw()
  const timer = setInterval(draw, SECOND_MS)
  const stop = () => leaving.abort()
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  try {
    while (!signal.aborted) {
      await api.events(onEvent, signal).catch((error: unknown) => {
        if (error instanceof CommandError && error.code === EXIT.blocked) throw error
      })
      state = { ...state, isConnected: false }
      if (signal.aborted) break
      draw()
      await sleep(RETRY_MS, null, { signal }).catch(() => {})
      api = again()
      state = { ...state, where: api.base }
    }
  } finally {
    clearInterval(timer)
    if (soon !== null) clearTimeout(soon)
    process.off('SIGTERM', stop)
    process.off('SIGHUP', stop)
  }
}

interface Snapshot {
  readonly caller: { readonly name: string }
  readonly holds: readonly SeenHold[]
  readonly left_off: number
  readonly grants: readonly GrantRow[]
}

interface Change {
  readonly hold: SeenHold
  readonly granted: GrantRow | null
}

async function perform(
  api: ApiClient,
  act: Exclude<Act, { kind: 'quit' }>,
): Promise<{ readonly said: string } | Closer> {
  switch (act.kind) {
    case 'look':
      return api.get<Closer>(`/holds/${act.id}`)
    case 'approve':
      return { said: sayDecided(await api.post<Decided>(`/holds/${act.id}/approve`, act.wish)) }
    case 'deny': {
      const { reason } = act
      return { said: sayDecided(await api.post<Decided>(`/holds/${act.id}/deny`, { reason })) }
    }
    case 'revoke': {
      const { reason } = act
      await api.post(`/grants/${act.id}/revoke`, { reason })
      return { said: `revoked ${act.id}` }
    }
  }
}

function sayProblem(error: unknown): string {
  if (!(error instanceof CommandError)) return String(error)
  return error.hint === null ? error.message : `${error.message}: ${error.hint}`
}
