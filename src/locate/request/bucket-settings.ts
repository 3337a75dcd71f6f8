/** Parameters that make a PUT on a bucket a change of one of its settings. Any other one changes nothing, also one of the other provider. */

import type { Pair } from './target.ts'

export function hasBucketSetting(query: readonly Pair[] | null, provider: 'aws' | 'gcp'): boolean {
  return (query ?? []).some(([name]) => SETTINGS[provider].has(name))
}

const BOTH = ['acl', 'cors', 'lifecycle', 'logging', 'tagging', 'versioning', 'website']

const SETTINGS: Readonly<Record<'aws' | 'gcp', ReadonlySet<string>>> = {
  aws: new Set([
    ...BOTH,
    'abac',
    'accelerate',
    'analytics',
    'encryption',
    'intelligent-tiering',
    'inventory',
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
  ]),
  gcp: new Set([...BOTH, 'billing', 'defaultObjectAcl', 'storageClass']),
}
