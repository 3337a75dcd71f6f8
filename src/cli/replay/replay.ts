/** Recorded calls, one after the other, before another policy. Memory stays bounded however many there are. */

import { setImmediate } from 'node:timers/promises'
import type { Admission } from '../../admission.ts'
import type { AuditReader, CallRange, RecordedContext } from '../../audit/read.ts'
import { admitRecorded, judgeRecorded, type Replaying } from './recorded.ts'
import { Tally } from './tally.ts'

export interface Replayed {
  readonly tally: Tally
  /** Calls that were put before the policy. */
  readonly calls: number
  /** Calls that were refused before anybody could say where they go, or that no policy can allow. */
  readonly leftOut: number
  /** Calls of which the log keeps only the beginning of the path. */
  readonly cut: number
}

/** Contexts of which the outcome is remembered: calls of one caller to one destination come together. */
const MAX_CONTEXTS = 1_000

/** How the log ends a path that it has cut. */
const CUT = '…'

/** @param onProgress is told how many calls have been looked at, every some thousand. */
export async function replay(
  reader: AuditReader,
  range: CallRange,
  replaying: Replaying,
  onProgress: (calls: number) => void,
): Promise<Replayed> {
  const tally = new Tally()
  const known = new Map<number, Known>()
  let calls = 0
  let leftOut = 0
  let cut = 0
  for (const some of reader.calls(range)) {
    for (const call of some) {
      let context = known.get(call.context)
      if (!context) {
        context = await recall(reader, call.context, call.at, replaying)
        remember(known, call.context, context)
      }
      if (!context.admission || call.error === 'proxy-loop') {
        leftOut++
        continue
      }
      calls++
      if (call.path?.endsWith(CUT)) cut++
      tally.add(call, context.recorded, judgeRecorded(context.admission, call))
    }
    onProgress(calls + leftOut)
    await setImmediate()
  }
  return { tally, calls, leftOut, cut }
}

type Known =
  | { readonly admission: Admission; readonly recorded: RecordedContext }
  | { readonly admission: null }

async function recall(
  reader: AuditReader,
  id: number,
  at: number,
  replaying: Replaying,
): Promise<Known> {
  const recorded = reader.context(id)
  const admission = recorded && (await admitRecorded(replaying, recorded, at))
  return admission ? { admission, recorded } : { admission: null }
}

/** The one that was made first gives way. */
function remember(known: Map<number, Known>, id: number, context: Known): void {
  const [oldest] = known.keys()
  if (known.size >= MAX_CONTEXTS && oldest !== undefined) known.delete(oldest)
  known.set(id, context)
}
