/** What undoes content codings for those who read bodies, within the limits of the configuration. */

import type { Operation } from '../../config/operation.ts'
import { BodyDecoder } from '../../inspect/decoder.ts'
import { outline } from '../../inspect/outline.ts'
import { isCoded } from '../../model/request-view.ts'
import type { Decoder, Meter, Outliner } from '../../ports.ts'
import { DEFAULT_LIMITS } from '../../proxy/limits/limits.ts'

export function composeDecoder(operation: Operation, meter: Meter): Decoder {
  const { decoded, decodedRatio, decodedLayers } = { ...DEFAULT_LIMITS, ...operation.limits }
  return new BodyDecoder({
    limits: { bytes: decoded, ratio: decodedRatio, layers: decodedLayers },
    onFault: () => meter.count('body-undecoded'),
  })
}

/** How many times its size a body may become that is decoded as it passes. */
export function decodedRatio({ limits }: Operation): number {
  return limits.decodedRatio ?? DEFAULT_LIMITS.decodedRatio
}

/** For people who decide: of what cannot be read there is a size and no form. */
export function composeOutliner(decoder: Decoder): Outliner {
  return async (body) => {
    if (!isCoded(body)) return outline(body)
    return decoder.decode(body, (plain) =>
      outline(isCoded(plain) ? { ...plain, contentType: null, complete: false } : plain),
    )
  }
}
