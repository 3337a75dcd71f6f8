/**
 * The parts of the benchmark that turn readings into claims: medians, pairs, which rows count, what
 * the clients print, and the configuration Cordon is measured with. Run with
 * `vitest run --root bench`; measures nothing itself.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseH2load, parseLg } from '../../bench/clients.ts'
import { CORDON_VARIANTS, cordonConfigurations } from '../../bench/cordon.ts'
import { loadExtraPeers } from '../../bench/extra-peers.ts'
import { isSound, paired, type Row, resetPeak, spread, usage } from '../../bench/measure.ts'
import { readOptions, UsageError } from '../../bench/options.ts'
import { PEERS } from '../../bench/peers.ts'
import { report } from '../../bench/report.ts'
import { KEEP_ALIVE, suits, WORKLOADS } from '../../bench/workloads.ts'
import { checkForm } from '../../src/config/form.ts'
import { configFile } from '../../src/config/schema.ts'
import { parseYaml } from '../../src/config/yaml.ts'
import { eventually } from '../support/wait.ts'

const SOUND: Row = {
  ...{ workload: 'w1l', peer: 'cordon', round: 1, figures: { cpuUs: 30 } },
  ...{ requests: 1000, errors: 0, notOk: 0, late: 0, error: '' },
}

const row = (peer: string, round: number, cpuUs: number, more: Partial<Row> = {}): Row => ({
  ...SOUND,
  ...{ peer, round, figures: { cpuUs } },
  ...more,
})

describe('spread', () => {
  for (const { values, median } of [
    { values: [3], median: 3 },
    { values: [10, 9, 100], median: 10 },
    { values: [4, 1, 3, 2], median: 2.5 },
    { values: [Number.NaN, 5, Number.POSITIVE_INFINITY], median: 5 },
  ]) {
    test(`the median of ${values.join(', ')} is ${median}`, () => {
      expect(spread(values)?.median).toBe(median)
    })
  }

  test('of nothing is nothing', () => expect(spread([Number.NaN])).toBeNull())
})

describe('a row counts', () => {
  for (const { name, change, counts } of [
    { name: 'without failures', change: {}, counts: true },
    { name: 'with one failure in a thousand', change: { errors: 1 }, counts: true },
    { name: 'not with two', change: { errors: 1, notOk: 1 }, counts: false },
    { name: 'not without a request', change: { requests: 0 }, counts: false },
    { name: 'not when the open loop fell behind', change: { late: 1 }, counts: false },
    { name: 'not with one failure in ten', change: { requests: 10, errors: 1 }, counts: false },
  ]) {
    test(name, () => expect(isSound({ ...SOUND, ...change })).toBe(counts))
  }
})

describe('pairs', () => {
  // The machine is three times slower in round 2: the medians' ratio would be 20 / 30.
  const rows = [
    ...[row('cordon', 1, 10), row('cordon', 2, 30), row('cordon', 3, 20)],
    ...[row('squid-bump', 1, 20), row('squid-bump', 2, 60), row('squid-bump', 3, 30)],
  ]

  test('a ratio is the median of the rounds, not the ratio of the medians', () => {
    expect(paired(rows, 'cordon', 'squid-bump', 'cpuUs', 'ratio')).toEqual({
      ...{ median: 0.5, min: 0.5, max: 20 / 30, count: 3 },
    })
  })

  test('a difference likewise', () => {
    expect(paired(rows, 'squid-bump', 'cordon', 'cpuUs', 'difference')?.median).toBe(10)
  })

  test('a round in which one of the two failed is left out', () => {
    const failed = [...rows, row('cordon', 4, 1), row('squid-bump', 4, 900, { errors: 500 })]
    expect(paired(failed, 'cordon', 'squid-bump', 'cpuUs', 'ratio')?.count).toBe(3)
  })
})

describe('the report', () => {
  const rounds = [1, 2, 3, 4, 5]
  const peers = ['squid-bump', 'cordon']
  const at = (cpuUs: number) => [
    ...rounds.map((round) => row('squid-bump', round, 100)),
    ...rounds.map((round) => row('cordon', round, cpuUs)),
  ]

  for (const { name, rows, says } of [
    { name: 'a target that is met', rows: at(50), says: '0.500 [0.500–0.500], at most 0.55: met' },
    { name: 'a target that is missed', rows: at(60), says: 'at most 0.55: MISSED' },
    { name: 'too few rounds', rows: at(50).filter((r) => r.round < 3), says: 'too few rounds (2)' },
    {
      name: 'a peer that failed',
      rows: [row('cordon', 1, 1, { requests: 0, errors: 1, error: 'gone' })],
      says: '0/1 | 1 (gone)',
    },
  ]) {
    test(`says ${name}`, () => expect(report(KEEP_ALIVE, peers, rows)).toContain(says))
  }
})

describe('what clients print', () => {
  test('the last line of lg is its result', () => {
    expect(parseLg('measuring\nholding\n{"requests":7,"error":""}\n').requests).toBe(7)
  })

  test('no result is an error', () => {
    expect(() => parseLg('measuring\n')).toThrow('without a result')
  })

  const h2 = [
    'Application protocol: h2',
    'finished in 3.00s, 26000.50 req/s, 28.1MB/s',
    'requests: 52001 total, 52129 started, 52001 done, 51990 succeeded, 11 failed, 11 errored',
    'status codes: 51990 2xx, 0 3xx, 0 4xx, 0 5xx',
    'time for request:     1.02ms     14.54ms      4.89ms      1.20ms    70.00%',
  ].join('\n')

  test('h2load', () => {
    expect(parseH2load(h2)).toEqual({
      ...{ requests: 52001, errors: 11, notOk: 11, perSecond: 26000.5 },
      ...{ meanUs: 4890, maxUs: 14540 },
    })
  })

  test('h2load over HTTP/1.1 is an error', () => {
    expect(() => parseH2load(h2.replace(': h2', ': http/1.1'))).toThrow('http/1.1, not h2')
  })
})

describe('a process tree', () => {
  test('counts children, and nothing once they are gone', async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & echo started; wait'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const pid = child.pid ?? 0
    await once(child.stdout, 'data')
    const alone = usage(process.pid).rssMb
    resetPeak(pid)
    const { rssMb } = usage(pid)
    expect(rssMb).toBeGreaterThan(0)
    expect(alone).toBeGreaterThan(rssMb)
    process.kill(-pid, 'SIGKILL')
    await once(child, 'exit')
    // A process that was killed takes a moment to be gone.
    await eventually('nothing to be left', () => usage(pid).rssMb === 0)
    expect(usage(pid)).toEqual({ cpuMs: 0, rssMb: 0 })
  })
})

describe('the command line', () => {
  for (const { args, fault } of [
    { args: ['w99'], fault: 'no workload `w99`' },
    { args: ['--peers', 'nobody'], fault: 'no peer `nobody`' },
    { args: ['--rounds', '0'], fault: '--rounds `0` is not a number from 1' },
    { args: ['--secs', ''], fault: '--secs `` is not a number' },
    { args: ['--colour'], fault: '--colour' },
    { args: ['--extra-peers', '/nowhere'], fault: '/nowhere' },
  ]) {
    test(`refuses ${args.join(' ')}`, () => {
      expect(() => readOptions(args)).toThrow(UsageError)
      expect(() => readOptions(args)).toThrow(fault)
    })
  }

  test('measures w1l with everybody, five rounds, when nothing is said', () => {
    const { workloads, peers, rounds } = readOptions([])
    expect([workloads.map(({ name }) => name), peers.length, rounds]).toEqual([
      ['w1l'],
      PEERS.length,
      5,
    ])
  })
})

describe('extra peers', () => {
  const peer = { name: 'mine', mode: 'tunnel', start: ['$NODE', 'x'], port: 1, ca: '$RUN/ca.pem' }
  const load = (entries: unknown) => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'))
    try {
      writeFileSync(join(folder, 'peers.json'), JSON.stringify(entries))
      return loadExtraPeers(join(folder, 'peers.json'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test('`$NODE` is this Node', () => {
    expect(load([peer])[0]?.start).toEqual([process.execPath, 'x'])
  })

  for (const { field, value } of [
    { field: 'name', value: 7 },
    { field: 'mode', value: 'none' },
    { field: 'start', value: 'a command' },
    { field: 'port', value: '80' },
    { field: 'env', value: null },
  ]) {
    test(`a wrong \`${field}\` is refused`, () => {
      expect(() => load([{ ...peer, [field]: value }])).toThrow(`entry 1: \`${field}\``)
    })
  }

  test('an entry that is no object is refused', () => expect(() => load([null])).toThrow('entry 1'))
})

describe('what is measured', () => {
  test('no two workloads, peers or ports are the same', () => {
    for (const values of [
      WORKLOADS.map(({ name }) => name),
      PEERS.map(({ name }) => name),
      PEERS.map(({ port }) => `${port}`),
    ]) {
      expect(new Set(values).size).toBe(values.length)
    }
  })

  test('a tunnel is not asked to intercept, nor the other way round', () => {
    const able = (name: string) =>
      PEERS.filter((peer) => WORKLOADS.some((w) => w.name === name && suits(w, peer)))
    expect(able('w1l').some(({ mode }) => mode === 'tunnel')).toBe(false)
    expect(able('w4small').some(({ mode }) => mode === 'intercept')).toBe(false)
  })

  const template = readFileSync(join(import.meta.dirname, '../../bench/peers/cordon.yaml'), 'utf8')
  for (const [name, text] of cordonConfigurations(template, '/somewhere')) {
    test(`the configuration of ${name} is one that Cordon takes`, () => {
      const parsed = parseYaml(text, name)
      if (!('value' in parsed)) throw new Error(JSON.stringify(parsed))
      const checked = checkForm(configFile, parsed.value)
      if (!('value' in checked)) throw new Error(JSON.stringify(checked))
      const variant = CORDON_VARIANTS.find((one) => one.name === name)
      expect(checked.value.rules?.length).toBe(variant?.rules)
      expect(checked.value.listen?.proxy).toBe(`127.0.0.1:${variant?.port}`)
      expect(text).not.toMatch(/@[A-Z]/)
    })
  }
})
