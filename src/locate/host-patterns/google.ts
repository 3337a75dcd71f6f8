/**
 * Google. A name under `googleapis.com` without a region is served from any; so are `run.app` names of the older form, whose
 * two-letter codes are not published. The multi-regions `eu` and `us` are the vendor's words: the catalogue says what they mean.
 */

import type { HostFamily } from './family.ts'

export const GOOGLE: readonly HostFamily[] = [
  {
    provider: 'gcp',
    region: [
      '{region}-aiplatform.googleapis.com',
      '*.{region}.rep.googleapis.com',
      '{region}-docker.pkg.dev',
      '{region}-*.cloudfunctions.net',
      '*.{region}.run.app',
    ],
    anywhere: [
      '*.googleapis.com',
      'storage.googleapis.com',
      '*.storage.googleapis.com',
      '*.a.run.app',
      '*.appspot.com',
    ],
  },
]
