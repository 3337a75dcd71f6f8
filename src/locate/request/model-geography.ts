/** Fields by which a caller of a model API asks for a geography, at vendors that say what they mean by it. */

import type { Evidence } from '../../model/evidence.ts'
import { ANYWHERE } from '../../model/region.ts'
import type { Call } from './call.ts'
import { breadth, quote, record } from './claims.ts'
import type { Findings } from './view.ts'

const GEO = 'inference_geo'

/**
 * Anthropic: `us` stays in the US, or the request is refused where the model cannot; `global` is anywhere. Without the field the
 * default of the workspace holds, which is for the catalogue or a declaration to say. The list of values is open.
 */
export function readAnthropic(call: Call): Findings {
  if (!call.mayHoldFields) return {}
  const { json } = call
  const values = json.values(GEO)
  const inBatch = json.values(`requests[].params.${GEO}`)
  if (values === null || inBatch === null) {
    return { evidence: [HIDDEN], unread: !json.whole }
  }
  const all = [...values, ...inBatch]
  if (all.includes('global')) return { evidence: [breadth(ANYWHERE, GEO, 'asks for `global`')] }
  const [value] = all
  if (value === undefined) return {}
  // In a batch a request without the field goes by the default, so only a single statement for all narrows.
  const isUs = value === 'us' && all.length === 1 && values.length === 1
  return { evidence: [isUs ? US : record(GEO, `${quote(value)} does not settle it`)] }
}

const HIDDEN = breadth(ANYWHERE, GEO, 'may stand in a body that cannot be read in one way')

const US: Evidence = {
  kind: 'request-region',
  source: GEO,
  asOf: null,
  claim: ['US'],
  strength: 'strong',
  address: null,
  detail: 'asks for `us`, which the vendor keeps to',
}

/** Fireworks: a field of the head, and an older one in the body. What the values stand for is not published by country. */
export function readFireworks(call: Call): Findings {
  const inHead = call.view.header('fireworks-inference-geo')
  const inBody = call.mayHoldFields ? call.json.values(GEO) : []
  const unread = call.mayHoldFields && !call.json.whole
  if (inBody === null) return { evidence: [HIDDEN], unread }
  return {
    evidence: [...inHead, ...inBody].map((value) =>
      /^\s*global\s*$/i.test(value)
        ? breadth(ANYWHERE, GEO, 'asks for `global`')
        : record(GEO, `${quote(value)}: the vendor does not say which countries`),
    ),
    unread,
  }
}

/** OpenRouter: a choice of providers is no choice of places; it is kept because a catalogue entry may know them. */
export function readOpenRouter(call: Call): Findings {
  if (!call.mayHoldFields) return {}
  const { json } = call
  const only = json.values('provider.only[]')
  const order = json.values('provider.order[]')
  if (only === null || order === null) return { unread: !json.whole }
  return {
    evidence: [
      ...(only.length > 0 ? [record('provider.only', 'limits the providers, not the places')] : []),
      ...(order.length > 0 ? [record('provider.order', 'prefers providers, not places')] : []),
    ],
  }
}
