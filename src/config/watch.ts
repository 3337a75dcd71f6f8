/**
 * Keeps the policy up to date: looks at the files once a second and when told to, reads them again when they have changed, and
 * keeps the last good policy when the new one has a mistake. Only the policy changes; what needs a restart stays as it is.
 *
 * INVARIANT: whatever happens to the files, what is in force is a policy that was read whole and without mistakes, and
 * never the built-in one in place of a configuration that has gone.
 */

import { isDeepStrictEqual } from 'node:util'
import { ConfigError } from './config-error.ts'
import { type LoadOptions, loadSettings, type Settings } from './load.ts'

export interface Watch extends Disposable {
  readonly current: Settings
  /** Reads the files now, changed or not. */
  reload(): void
}

export interface WatchOptions {
  readonly load: LoadOptions
  readonly first: Settings
  /** Milliseconds between looks. */
  readonly every?: number
  onChange(next: Settings, previous: Settings): void
  /** The files now ask for another way to run than the process was started with; told once for each such wish. */
  onRestartNeeded(): void
  onFailure(error: ConfigError): void
  /** They were read without mistakes, changed or not. */
  onRead?(): void
}

export function watchSettings({ load, first, every = 1_000, ...on }: WatchOptions): Watch {
  let current = first
  let wanted = first.operation
  let { footprint } = first
  let { seen } = footprint
  let last = seen

  const reload = () => {
    const previous = current
    const before = footprint.now()
    const next = tryLoad({ ...load, config: load.config ?? previous.configPath })
    footprint = next.footprint ?? footprint
    seen = next.footprint?.seen ?? before
    last = seen
    if (next instanceof ConfigError) return on.onFailure(next)
    current = next
    on.onRead?.()
    if (!isDeepStrictEqual(next.operation, wanted)) {
      wanted = next.operation
      if (!isDeepStrictEqual(wanted, first.operation)) on.onRestartNeeded()
    }
    if (next.policy.digest !== previous.policy.digest) on.onChange(next, previous)
  }

  const timer = setInterval(() => {
    const now = footprint.now()
    // Files that look different at each look are still being written; half a policy can be a valid one.
    if (now !== seen && now === last) reload()
    else last = now
  }, every)
  timer.unref()
  return {
    get current() {
      return current
    },
    reload,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** A reload must not end the proxy, whatever it runs into. */
function tryLoad(options: LoadOptions): Settings | ConfigError {
  try {
    return loadSettings(options)
  } catch (error) {
    if (error instanceof ConfigError) return error
    const message = error instanceof Error ? error.message : String(error)
    const hint = 'this is a mistake in cordon: please report it'
    return new ConfigError([{ file: 'cordon', line: null, column: null, message, hint }])
  }
}
