/**
 * Starts Cordon without its audit log, so that the benchmark can tell what the log costs. For
 * measuring only: it breaks "no row, no egress" on purpose, is imported by nothing, and refuses to
 * run unless CORDON_BENCH_NO_AUDIT=1 is set.
 */

import { parseArgs } from 'node:util'
import { composeProxy } from '../src/cli/compose/proxy.ts'
import { loadWithFacts, toLoadOptions } from '../src/cli/settings.ts'
import type { Audit } from '../src/ports.ts'

if (process.env.CORDON_BENCH_NO_AUDIT !== '1') {
  console.error(
    'bench: error: this starts a proxy that logs nothing; the benchmark alone may do so',
  )
  process.exit(3)
}
const { values } = parseArgs({ options: { config: { type: 'string' } } })

let flows = 0

/** Numbers the flows and keeps nothing. */
const noAudit: Audit = {
  decide: () => Promise.resolve(++flows),
  settle() {},
  note: () => Promise.resolve(),
}

// COMPOSE: the one place where the proxy is put together with `noAudit` instead of its log. It does
// what `cordon start --config FILE` does, and no more.
const options = values.config === undefined ? {} : { config: values.config }
await composeProxy({
  settings: loadWithFacts(options),
  load: toLoadOptions(options, true),
  audit: noAudit,
})
