/**
 * Amazon Web Services. The label next to the suffix is Amazon's own: a region, or the name of one of the older families that
 * have the region further left. Bucket, table and domain names come before it and are never looked at.
 */

import type { HostFamily } from './family.ts'

export const AWS: readonly HostFamily[] = [
  {
    provider: 'aws',
    partition: /^(?!cn-|eusc-|us-iso|eu-iso)/,
    region: [
      '*.{region}.amazonaws.com',
      's3-{region}.amazonaws.com',
      '*.s3-{region}.amazonaws.com',
      '*.s3-website-{region}.amazonaws.com',
      '{region}.queue.amazonaws.com',
      '*.{region}.elb.amazonaws.com',
      '*.{region}.compute.amazonaws.com',
      '*.{region}.rds.amazonaws.com',
      '*.{region}.es.amazonaws.com',
      '*.{region}.aoss.amazonaws.com',
      '*.{region}.redshift.amazonaws.com',
      '*.{region}.vpce.amazonaws.com',
      '*.lambda-url.{region}.on.aws',
      '*.{region}.api.aws',
    ],
    anywhere: [
      // sts, iam, route53, organizations and whatever else has no region.
      '*.amazonaws.com',
      's3.amazonaws.com',
      '*.s3.amazonaws.com',
      's3.dualstack.amazonaws.com',
      '*.s3.dualstack.amazonaws.com',
      's3-accelerate.amazonaws.com',
      '*.s3-accelerate.amazonaws.com',
      's3-accelerate.dualstack.amazonaws.com',
      '*.s3-accelerate.dualstack.amazonaws.com',
      's3-global.amazonaws.com',
      '*.s3-global.amazonaws.com',
      '*.global.api.aws',
      '*.on.aws',
    ],
    edge: ['*.cloudfront.net', '*.awsglobalaccelerator.com'],
  },
  {
    // Local zones have directory buckets too, and may lie in another country than their region.
    provider: 'aws',
    partition: /^$/,
    region: ['*.s3express-*.{region}.amazonaws.com'],
  },
  {
    provider: 'aws',
    partition: /^cn-/,
    region: [
      '*.{region}.amazonaws.com.cn',
      '*.{region}.elb.amazonaws.com.cn',
      '*.{region}.compute.amazonaws.com.cn',
      '*.{region}.rds.amazonaws.com.cn',
      '*.{region}.es.amazonaws.com.cn',
      '*.{region}.redshift.amazonaws.com.cn',
      '*.{region}.vpce.amazonaws.com.cn',
    ],
  },
  {
    provider: 'aws',
    partition: /^eusc-/,
    region: ['*.{region}.amazonaws.eu'],
  },
]
