/** A program of the host, asked something: no longer than it may take, and no more read than it has to say. */

import { spawn } from 'node:child_process'

export interface Ran {
  /** Null where it did not end by itself. */
  readonly code: number | null
  /** On both streams, in latin-1. */
  readonly said: string
}

export interface BoundedOptions {
  /** Milliseconds. */
  readonly wait?: number
  /** Added to our own environment, which has no variables for proxies then. */
  readonly env?: Readonly<Record<string, string>>
}

/** Bytes, about. */
const MOST = 262_144

export function runBounded(
  program: string,
  args: readonly string[],
  { wait = 10_000, env: more = {} }: BoundedOptions = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const { HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, https_proxy, http_proxy, all_proxy, ...env } =
      process.env
    const child = spawn(program, args, {
      env: { ...env, ...more },
      timeout: wait,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    const hear = (piece: Buffer) => {
      if (said.length < MOST) said += piece.toString('latin1')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('error', () => resolve({ code: null, said }))
    child.on('close', (code) => resolve({ code, said }))
  })
}
