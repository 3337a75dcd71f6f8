/** What undoes content codings for those who read bodies, within the limits of the configuration. */

import type { Operation } from '../../config/load.ts'
import { BodyDecoder } from '../../inspect/decoder.ts'
import type { Decoder, Meter } from '../../ports.ts'
import { DEFAULT_LIMITS } from '../../proxy/limits/limits.ts'

export function composeDecoder(operation: Operation, meter: Meter): Decoder {
  const { decoded, decodedRatio, decodedLayers } = { ...DEFAULT_LIMITS, ...operation.limits }
  return new BodyDecoder({
    limits: { bytes: decoded, ratio: decodedRatio, layers: decodedLayers },
    onFault: () => meter.count('body-undecoded'),
  })
}
