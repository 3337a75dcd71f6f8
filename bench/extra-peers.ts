/**
 * Peers from a JSON file, for what is not part of the project: `[{ "name", "about"?, "mode",
 * "start": [argv], "port", "ca", "env"?, "unfit"?: [workloads] }]`. `$RUN` stands for bench/run and
 * `$NODE` for the Node that runs the benchmark. The file names commands that will be run: trust it
 * as you would a script.
 */

import { readFileSync } from 'node:fs'
import { MODES, type Peer } from './peers.ts'
import { RUN } from './setup.ts'

/** @throws with the entry and the field that is wrong. */
export function loadExtraPeers(file: string): Peer[] {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(parsed)) throw new Error(`${file} is not a list of peers`)
  return parsed.map((entry, i) => parsePeer(Object(entry), `${file}: entry ${i + 1}`))
}

function parsePeer(entry: Record<string, unknown>, where: string): Peer {
  const wrong = (field: string) => new Error(`${where}: \`${field}\` is missing or wrong`)
  const text = (field: string, fallback?: string): string => {
    const value = entry[field] ?? fallback
    if (typeof value !== 'string') throw wrong(field)
    return fill(value)
  }
  const texts = (field: string): string[] => {
    const value = entry[field] ?? []
    if (!Array.isArray(value) || !value.every((part) => typeof part === 'string'))
      throw wrong(field)
    return value.map(fill)
  }
  const { port, env = {} } = entry
  if (typeof port !== 'number' || !Number.isInteger(port)) throw wrong('port')
  if (typeof env !== 'object' || env === null) throw wrong('env')
  const mode = MODES.find((known) => known === entry.mode)
  if (mode === undefined || mode === 'none') throw wrong('mode')
  return {
    name: text('name'),
    about: text('about', 'from a file'),
    mode,
    needs: [],
    start: texts('start'),
    port,
    ca: text('ca'),
    env: Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, fill(String(value))]),
    ),
    unfit: texts('unfit'),
  }
}

function fill(text: string): string {
  return text.replaceAll('$RUN', RUN).replaceAll('$NODE', process.execPath)
}
