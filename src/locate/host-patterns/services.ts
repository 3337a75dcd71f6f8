/**
 * Services that run in a customer's choice of cloud and put both into the name. `{region}` is then the cloud's own name for it,
 * unless the service shortens it, and then it is not known.
 */

import type { HostFamily } from './family.ts'

export const SERVICES: readonly HostFamily[] = [
  {
    provider: 'aws',
    region: [
      '*.{region}.snowflakecomputing.com',
      '*.{region}.aws.snowflakecomputing.com',
      '*.{region}.privatelink.snowflakecomputing.com',
      '*.{region}.aws.elastic-cloud.com',
      '*.{region}.aws.confluent.cloud',
      '*.{region}.aws.neon.tech',
      'aws-{n}-{region}.pooler.supabase.com',
      '*.{region}-{n}.aws.cloud.qdrant.io',
      '*.{region}-{n}.ec2.redns.redis-cloud.com',
      '*.{region}-{n}.ec2.cloud.redislabs.com',
    ],
  },
  {
    provider: 'gcp',
    region: [
      '*.{region}.gcp.snowflakecomputing.com',
      '*.{region}.gcp.elastic-cloud.com',
      '*.{region}.gcp.confluent.cloud',
      '*.{region}-{n}.gcp.cloud.qdrant.io',
      '*.{region}-{n}.gce.redns.redis-cloud.com',
      '*.{region}-{n}.gce.cloud.redislabs.com',
    ],
  },
  {
    provider: 'azure',
    region: [
      '*.{region}.azure.elastic-cloud.com',
      '*.{region}.azure.confluent.cloud',
      '*.{region}.azure.neon.tech',
      '*.{region}-{n}.azure.cloud.qdrant.io',
    ],
  },
  {
    // `west-europe.azure`
    provider: 'azure',
    hyphens: 'dropped',
    region: ['*.{region}.azure.snowflakecomputing.com'],
  },
  // An account by organisation and name, or of the oldest kind: one label, no region.
  { provider: 'snowflake', silent: ['*.snowflakecomputing.com'] },
  { provider: 'mongodb', silent: ['*.mongodb.net'] },
]
