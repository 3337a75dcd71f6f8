import { describe, expect, test } from 'vitest'
import { needsBody } from '../../../src/locate/request/read-request.ts'
import type { Regions } from '../../../src/model/region.ts'
import {
  type Piece,
  presigned,
  type RequestParts,
  read,
  request,
  signed,
  signed4a,
} from './support.ts'

const ANY: Piece = ['breadth', ['*'], 'strong']
const SILENT: Piece = ['region', [], 'none']
const IE: Piece = ['region', ['IE'], 'strong']
const DE: Piece = ['region', ['DE'], 'strong']

const S3 = 's3.amazonaws.com/bucket/key'
const auth = (...values: string[]) => ({ headers: { authorization: values } })

describe('the scope of a signature', () => {
  test.each<[string, string, RequestParts, Piece[]]>([
    ['in Authorization', S3, auth(signed('eu-west-1')), [IE]],
    ['on a regional host', 's3.eu-west-1.amazonaws.com/b/k', auth(signed('eu-west-1')), [IE]],
    ['without space after commas', S3, auth(signed('eu-west-1').replaceAll(', ', ',')), [IE]],
    [
      'that disagrees with the host',
      's3.us-east-1.amazonaws.com/b',
      auth(signed('eu-west-1')),
      [IE],
    ],
    [
      'of another service',
      'dynamodb.eu-central-1.amazonaws.com/',
      auth(signed('eu-central-1', 'dynamodb')),
      [DE],
    ],
    [
      'under api.aws',
      'bedrock-agentcore.eu-central-1.api.aws/',
      auth(signed('eu-central-1', 'bedrock')),
      [DE],
    ],
    [
      'under amazonaws.eu',
      's3.eusc-de-east-1.amazonaws.eu/b/k',
      auth(signed('eusc-de-east-1')),
      [DE],
    ],
    [
      'under amazonaws.com.cn',
      's3.cn-north-1.amazonaws.com.cn/b/k',
      auth(signed('cn-north-1')),
      [['region', ['CN'], 'strong']],
    ],
    [
      'in GovCloud',
      's3.us-gov-west-1.amazonaws.com/b/k',
      auth(signed('us-gov-west-1')),
      [['region', ['US'], 'strong']],
    ],
    ['a region nobody knows', S3, auth(signed('eu-west-99')), [SILENT]],
    ['a star where a region should be', S3, auth(signed('*')), [SILENT]],
    ['two signatures: both', S3, auth(signed('eu-west-1'), signed('eu-central-1')), [IE, DE]],
    ['a bearer key', S3, auth('Bearer abcdef'), []],
    ['version 2', S3, auth('AWS AKIDEXAMPLE:c2ln'), []],
    ['basic', S3, auth('Basic QVdTNC0='), []],
    ['without signature', S3, auth(signed('eu-west-1').replace(/, Signature.*/, '')), [SILENT]],
    [
      'a signature that is none',
      S3,
      auth(signed('eu-west-1').replace(/Signature=.*/, 'Signature=x')),
      [SILENT],
    ],
    [
      'two credentials in one',
      S3,
      auth(`${signed('eu-west-1')}, Credential=A/20260102/us-east-1/s3/aws4_request`),
      [SILENT],
    ],
    [
      'the region before the date',
      S3,
      auth(signed('eu-west-1').replace('20260102/eu-west-1', 'eu-west-1/20260102')),
      [SILENT],
    ],
    ['no aws4_request', S3, auth(signed('eu-west-1').replace('aws4_request', 'aws5')), [SILENT]],
    ['a part too many', S3, auth(signed('eu-west-1/us-east-1')), [SILENT]],
    ['a service that is a sentence', S3, auth(signed('eu-west-1', 'my secret')), [SILENT]],
    [
      'an algorithm nobody knows',
      S3,
      auth(signed('eu-west-1').replace('HMAC-SHA256', 'MD5')),
      [SILENT],
    ],
    ['nothing but the name', S3, auth('AWS4-HMAC-SHA256'), [SILENT]],
    ['a tab', S3, auth(signed('eu-west-1').replace(' ', '\t')), [SILENT]],
  ])('%s', (_, url, parts, expected) => {
    expect(read(url, parts).pieces).toEqual(expected)
  })
})

