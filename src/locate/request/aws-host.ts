/** Names under the suffixes of AWS, taken apart as far as reading a request needs it; what they say of a place is for others. */

export interface AwsHost {
  /** Left of the suffix. */
  readonly labels: readonly string[]
  readonly suffix: string
  /**
   * Whether a service of AWS answers there, which checks signatures. Under the same suffixes customers run machines,
   * load balancers, databases and functions of their own, and those check nothing.
   */
  readonly isService: boolean
}

export const AWS_SUFFIXES = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.eu',
  'api.aws',
] as const

export function parseAwsHost(host: string): AwsHost | null {
  const suffix = AWS_SUFFIXES.find((each) => host.endsWith(`.${each}`))
  if (!suffix) return null
  const labels = host.slice(0, -suffix.length - 1).split('.')
  return { labels, suffix, isService: !labels.some(isCustomers) }
}

/** The interface of such a service itself has its name in front (`rds.eu-west-1`). */
function isCustomers(label: string, index: number): boolean {
  return (index > 0 && CUSTOMERS.has(label)) || /^(?:s3-website|vpce-svc-|ec2-\d)/.test(label)
}

const CUSTOMERS: ReadonlySet<string> = new Set([
  'compute',
  'compute-1',
  'elb',
  'execute-api',
  'appsync-api',
  'lambda-url',
  'rds',
  'docdb',
  'neptune',
  'cache',
  'redshift',
  'es',
  'aoss',
  'kafka',
  'mq',
  'iot',
])

/** Which of the two ways to name a bucket it is, path or host; null when it is no endpoint for buckets. */
export function parseS3Host({ labels }: AwsHost): { readonly bucketInHost: boolean } | null {
  const name = labels.join('.')
  const match = S3_HOST.exec(name) ?? S3_PRIVATE.exec(name)
  return match ? { bucketInHost: match[1] !== undefined } : null
}

/** Old regional names join with a hyphen (`s3-eu-west-1`). The bucket may have dots, so the last `s3` counts. */
const S3_HOST =
  /^(?:(.+)\.)?(?:s3|s3-fips|s3express-control|s3express-[a-z0-9-]+|s3-accelerate)(?:\.dualstack)?(?:[.-](?:external-1|[a-z]{2,5}(?:-[a-z]+)+-\d+))?$/

/** Over PrivateLink the label `bucket` stands for the service. */
const S3_PRIVATE = /^(?:(.+)\.)?bucket\.vpce-[a-z0-9-]+\.s3\.[a-z0-9-]+\.vpce$/
