/** What `cordon doctor` has looked at and what it makes of it. */

/** `fail`: nothing passes, or not everything is enforced. `warn`: it works, and somebody should look. `skip`: it could not be told. */
export type Status = 'ok' | 'warn' | 'fail' | 'skip'

export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string
  readonly status: Status
  /** What was found. */
  readonly found: string
  /** What can be done about it. */
  readonly hint: string | null
}

export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found, hint: null }
}

export function warn(check: string, found: string, hint: string | null): Finding {
  return { check, status: 'warn', found, hint }
}

export function fail(check: string, found: string, hint: string | null): Finding {
  return { check, status: 'fail', found, hint }
}

export function skip(check: string, found: string, hint: string | null): Finding {
  return { check, status: 'skip', found, hint }
}