describe('a signature counts only where a service of AWS checks it', () => {
  test.each<[string, string, Piece[]]>([
    ['a look-alike', 's3.eu-west-1.amazonaws.com.evil.example/b', []],
    ['a suffix with more in front', 's3.evilamazonaws.com/b', []],
    ['the suffix alone', 'amazonaws.com/b', []],
    ['somebody else', 'storage.example/b', []],
    ['S3-compatible storage', 'acct.r2.cloudflarestorage.com/b', []],
    [
      'a machine of a customer',
      'ec2-192-0-2-1.eu-west-1.compute.amazonaws.com/',
      [['region', ['IE'], 'none']],
    ],
    [
      'an old name of a machine',
      'ec2-192-0-2-1.compute-1.amazonaws.com/',
      [['region', ['IE'], 'none']],
    ],
    ['a load balancer', 'my-lb-1.eu-west-1.elb.amazonaws.com/', [['region', ['IE'], 'none']]],
    [
      'an API of a customer',
      'abc123.execute-api.eu-west-1.amazonaws.com/',
      [['region', ['IE'], 'none']],
    ],
    ['a database', 'db.abc.eu-west-1.rds.amazonaws.com/', [['region', ['IE'], 'none']]],
    ['the service of databases', 'rds.eu-west-1.amazonaws.com/', [IE]],
    [
      'a service behind PrivateLink',
      'vpce-1-a.vpce-svc-2.eu-west-1.vpce.amazonaws.com/',
      [['region', ['IE'], 'none']],
    ],
    ['a website', 'b.s3-website-eu-west-1.amazonaws.com/', [['region', ['IE'], 'none']]],
    ['a bucket named like a machine', 'compute.s3.amazonaws.com/k', [IE]],
  ])('%s', (_, url, expected) => {
    expect(read(url, auth(signed('eu-west-1'))).pieces).toEqual(expected)
  })
})

describe('presigned', () => {
  test.each<[string, string, Piece[]]>([
    ['a scope', presigned('eu-west-1'), [IE]],
    ['among other parameters', `response-content-type=x&${presigned('eu-west-1')}`, [IE]],
    ['in another case nobody checks it', presigned('eu-west-1', 'x-amz-credential'), [SILENT]],
    ['without signature', presigned('eu-west-1').replace(/&X-Amz-Signature.*/, ''), [SILENT]],
    [
      'with two signatures',
      `${presigned('eu-west-1')}&X-Amz-Signature=${'0'.repeat(64)}`,
      [SILENT],
    ],
    [
      'twice',
      `${presigned('eu-west-1')}&X-Amz-Credential=A%2F20260102%2Feu-central-1%2Fs3%2Faws4_request`,
      [IE, DE],
    ],
    ['an unknown region', presigned('nowhere-1'), [SILENT]],
    ['broken encoding', `${presigned('eu-west-1')}&x=%zz`, [SILENT]],
    ['encoded twice', presigned('eu-west-1').replaceAll('%2F', '%252F'), [SILENT]],
    ['a plain query', 'list-type=2', []],
  ])('%s', (_, query, expected) => {
    expect(read(`${S3}?${query}`).pieces).toEqual(expected)
  })
})

describe('version 4A is for a set of regions', () => {
  const set = (value: string | string[], authorization = signed4a()) => ({
    headers: { authorization, 'x-amz-region-set': value },
  })
  const MRAP = 'x.mrap.accesspoint.s3-global.amazonaws.com/key'
  const IE_US: Piece = ['breadth', ['IE', 'US'], 'strong']
  test.each<[string, RequestParts, Piece[]]>([
    ['any', set('*'), [ANY]],
    ['one', set('eu-west-1'), [IE]],
    ['two', set('eu-west-1,us-east-1'), [IE_US]],
    ['two with space', set('eu-west-1, us-east-1'), [IE_US]],
    ['two, one unknown', set('eu-west-1,nowhere-1'), [ANY]],
    ['one, unknown', set('nowhere-1'), [SILENT]],
    ['a wildcard', set('eu-*'), [ANY]],
    ['one and any', set('eu-west-1,*'), [ANY]],
    ['a hole', set('eu-west-1,,us-east-1'), [ANY]],
    ['empty', set(''), [ANY]],
    ['none', { headers: { authorization: signed4a() } }, [ANY]],
    ['two fields', set(['eu-west-1', 'us-east-1']), [ANY]],
    ['not signed', set('eu-west-1', signed4a('s3', 'host')), [ANY]],
    ['51 of them', set(Array(51).fill('eu-west-1').join(',')), [ANY]],
  ])('%s', (_, parts, expected) => {
    expect(read(MRAP, parts).pieces).toEqual(expected)
  })

  test('presigned', () => {
    const query = presigned('x')
      .replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')
      .replace('x%2F', '')
    expect(read(`${MRAP}?${query}&X-Amz-Region-Set=eu-west-1%2Cus-east-1`).pieces).toEqual([IE_US])
    expect(read(`${MRAP}?${query}`).pieces).toEqual([ANY])
  })
})

