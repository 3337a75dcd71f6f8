/**
 * Cordon in its variants, each a peer of its own, so that what the log, the rules and the
 * interception cost can be read as differences. One template, one configuration a variant.
 */

export interface CordonVariant {
  readonly name: string
  readonly about: string
  readonly port: number
  /** Hosts that are tunnelled without looking inside. */
  readonly never: readonly string[]
  /** How many rules that never match the policy has. */
  readonly rules: number
  readonly audit: boolean
  /** Processes that serve. */
  readonly workers: number
}

const FULL = { never: [], rules: 0, audit: true, workers: 1 }

export const CORDON_VARIANTS: readonly CordonVariant[] = [
  { ...FULL, name: 'cordon', about: 'Cordon with policy and audit', port: 19520 },
  {
    ...FULL,
    name: 'cordon-no-audit',
    about: 'Cordon without its audit log',
    port: 19521,
    audit: false,
  },
  {
    ...FULL,
    name: 'cordon-rules',
    about: 'Cordon with 50 rules that do not match',
    port: 19522,
    rules: 50,
  },
  {
    ...FULL,
    name: 'cordon-tunnel',
    about: 'Cordon not looking inside',
    port: 19523,
    never: ['*.bench.test'],
  },
  {
    ...FULL,
    name: 'cordon-2',
    about: 'Cordon with two workers',
    port: 19524,
    workers: 2,
  },
]

/** Name and text of the configuration of each variant. */
export function cordonConfigurations(
  template: string,
  run: string,
): [name: string, text: string][] {
  return CORDON_VARIANTS.map(({ name, port, never, rules, workers }) => {
    const values: Record<string, string> = {
      RUN: run,
      NAME: name,
      PORT: String(port),
      WORKERS: String(workers),
      NEVER: JSON.stringify(never),
      RULES:
        rules === 0 ? '[]' : `\n${Array.from({ length: rules }, (_, i) => idleRule(i)).join('\n')}`,
    }
    return [name, template.replace(/@([A-Z]+)@/g, (whole, key) => values[key] ?? whole)]
  })
}

/** In turn: a host that is not asked for, a method that is not used there, a path that is not. */
function idleRule(i: number): string {
  const conditions = [
    { host: [`api${i}.example.com`, `*.zone${i}.example.net`] },
    { host: '*.bench.test', method: ['PUT', 'PATCH', 'DELETE'], path: `/v${i}/*` },
    { host: '*.bench.test', path: [`/admin/${i}/*`, `/*/export${i}`] },
  ]
  const when = JSON.stringify(conditions[i % conditions.length])
  return `  - { id: bench-${i}, because: bench, when: ${when}, then: block }`
}
