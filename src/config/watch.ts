/**
 * Keeps the policy up to date: looks at the files once a second and when told to, reads them again when one has changed, and keeps
 * the last good policy when the new one has a mistake. Only the policy changes; what needs a restart stays as it is.
 */

import { statSync } from 'node:fs'
import { ConfigError, type LoadOptions, loadSettings, type Settings } from './load.ts'

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
  onFailure(error: ConfigError): void
}

export function watchSettings(options: WatchOptions): Watch {
  let current = options.first
  let files = current.files
  let seen = fingerprint(files)
  const reload = () => {
    try {
      const next = loadSettings(options.load)
      const previous = current
      current = next
      files = next.files
      if (next.policy.digest !== previous.policy.digest) options.onChange(next, previous)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      options.onFailure(error)
    }
    seen = fingerprint(files)
  }
  const timer = setInterval(() => {
    if (fingerprint(files) !== seen) reload()
  }, options.every ?? 1_000)
  timer.unref()
  return {
    get current() {
      return current
    },
    reload,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** Equal as long as no file was written, replaced, added or removed. */
function fingerprint(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      return stat ? `${file} ${stat.ino} ${stat.size} ${stat.mtimeMs}` : `${file} -`
    })
    .join('\n')
}