const bucketXml = (inner: string) =>
  `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</CreateBucketConfiguration>`
const constraint = (name: string) => bucketXml(`<LocationConstraint>${name}</LocationConstraint>`)

describe('where a bucket is created', () => {
  const put = (body?: unknown, region = 'eu-west-1', more: RequestParts = {}): RequestParts => ({
    ...auth(signed(region)),
    ...more,
    method: 'PUT',
    body,
  })
  const GLOBAL = 's3.amazonaws.com/new-bucket'
  const REGIONAL = 's3.eu-west-1.amazonaws.com/new-bucket'
  test.each<[string, string, RequestParts, Regions | null]>([
    ['a constraint', REGIONAL, put(constraint('eu-west-1')), ['IE']],
    [
      'a constraint against the scope',
      GLOBAL,
      put(constraint('eu-central-1'), 'us-east-1'),
      ['DE'],
    ],
    [
      'with a declaration',
      REGIONAL,
      put(`<?xml version="1.0" encoding="UTF-8"?>\n${constraint('eu-west-2')}`),
      ['GB'],
    ],
    [
      'with space',
      REGIONAL,
      put(`\n${bucketXml('\n <LocationConstraint> eu-west-2 </LocationConstraint>\n')}\n`),
      ['GB'],
    ],
    [
      'with tags',
      REGIONAL,
      put(
        bucketXml(
          '<LocationConstraint>eu-west-2</LocationConstraint><Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags>',
        ),
      ),
      ['GB'],
    ],
    ['bucket in the host', 'new.s3.eu-west-1.amazonaws.com/', put(constraint('eu-west-2')), ['GB']],
    [
      'bucket with dots in the host',
      'a.b.c.s3.amazonaws.com/',
      put(constraint('eu-west-2')),
      ['GB'],
    ],
    [
      'bucket in the host of an old name',
      'new.s3-eu-west-1.amazonaws.com/',
      put(constraint('eu-west-2')),
      ['GB'],
    ],
    [
      'dual stack',
      's3.dualstack.eu-west-1.amazonaws.com/new',
      put(constraint('eu-west-2')),
      ['GB'],
    ],
    [
      'FIPS',
      's3-fips.us-east-1.amazonaws.com/new',
      put(constraint('us-west-2'), 'us-east-1'),
      ['US'],
    ],
    [
      'over PrivateLink',
      'bucket.vpce-1a-2b.s3.eu-west-1.vpce.amazonaws.com/new',
      put(constraint('eu-west-2')),
      ['GB'],
    ],
    ['with a slash at the end', `${REGIONAL}/`, put(constraint('eu-west-2')), ['GB']],
    [
      'with a hint of an SDK',
      `${REGIONAL}?x-id=CreateBucket`,
      put(constraint('eu-west-2')),
      ['GB'],
    ],
    ['with a parameter nobody knows', `${REGIONAL}?no=1`, put(constraint('eu-west-2')), ['GB']],
    ['presigned', `${GLOBAL}?${presigned('eu-west-1')}`, put(constraint('eu-west-2')), ['GB']],
    ['nothing given, in the default region', GLOBAL, put('', 'us-east-1'), ['US']],
    ['nothing given, elsewhere', REGIONAL, put(''), ['IE', 'US']],
    [
      'nothing given, in China',
      's3.cn-north-1.amazonaws.com.cn/new',
      put('', 'cn-north-1'),
      ['CN'],
    ],
    ['an empty constraint', GLOBAL, put(constraint(''), 'us-east-1'), ['US']],
    ['an empty element', GLOBAL, put('<CreateBucketConfiguration/>', 'us-east-1'), ['US']],
    ['nothing given and not signed', GLOBAL, { method: 'PUT', body: '' }, []],
    ['a region nobody knows', REGIONAL, put(constraint('eu-west-99')), []],
    [
      'two constraints',
      REGIONAL,
      put(
        bucketXml(
          '<LocationConstraint>eu-west-1</LocationConstraint><LocationConstraint>us-east-1</LocationConstraint>',
        ),
      ),
      ['IE', 'US'],
    ],
    [
      'a zone of a directory bucket',
      REGIONAL,
      put(bucketXml('<Location><Name>use1-az4</Name><Type>LocalZone</Type></Location>')),
      [],
    ],
    ['not peeked', REGIONAL, put(), []],
    ['cut', REGIONAL, put(constraint('eu-west-1'), 'eu-west-1', { complete: false }), []],
    ['compressed', REGIONAL, put(constraint('eu-west-1'), 'eu-west-1', { encoding: 'gzip' }), []],
    [
      'in another character set',
      REGIONAL,
      put(constraint('eu-west-1'), 'eu-west-1', { type: 'text/xml; charset=utf-7' }),
      [],
    ],
    [
      'declared in another encoding',
      REGIONAL,
      put(`<?xml version="1.0" encoding="UTF-7"?>${constraint('eu-west-1')}`),
      [],
    ],
    ['UTF-16', REGIONAL, put(Buffer.from(constraint('eu-west-1'), 'utf16le')), []],
    [
      'a document type',
      REGIONAL,
      put(`<!DOCTYPE x [<!ENTITY e "us-east-1">]>${constraint('&e;')}`),
      [],
    ],
    ['a character reference', REGIONAL, put(constraint('&#101;u-west-1')), []],
    [
      'a comment',
      REGIONAL,
      put(bucketXml('<!-- --><LocationConstraint>eu-west-1</LocationConstraint>')),
      [],
    ],
    ['CDATA', REGIONAL, put(constraint('<![CDATA[eu-west-1]]>')), []],
    [
      'a prefix',
      REGIONAL,
      put(
        '<a:CreateBucketConfiguration xmlns:a="x"><a:LocationConstraint>eu-west-1</a:LocationConstraint></a:CreateBucketConfiguration>',
      ),
      [],
    ],
    [
      'another root',
      REGIONAL,
      put('<X><LocationConstraint>eu-west-1</LocationConstraint></X>'),
      [],
    ],
    ['two roots', REGIONAL, put(constraint('eu-west-1') + constraint('us-east-1')), []],
    ['an element within', REGIONAL, put(constraint('eu-west-1<A/>')), []],
    ['text behind', REGIONAL, put(`${constraint('eu-west-1')}x`), []],
    [
      'an element that does not end',
      REGIONAL,
      put('<CreateBucketConfiguration><LocationConstraint>eu-west-1'),
      [],
    ],
    [
      'elements that cross',
      REGIONAL,
      put(
        '<CreateBucketConfiguration><LocationConstraint>eu-west-1</CreateBucketConfiguration></LocationConstraint>',
      ),
      [],
    ],
    [
      'an instruction',
      REGIONAL,
      put(bucketXml('<?x y?><LocationConstraint>eu-west-1</LocationConstraint>')),
      [],
    ],
    ['deep', REGIONAL, put(bucketXml('<A>'.repeat(20))), []],
    ['long', REGIONAL, put(constraint('eu-west-1') + ' '.repeat(20_000)), []],
    ['JSON', REGIONAL, put({ LocationConstraint: 'eu-west-1' }), []],
    ['an object', `${REGIONAL}/key`, put('content'), null],
    ['an object, bucket in the host', 'b.s3.eu-west-1.amazonaws.com/key', put('content'), null],
    ['a setting of a bucket', `${REGIONAL}?acl`, put('content'), null],
    ['a policy of a bucket', `${REGIONAL}?policy=`, put('content'), null],
    ['a copy of it elsewhere', `${REGIONAL}?replication`, put('content'), []],
    ['reading', REGIONAL, auth(signed('eu-west-1')), null],
    [
      'a method in a field',
      REGIONAL,
      {
        method: 'POST',
        headers: { authorization: signed('eu-west-1'), 'x-http-method-override': 'PUT' },
        body: constraint('eu-west-2'),
      },
      ['GB'],
    ],
    ['a look-alike', 's3.amazonaws.com.evil.example/new', put(constraint('eu-west-1')), null],
    [
      'no endpoint for buckets',
      'sqs.eu-west-1.amazonaws.com/new',
      put(constraint('eu-west-1')),
      null,
    ],
  ])('%s', (_, url, parts, expected) => {
    expect(read(url, parts).creates).toEqual(expected)
    const view = request(url, parts)
    if (expected !== null && !url.includes('replication')) expect(needsBody(view)).toBe(true)
  })
})

