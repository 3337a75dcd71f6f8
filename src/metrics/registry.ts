/**
 * The counters as Prometheus reads them: prom-client's door. Its own counters and histograms look labels up in maps on every count, so
 * only their form is used here: each metric says its values when it is asked.
 */

import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client'
import {
  ACTIONS,
  BUCKETS_MS,
  type CountingMeter,
  EVENTS,
  flowIndex,
  type Histogram,
  OUTCOMES,
  PLACEMENTS,
  STAGES,
} from './meter.ts'

/** A number that is looked at when somebody asks. */
export interface Reading {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  read(): readonly Sample[]
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** @param readings sizes of caches, open sockets, queues, ages: whatever is not counted by the meter */
export function createRegistry(meter: CountingMeter, readings: readonly Reading[]): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const reading of [...ofMeter(meter), ...readings]) {
    const { name, help, type } = reading
    register(registry, name, help, type, () =>
      reading.read().map(({ labels = {}, value }) => ({ labels, value })),
    )
  }
  const help =
    'How long a stage of a call took. `decision` includes the commit of its row, `upstream` is from the request to the head of its answer.'
  register(registry, 'cordon_stage_seconds', help, 'histogram', () =>
    meter.stages.flatMap((histogram, i) => bucketsOf(histogram, STAGES[i] ?? '')),
  )
  return registry
}

/** Of a process that serves no traffic. */
export function createOwnRegistry(readings: readonly Reading[]): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name, help, type, read } of readings) {
    register(registry, name, help, type, () =>
      read().map(({ labels = {}, value }) => ({ labels, value })),
    )
  }
  return registry
}

/** What several processes have counted, as one. @param all what each of their registries says as JSON */
export async function aggregateMetrics(all: readonly (readonly object[])[]): Promise<Exposition> {
  const registry = AggregatorRegistry.aggregate(all.map((one) => [...one]))
  return expose(registry)
}

/** The text that scrapers read. */
export async function expose(registry: {
  readonly contentType: string
  metrics(): Promise<string>
}): Promise<Exposition> {
  const text = await registry.metrics()
  // prom-client writes `Nan`, the exposition format says `NaN`: a mean before its first sample.
  return { type: registry.contentType, text: text.replace(/ Nan$/gm, ' NaN') }
}

export interface Exposition {
  /** For Content-Type. */
  readonly type: string
  readonly text: string
}

/** The flows that it has counted. */
export function flowReading(meter: CountingMeter): Reading {
  return {
    name: 'cordon_flows_total',
    help: 'Flows that have ended, by where their data was to be processed, what was decided and what became of them.',
    type: 'counter',
    read: () => flowSamples(meter),
  }
}

function ofMeter(meter: CountingMeter): Reading[] {
  return [
    flowReading(meter),
    {
      name: 'cordon_bytes_total',
      help: 'Bytes to and from destinations, as HTTP without TLS, of flows that have ended.',
      type: 'counter',
      read: () => [
        { labels: { direction: 'out' }, value: meter.bytesOut },
        { labels: { direction: 'in' }, value: meter.bytesIn },
      ],
    },
    {
      name: 'cordon_redactions_total',
      help: 'What rules have taken out of requests (`out`) and answers (`in`) of flows that have ended, by kind.',
      type: 'counter',
      read: () => redactionSamples(meter),
    },
    {
      name: 'cordon_events_total',
      help: 'Things that an operator may want to know of.',
      type: 'counter',
      read: () => EVENTS.map((event, i) => ({ labels: { event }, value: meter.events[i] ?? 0 })),
    },
  ]
}

/** Only what has happened: most combinations never do. */
function flowSamples({ flows }: CountingMeter): Sample[] {
  const samples: Sample[] = []
  for (const placement of PLACEMENTS) {
    for (const action of ACTIONS) {
      for (const outcome of OUTCOMES) {
        const value = flows[flowIndex(placement, action, outcome)] ?? 0
        if (value > 0) samples.push({ labels: { placement, action, outcome }, value })
      }
    }
  }
  return samples
}

function redactionSamples({ redactions }: CountingMeter): Sample[] {
  return (['out', 'in'] as const).flatMap((direction) =>
    Array.from(redactions[direction], ([type, value]) => ({ labels: { direction, type }, value })),
  )
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName?: string
}

function bucketsOf({ counts, sumMs }: Histogram, stage: string): Value[] {
  const name = 'cordon_stage_seconds'
  let total = 0
  const values: Value[] = []
  for (const [i, count] of counts.entries()) {
    total += count
    const end = BUCKETS_MS[i]
    const le = end === undefined ? '+Inf' : end / 1_000
    values.push({ metricName: `${name}_bucket`, labels: { le, stage }, value: total })
  }
  values.push({ metricName: `${name}_sum`, labels: { stage }, value: sumMs / 1_000 })
  values.push({ metricName: `${name}_count`, labels: { stage }, value: total })
  return values
}

function register(
  registry: Registry,
  name: string,
  help: string,
  type: 'gauge' | 'counter' | 'histogram',
  values: () => readonly Value[],
): void {
  const get = async () => ({ name, help, type, values: values(), aggregator: 'sum' as const })
  // What prom-client needs of a metric is its name and `get`; its types ask for one of its own classes.
  registry.registerMetric({ name, get } as unknown as Parameters<Registry['registerMetric']>[0])
}
