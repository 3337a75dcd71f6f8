/** Parameters that make a PUT on a bucket a change of one of its settings, at S3 and Cloud Storage. Any other one changes nothing. */

import type { Pair } from './target.ts'

export function hasBucketSetting(query: readonly Pair[] | null): boolean {
  return (query ?? []).some(([name]) => SETTINGS.has(name))
}

const SETTINGS: ReadonlySet<string> = new Set([
  'abac',
  'accelerate',
  'acl',
  'analytics',
  'billing',
  'cors',
  'defaultObjectAcl',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'lifecycle',
  'logging',
  'metadataInventoryTable',
  'metadataJournalTable',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'storageClass',
  'tagging',
  'uploads',
  'versioning',
  'website',
])