describe('S3 across regions', () => {
  const headers = (more: Record<string, string>) => ({
    method: 'PUT',
    headers: { authorization: signed('eu-west-1'), ...more },
  })
  const ARN = 'arn:aws:s3:us-east-1:123456789012:accesspoint/a/object/k'
  test.each<[string, RequestParts, Piece[]]>([
    ['a copy by bucket name', headers({ 'x-amz-copy-source': '/other/key' }), [IE, SILENT]],
    [
      'a copy by ARN',
      headers({ 'x-amz-copy-source': ARN }),
      [IE, ['breadth', ['IE', 'US'], 'strong']],
    ],
    [
      'an encoded ARN',
      headers({ 'x-amz-copy-source': encodeURIComponent(ARN) }),
      [IE, ['breadth', ['IE', 'US'], 'strong']],
    ],
    [
      'an ARN of nowhere',
      headers({ 'x-amz-copy-source': ARN.replace('us-east-1', 'nowhere-1') }),
      [IE, ANY],
    ],
    [
      'a region in passing',
      headers({ 'x-amz-bucket-region': 'us-east-1' }),
      [IE, ['region', ['US'], 'none']],
    ],
  ])('%s', (_, parts, expected) => {
    expect(read('b.s3.eu-west-1.amazonaws.com/key', parts).pieces).toEqual(expected)
  })
})

