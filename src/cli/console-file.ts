/** Where the console of a running proxy was bound, told to commands by a file in the data directory: they find it with port 0 as well. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'

export interface ConsolePlace {
  readonly address: string
  readonly port: number
  /** Of the process that has it open. */
  readonly pid: number
}

/** @returns removes it */
export function writeConsolePlace(dataDir: string, place: ConsolePlace): () => void {
  const path = pathIn(dataDir)
  writeFileSync(`${path}.new`, `${JSON.stringify(place)}\n`)
  renameSync(`${path}.new`, path)
  return () => rmSync(path, { force: true })
}

/**
 * @returns null when there is none, or it was left behind by a process that is gone: somebody else may have the port by now, and is not
 * to be given a token.
 */
export function readConsolePlace(dataDir: string): ConsolePlace | null {
  try {
    const place: unknown = JSON.parse(readFileSync(pathIn(dataDir), 'utf8'))
    return isPlace(place) && isAlive(place.pid) ? place : null
  } catch {
    return null
  }
}

/** e.g. `http://127.0.0.1:3130`; an address that means all of them is called on loopback. */
export function toConsoleUrl({ address, port }: Pick<ConsolePlace, 'address' | 'port'>): string {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'console.json')
}

function isPlace(value: unknown): value is ConsolePlace {
  if (typeof value !== 'object' || value === null) return false
  const { address, port, pid } = value as Record<string, unknown>
  return (
    typeof address === 'string' &&
    isIP(address) !== 0 &&
    Number.isInteger(port) &&
    Number(port) >= 1 &&
    Number(port) <= 65_535 &&
    Number.isInteger(pid) &&
    Number(pid) >= 1
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
