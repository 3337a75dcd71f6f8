/**
 * The command line of the benchmark. Nothing in it may be left to chance: an unknown name is an
 * error, not a default.
 */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadExtraPeers } from './extra-peers.ts'
import { PEERS, type Peer } from './peers.ts'
import { RUN } from './setup.ts'
import { WORKLOADS, type Workload } from './workloads.ts'

export interface Options {
  readonly list: boolean
  readonly workloads: readonly Workload[]
  /** In the order given; all of them when none was. */
  readonly peers: readonly Peer[]
  readonly rounds: number
  /** Of measuring in each round, after the warm-up. */
  readonly seconds: number
  /** Where the rows go. */
  readonly json: string
  readonly proxyCpu: number
  readonly clientCpu: number
}

/** What the user gave is wrong. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args)
  const known = [...PEERS, ...extraPeers(values['extra-peers'])]
  const twice = known.find((peer, i) => known.findIndex(({ name }) => name === peer.name) !== i)
  if (twice) throw new UsageError(`there are two peers named \`${twice.name}\``)
  const names = positionals.flatMap((text) => text.split(','))
  const workloads = choose(names.length > 0 ? names : ['w1l'], WORKLOADS, 'workload')
  return {
    list: values.list,
    workloads: values.quick ? workloads.map(hurried) : workloads,
    peers: values.peers === undefined ? known : choose(values.peers.split(','), known, 'peer'),
    rounds: number('rounds', values.rounds ?? (values.quick ? '1' : '5'), 1, 1000),
    seconds: number('secs', values.secs ?? (values.quick ? '0.5' : '2.5'), 0.2, 600),
    json: values.json ?? join(RUN, 'results.json'),
    proxyCpu: number('proxy-cpu', values['proxy-cpu'], 0, 1023),
    clientCpu: number('client-cpu', values['client-cpu'], 0, 1023),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        list: { type: 'boolean', default: false },
        peers: { type: 'string' },
        'extra-peers': { type: 'string' },
        rounds: { type: 'string' },
        secs: { type: 'string' },
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        'proxy-cpu': { type: 'string', default: '0' },
        'client-cpu': { type: 'string', default: '1' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function extraPeers(file: string | undefined): Peer[] {
  try {
    return file === undefined ? [] : loadExtraPeers(file)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function choose<T extends { name: string }>(
  names: readonly string[],
  from: readonly T[],
  what: string,
): T[] {
  return [...new Set(names)].map((name) => {
    const found = from.find((one) => one.name === name)
    if (!found) throw new UsageError(`no ${what} \`${name}\`; --list shows them`)
    return found
  })
}

function number(name: string, text: string, from: number, to: number): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= from && value <= to)) {
    throw new UsageError(`--${name} \`${text}\` is not a number from ${from} to ${to}`)
  }
  return value
}

/** For seeing that everything works; its numbers mean nothing. */
function hurried(workload: Workload): Workload {
  return { ...workload, warmUp: Math.min(workload.warmUp, 0.3) }
}