describe('what else is created', () => {
  const target = (name: string, body: unknown, region = 'eu-west-1'): RequestParts => ({
    headers: { authorization: signed(region, 'dynamodb'), 'x-amz-target': name },
    method: 'POST',
    body,
  })
  const form = (body: string, service = 'ec2', region = 'eu-west-1'): RequestParts => ({
    headers: {
      authorization: signed(region, service),
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    },
    method: 'POST',
    body,
  })
  const DYNAMO = 'dynamodb.eu-west-1.amazonaws.com/'
  const EC2 = 'ec2.eu-west-1.amazonaws.com/'
  test.each<[string, string, RequestParts, Regions | null]>([
    ['a table', DYNAMO, target('DynamoDB_20120810.CreateTable', {}), ['IE']],
    [
      'a table signed for elsewhere',
      DYNAMO,
      target('DynamoDB_20120810.CreateTable', {}, 'us-east-1'),
      ['US'],
    ],
    [
      'a global table',
      DYNAMO,
      target('DynamoDB_20120810.CreateGlobalTable', {
        ReplicationGroup: [{ RegionName: 'us-east-1' }],
      }),
      ['IE', 'US'],
    ],
    [
      'a secret with replicas',
      DYNAMO,
      target('secretsmanager.CreateSecret', { AddReplicaRegions: [{ Region: 'eu-central-1' }] }),
      ['DE', 'IE'],
    ],
    [
      'a replica nowhere',
      DYNAMO,
      target('secretsmanager.CreateSecret', { AddReplicaRegions: [{ Region: 'nowhere-1' }] }),
      [],
    ],
    [
      'a replica of a key',
      DYNAMO,
      target('TrentService.ReplicateKey', { ReplicaRegion: 'us-east-1' }),
      ['IE', 'US'],
    ],
    ['a table, body not seen', DYNAMO, target('DynamoDB_20120810.CreateTable', undefined), []],
    [
      'a table, body cut',
      DYNAMO,
      { ...target('DynamoDB_20120810.CreateTable', '{"Table'), complete: false },
      [],
    ],
    ['an item', DYNAMO, target('DynamoDB_20120810.PutItem', {}), null],
    ['a query', DYNAMO, target('DynamoDB_20120810.Query', {}), null],
    [
      'a table nobody signed for',
      DYNAMO,
      {
        ...target('DynamoDB_20120810.CreateTable', {}),
        headers: { 'x-amz-target': 'DynamoDB_20120810.CreateTable' },
      },
      [],
    ],
    ['a machine', EC2, form('Action=RunInstances&ImageId=ami-1&MinCount=1'), ['IE']],
    [
      'a machine in a zone',
      EC2,
      form('Action=RunInstances&Placement.AvailabilityZone=eu-west-1a'),
      ['IE'],
    ],
    [
      'a machine in a local zone',
      'ec2.eu-central-1.amazonaws.com/',
      form(
        'Action=RunInstances&Placement.AvailabilityZone=eu-central-1-ist-1a',
        'ec2',
        'eu-central-1',
      ),
      ['DE', 'TR'],
    ],
    [
      'a machine in a zone of nowhere',
      EC2,
      form('Action=RunInstances&Placement.AvailabilityZone=xx-1a'),
      [],
    ],
    [
      'a database',
      'rds.eu-west-1.amazonaws.com/',
      form('Action=CreateDBInstance&AvailabilityZone=eu-west-1b', 'rds'),
      ['IE'],
    ],
    [
      'a database in several zones',
      'rds.eu-west-1.amazonaws.com/',
      form('Action=CreateDBCluster&AvailabilityZones.AvailabilityZone.1=us-east-1a', 'rds'),
      ['IE', 'US'],
    ],
    [
      'a copy from elsewhere',
      'rds.eu-west-1.amazonaws.com/',
      form('Action=CopyDBSnapshot&SourceRegion=us-east-1', 'rds'),
      ['IE'],
    ],
    [
      'a copy to elsewhere',
      EC2,
      form('Action=CopySnapshot&SourceRegion=eu-west-1&DestinationRegion=us-east-1'),
      ['IE', 'US'],
    ],
    ['two actions', EC2, form('Action=DescribeInstances&Action=RunInstances'), ['IE']],
    ['an action in another case', EC2, form('action=RunInstances'), ['IE']],
    ['an encoded action', EC2, form('%41ction=%52unInstances'), ['IE']],
    [
      'an action in the query',
      `${EC2}?Action=RunInstances`,
      auth(signed('eu-west-1', 'ec2')),
      ['IE'],
    ],
    ['an action in the query of a form', `${EC2}?Action=RunInstances`, form('Version=1'), ['IE']],
    ['describing', EC2, form('Action=DescribeInstances'), null],
    ['running out of words', EC2, form('Action=Runaway'), null],
    ['a form not seen', EC2, { ...form(''), body: undefined }, []],
    ['a broken form', EC2, form('Action=%zz'), []],
    ['a compressed form', EC2, { ...form('Action=DescribeInstances'), encoding: 'gzip' }, []],
    [
      'a user of an account is everywhere',
      'iam.amazonaws.com/',
      form('Action=CreateUser', 'iam', 'us-east-1'),
      ['*'],
    ],
    [
      'a function',
      'lambda.eu-west-1.amazonaws.com/2015-03-31/functions',
      { ...auth(signed('eu-west-1', 'lambda')), method: 'POST' },
      ['IE'],
    ],
    [
      'calling a function',
      'lambda.eu-west-1.amazonaws.com/2015-03-31/functions/f/invocations',
      { ...auth(signed('eu-west-1', 'lambda')), method: 'POST' },
      null,
    ],
    [
      'a cluster',
      'eks.eu-west-1.amazonaws.com/clusters',
      { ...auth(signed('eu-west-1', 'eks')), method: 'POST' },
      ['IE'],
    ],
    [
      'a form said to be something else',
      EC2,
      {
        ...form('Action=RunInstances'),
        headers: { authorization: signed('eu-west-1', 'ec2'), 'content-type': 'text/plain' },
      },
      ['IE'],
    ],
    [
      'a call in CBOR',
      'monitoring.eu-west-1.amazonaws.com/service/X/operation/CreateThing',
      { ...auth(signed('eu-west-1', 'monitoring')), method: 'POST' },
      [],
    ],
    [
      'another call in CBOR',
      'monitoring.eu-west-1.amazonaws.com/service/X/operation/PutMetricData',
      { ...auth(signed('eu-west-1', 'monitoring')), method: 'POST' },
      null,
    ],
    [
      'a secret where a region should be',
      EC2,
      {
        ...form('Action=RunInstances'),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: signed('AKIDEXAMPLEKEY', 'ec2'),
        },
      },
      [],
    ],
    [
      'on a machine of a customer',
      'ec2-192-0-2-1.eu-west-1.compute.amazonaws.com/',
      form('Action=RunInstances'),
      [],
    ],
  ])('%s', (_, url, parts, expected) => {
    expect(read(url, parts).creates).toEqual(expected)
  })
})

describe('models of Bedrock', () => {
  const EU: Piece = ['breadth', ['CH', 'DE', 'GB', 'IE'], 'strong']
  const US: Piece = ['breadth', ['DE', 'US'], 'strong']
  const APAC: Piece = ['breadth', ['AE', 'AU', 'DE', 'JP', 'SG'], 'strong']
  const arn = (rest: string) => `arn:aws:bedrock:eu-central-1:123456789012:${rest}`
  test.each<[string, string, Piece[]]>([
    ['a bare id', 'anthropic.claude-x-v1:0', [SILENT]],
    ['an encoded bare id', 'anthropic.claude-x-v1%3A0', [SILENT]],
    ['eu', 'eu.anthropic.claude-x-v1:0', [EU]],
    ['us from Frankfurt', 'us.anthropic.claude-x-v1:0', [US]],
    ['apac takes in the Emirates', 'apac.amazon.nova-x', [APAC]],
    ['jp', 'jp.anthropic.claude-x', [['breadth', ['DE', 'JP'], 'strong']]],
    ['au', 'au.anthropic.claude-x', [['breadth', ['AU', 'DE'], 'strong']]],
    ['ca', 'ca.amazon.nova-x', [['breadth', ['CA', 'DE'], 'strong']]],
    ['us-gov', 'us-gov.anthropic.claude-x', [US]],
    ['global', 'global.anthropic.claude-x', [ANY]],
    ['GLOBAL', 'GLOBAL.anthropic.claude-x', [ANY]],
    ['an encoded dot', 'global%2Eanthropic.claude-x', [ANY]],
    ['encoded twice', 'global%252Eanthropic.claude-x', [ANY]],
    ['a geography nobody knows', 'mars.anthropic.claude-x', [ANY]],
    ['a key of the prototype', 'constructor.anthropic.claude-x', [ANY]],
    ['a name only the account knows', 'my-model', [ANY]],
    [
      'an ARN of a model',
      'arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-x',
      [DE],
    ],
    [
      'an ARN of a model elsewhere',
      'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x',
      [['region', ['US'], 'strong']],
    ],
    ['an ARN of a profile', arn('inference-profile/eu.anthropic.claude-x'), [DE, EU]],
    ['an ARN of a global profile', arn('inference-profile/global.anthropic.claude-x'), [DE, ANY]],
    [
      'an encoded ARN of a profile',
      encodeURIComponent(arn('inference-profile/global.anthropic.claude-x')),
      [DE, ANY],
    ],
    ['an ARN of an application profile', arn('application-inference-profile/a1b2c3'), [DE, ANY]],
    ['an ARN of a prompt', arn('prompt/A1B2:1'), [DE, ANY]],
    ['an ARN of a router', arn('default-prompt-router/x:1'), [DE, ANY]],
    ['an ARN of throughput bought', arn('provisioned-model/a1b2'), [DE]],
    ['an ARN of an own model', arn('custom-model/x/y'), [DE]],
    ['an ARN of an imported model', arn('imported-model/x'), [DE]],
    ['an ARN of an endpoint', 'arn:aws:sagemaker:eu-central-1:123456789012:endpoint/x', [DE]],
    ['an ARN of something new', arn('surprise/x'), [DE, ANY]],
    ['an ARN of nothing', 'arn:', [SILENT, ANY]],
    ['an ARN of nowhere', 'arn:aws:bedrock:nowhere-1::foundation-model/x', [SILENT]],
    ['dot segments', 'anthropic.claude-x/../global.anthropic.claude-x', [ANY]],
  ])('in the path: %s', (_, model, expected) => {
    const url = `bedrock-runtime.eu-central-1.amazonaws.com/model/${model}/converse`
    expect(read(url, { method: 'POST' }).pieces).toEqual(expected)
    expect(needsBody(request(url, { method: 'POST' }))).toBe(false)
  })

  const MANTLE = 'bedrock-mantle.eu-central-1.api.aws/v1/chat/completions'
  const AGENT = 'bedrock-agent-runtime.eu-central-1.amazonaws.com/retrieveAndGenerate'
  const deep = (modelArn: string) => ({ configuration: { knowledgeBase: { modelArn } } })
  test.each<[string, string, RequestParts, Piece[]]>([
    ['bare', MANTLE, { body: { model: 'openai.gpt-x' } }, [SILENT]],
    ['global', MANTLE, { body: { model: 'global.openai.gpt-x' } }, [ANY]],
    ['eu', MANTLE, { body: { model: 'eu.openai.gpt-x' } }, [EU]],
    [
      'twice: both',
      MANTLE,
      { body: '{"model":"openai.x","model":"global.openai.x"}' },
      [SILENT, ANY],
    ],
    ['escaped', MANTLE, { body: '{"\\u006dodel":"global.openai.x"}' }, [ANY]],
    ['in another case', MANTLE, { body: '{"model":"openai.x","Model":"global.openai.x"}' }, [ANY]],
    ['missing', MANTLE, { body: {} }, []],
    [
      'of a tool does not count',
      MANTLE,
      { body: { model: 'openai.x', tools: [{ model: 'global.x' }] } },
      [SILENT],
    ],
    ['cut', MANTLE, { body: '{"model":"openai.x"', complete: false }, [ANY]],
    ['not peeked', MANTLE, { method: 'POST' }, [ANY]],
    ['compressed', MANTLE, { body: { model: 'openai.x' }, encoding: 'gzip' }, [ANY]],
    ['with garbage behind', MANTLE, { body: '{"model":"openai.x"}x' }, [ANY]],
    ['multipart', MANTLE, { body: '--x\r\n', type: 'multipart/form-data; boundary=x' }, [ANY]],
    [
      'on the older path',
      'bedrock-runtime.eu-central-1.amazonaws.com/openai/v1/chat/completions',
      { body: { model: 'us.openai.x' } },
      [US],
    ],
    ['deep in a body', AGENT, { body: deep(arn('inference-profile/us.meta.x')) }, [DE, US]],
    ['deep and opaque', AGENT, { body: deep(arn('application-inference-profile/x')) }, [DE, ANY]],
    [
      'of an agent',
      'bedrock-agent-runtime.eu-central-1.amazonaws.com/agents/A/agentAliases/B/sessions/C/text',
      { body: {} },
      [ANY],
    ],
    ['listing', 'bedrock.eu-central-1.amazonaws.com/foundation-models', {}, []],
  ])('in the body: %s', (_, url, parts, expected) => {
    expect(read(url, parts).pieces).toEqual(expected)
  })

  test('the signature says one place, the model more: both are kept', () => {
    const url = 'bedrock-runtime.eu-central-1.amazonaws.com/model/global.anthropic.x/invoke'
    const parts = { ...auth(signed('eu-central-1', 'bedrock')), method: 'POST' }
    expect(read(url, parts).pieces).toEqual([DE, ANY])
  })

  test('a bucket with such a name is a bucket', () => {
    const url = 'bedrock-models.s3.eu-central-1.amazonaws.com/model/x%2525y/z'
    expect(read(url, { method: 'POST' }).pieces).toEqual([])
  })

  test('over a private endpoint', () => {
    const url = 'vpce-1.bedrock-runtime.eu-central-1.vpce.amazonaws.com/model/us.anthropic.x/invoke'
    expect(read(url, { method: 'POST' }).pieces).toEqual([US])
  })

  test('on a host of nowhere a geography is what it is', () => {
    const url = 'bedrock-runtime.nowhere-1.amazonaws.com/model/us.anthropic.x/invoke'
    expect(read(url, { method: 'POST' }).pieces).toEqual([['breadth', ['US'], 'strong']])
  })
})
