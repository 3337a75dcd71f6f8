import { describe, expect, test } from 'vitest'
import { needsBody } from '../../../src/locate/request/read-request.ts'
import type { Regions } from '../../../src/model/region.ts'
import { type Piece, type RequestParts, read, request } from './support.ts'

const ANY: Piece = ['breadth', ['*'], 'strong']
const SILENT: Piece = ['region', [], 'none']
const EU: Piece = ['breadth', ['BE', 'NL'], 'strong']

const GLOBAL = 'aiplatform.googleapis.com'
const REGIONAL = 'europe-west4-aiplatform.googleapis.com'
const model = (location: string) =>
  `/v1/projects/p/locations/${location}/publishers/google/models/m:predict`

describe('locations of Google Cloud in the path', () => {
  test.each<[string, string, Piece[]]>([
    ['a region on its own host', REGIONAL + model('europe-west4'), [['region', ['NL'], 'strong']]],
    [
      'a region on the host of another',
      REGIONAL + model('us-central1'),
      [['region', ['US'], 'strong']],
    ],
    [
      'a region on the global host is a hint',
      GLOBAL + model('europe-west4'),
      [['region', ['NL'], 'weak']],
    ],
    [
      'a region on a regional endpoint',
      `aiplatform.europe-west4.rep.googleapis.com${model('europe-west4')}`,
      [['region', ['NL'], 'strong']],
    ],
    [
      'a region on the endpoint of nowhere',
      `aiplatform.nowhere.rep.googleapis.com${model('europe-west4')}`,
      [['region', ['NL'], 'weak']],
    ],
    ['London is not the EU', GLOBAL + model('europe-west2'), [['region', ['GB'], 'weak']]],
    ['upper case', GLOBAL + model('EUROPE-WEST4'), [['region', ['NL'], 'weak']]],
    ['global', GLOBAL + model('global'), [ANY]],
    ['global on a regional host', REGIONAL + model('global'), [ANY]],
    ['Global', GLOBAL + model('Global'), [ANY]],
    ['encoded', GLOBAL + model('%67lobal'), [ANY]],
    [
      'with an encoded slash',
      `${REGIONAL}/v1/projects/p/locations%2Fglobal/models/m:predict`,
      [ANY],
    ],
    ['all of them', `${GLOBAL}/v1/projects/p/locations/-/models`, [ANY]],
    ['eu', `aiplatform.eu.rep.googleapis.com${model('eu')}`, [EU]],
    ['us', GLOBAL + model('us'), [['breadth', ['US'], 'strong']]],
    ['a region nobody knows', REGIONAL + model('europe-west99'), [SILENT]],
    ['a multi-region nobody knows', GLOBAL + model('asia'), [SILENT]],
    [
      'two of them',
      `${REGIONAL}/v1/projects/p/locations/europe-west4/x/locations/global`,
      [['region', ['NL'], 'strong'], ANY],
    ],
    [
      'with an action',
      `${GLOBAL}/v1/projects/p/locations/europe-west4:list`,
      [['region', ['NL'], 'weak']],
    ],
    [
      'a zone',
      'compute.googleapis.com/compute/v1/projects/p/zones/europe-west4-b/instances',
      [['region', ['NL'], 'weak']],
    ],
    [
      'a region of networks',
      'compute.googleapis.com/compute/v1/projects/p/regions/europe-west1/subnetworks',
      [['region', ['BE'], 'weak']],
    ],
    ['no location', 'generativelanguage.googleapis.com/v1beta/models/m:countTokens', []],
    ['dot segments', `${REGIONAL}/v1/projects/p/locations/europe-west4/../global/models/m`, [ANY]],
    [
      'encoded dot segments',
      `${REGIONAL}/v1/projects/p/locations/europe-west4/%2e%2e/global/models/m`,
      [ANY],
    ],
    ['encoded twice', `${REGIONAL}/v1/projects/p/locations/%2567lobal/models/m`, [ANY]],
    ['a backslash', `${REGIONAL}/v1/projects/p/locations/europe-west4\\..\\global`, [ANY]],
    ['broken encoding', `${REGIONAL}/v1/projects/p/locations/%zz`, [ANY]],
    ['a path parameter', `${REGIONAL}/v1/projects/p/locations/europe-west4;x=/global`, [ANY]],
    ['a path without end', `${REGIONAL}/v1/${'x/'.repeat(10_000)}`, [ANY]],
    [
      'twice the slash',
      `${REGIONAL}/v1/projects/p//locations//europe-west4/models`,
      [['region', ['NL'], 'strong']],
    ],
    ['a key of Cloud Storage', 'storage.googleapis.com/b/locations/global/%2525/x', []],
    [
      'a look-alike',
      `europe-west4-aiplatform.googleapis.com.evil.example${model('europe-west4')}`,
      [],
    ],
    ['a look-alike in front', `aiplatform.notgoogleapis.com${model('europe-west4')}`, []],
  ])('%s', (_, url, expected) => {
    expect(read(url).pieces).toEqual(expected)
  })
})

describe('the routing header of Google Cloud widens and never narrows', () => {
  test.each<[string, string | string[], Piece[]]>([
    ['a region', 'location=europe-west4', [['region', ['NL'], 'none']]],
    ['global', 'location=global', [ANY]],
    ['in a name', 'name=projects%2Fp%2Flocations%2Fglobal%2Fendpoints%2Fe', [ANY]],
    [
      'in a name without encoding',
      'parent=projects/p/locations/europe-west4',
      [['region', ['NL'], 'none']],
    ],
    ['a field of a field', 'endpoint.location=global', [ANY]],
    ['eu', 'location=eu', [EU]],
    [
      'several',
      'location=europe-west4&parent=projects/p/locations/global',
      [['region', ['NL'], 'none'], ANY],
    ],
    ['two fields', ['location=europe-west4', 'location=global'], [['region', ['NL'], 'none'], ANY]],
    ['broken', 'location=%zz', [SILENT]],
    ['something else', 'bucket=b', []],
  ])('%s', (_, value, expected) => {
    const headers = { 'x-goog-request-params': value }
    expect(
      read(`${GLOBAL}/google.Service/Method`, { method: 'POST', headers, body: 'x' }).pieces,
    ).toEqual(expected)
  })
})

describe('what is created at Google Cloud', () => {
  const CONSTRAINT = (name: string) =>
    `<CreateBucketConfiguration><LocationConstraint>${name}</LocationConstraint></CreateBucketConfiguration>`
  test.each<[string, string, RequestParts, Regions | null]>([
    [
      'a service',
      'run.googleapis.com/v2/projects/p/locations/europe-west1/services',
      { body: {} },
      ['BE'],
    ],
    [
      'a part of something',
      'x.googleapis.com/v1/projects/p/locations/europe-west1/a/b/c',
      { body: {} },
      ['BE'],
    ],
    [
      'something global',
      'x.googleapis.com/v1/projects/p/locations/global/things',
      { body: {} },
      ['*'],
    ],
    [
      'something somewhere',
      'x.googleapis.com/v1/projects/p/locations/nowhere/things',
      { body: {} },
      [],
    ],
    [
      'something in the EU',
      'x.googleapis.com/v1/projects/p/locations/eu/things',
      { body: {} },
      ['BE', 'NL'],
    ],
    ['an action', REGIONAL + model('europe-west4'), { body: {} }, null],
    [
      'a change',
      'x.googleapis.com/v1/projects/p/locations/europe-west1/things/t',
      { method: 'PATCH', body: {} },
      null,
    ],
    ['reading', 'x.googleapis.com/v1/projects/p/locations/europe-west1/things', {}, null],
    [
      'a path that cannot be read',
      'x.googleapis.com/v1/projects/p/locations/../things',
      { body: {} },
      [],
    ],
    [
      'a machine',
      'compute.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/instances',
      { body: {} },
      ['BE'],
    ],
    [
      'a machine, older host',
      'www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/instances',
      { body: {} },
      ['US'],
    ],
    [
      'a global network',
      'compute.googleapis.com/compute/v1/projects/p/global/networks',
      { body: {} },
      ['*'],
    ],
    [
      'starting a machine',
      'compute.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/instances/i/start',
      { body: {} },
      null,
    ],
    [
      'a bucket',
      'storage.googleapis.com/storage/v1/b?project=p',
      { body: { location: 'EUROPE-WEST4' } },
      ['NL'],
    ],
    [
      'a bucket in the EU',
      'storage.googleapis.com/storage/v1/b',
      { body: { location: 'EU' } },
      ['BE', 'NL'],
    ],
    [
      'a bucket in the US',
      'storage.googleapis.com/storage/v1/b',
      { body: { location: 'US' } },
      ['US'],
    ],
    [
      'a bucket, older host',
      'www.googleapis.com/storage/v1/b',
      { body: { location: 'US' } },
      ['US'],
    ],
    [
      'a bucket in two regions nobody lists',
      'storage.googleapis.com/storage/v1/b',
      { body: { location: 'NAM4' } },
      [],
    ],
    ['a bucket without place', 'storage.googleapis.com/storage/v1/b', { body: {} }, []],
    [
      'a bucket with two places',
      'storage.googleapis.com/storage/v1/b',
      { body: '{"location":"US","location":"europe-west4"}' },
      ['NL', 'US'],
    ],
    [
      'a bucket with a place in another case',
      'storage.googleapis.com/storage/v1/b',
      { body: '{"location":"europe-west4","Location":"US"}' },
      [],
    ],
    ['a bucket, body not seen', 'storage.googleapis.com/storage/v1/b', { method: 'POST' }, []],
    [
      'a bucket, body cut',
      'storage.googleapis.com/storage/v1/b',
      { body: '{"location":"US"', complete: false },
      [],
    ],
    ['an object', 'storage.googleapis.com/upload/storage/v1/b/b/o?name=x', { body: 'x' }, null],
    [
      'a bucket by XML',
      'storage.googleapis.com/new-bucket',
      { method: 'PUT', body: CONSTRAINT('EUROPE-WEST1') },
      ['BE'],
    ],
    [
      'a bucket by XML in the host',
      'new.storage.googleapis.com/',
      { method: 'PUT', body: CONSTRAINT('US') },
      ['US'],
    ],
    [
      'a bucket by XML without place',
      'storage.googleapis.com/new-bucket',
      { method: 'PUT', body: '' },
      [],
    ],
    [
      'a bucket by bad XML',
      'storage.googleapis.com/new-bucket',
      { method: 'PUT', body: CONSTRAINT('&e;') },
      [],
    ],
    ['an object by XML', 'storage.googleapis.com/bucket/key', { method: 'PUT', body: 'x' }, null],
    ['a setting by XML', 'storage.googleapis.com/bucket?cors', { method: 'PUT', body: 'x' }, null],
    [
      'a bucket by XML with a parameter nobody knows',
      'storage.googleapis.com/new-bucket?no',
      { method: 'PUT', body: CONSTRAINT('US') },
      ['US'],
    ],
    ['a batch', 'compute.googleapis.com/batch/compute/v1', { body: '--x' }, []],
    [
      'a data set',
      'bigquery.googleapis.com/bigquery/v2/projects/p/datasets',
      { body: { location: 'europe-west1' } },
      ['BE'],
    ],
    [
      'a database',
      'sqladmin.googleapis.com/v1/projects/p/instances',
      { body: { region: 'europe-west2' } },
      ['GB'],
    ],
  ])('%s', (_, url, parts, expected) => {
    expect(read(url, parts).creates).toEqual(expected)
  })
})

const GROUP = 'management.azure.com/subscriptions/s/resourceGroups/g/providers'
const ACCOUNT = `${GROUP}/Microsoft.Storage/storageAccounts/a?api-version=1`
const MODEL = `${GROUP}/Microsoft.CognitiveServices/accounts/a/deployments/d?api-version=1`
const TEMPLATE = `${GROUP}/Microsoft.Resources/deployments/d`

describe('what is created at Azure', () => {
  const put = (body: unknown, more: RequestParts = {}): RequestParts => ({
    method: 'PUT',
    body,
    ...more,
  })
  const template = (...resources: unknown[]) => put({ properties: { template: { resources } } })
  test.each<[string, string, RequestParts, Regions | null]>([
    ['by name', ACCOUNT, put({ location: 'westeurope' }), ['NL']],
    ['by display name', ACCOUNT, put({ location: 'West Europe' }), ['NL']],
    ['in another case', ACCOUNT, put({ location: 'UKSOUTH' }), ['GB']],
    ['global', ACCOUNT, put({ location: 'global' }), ['*']],
    ['a region nobody knows', ACCOUNT, put({ location: 'middleearth' }), []],
    ['without place', ACCOUNT, put({ tags: {} }), []],
    ['two places', ACCOUNT, put('{"location":"westeurope","location":"eastus"}'), ['NL', 'US']],
    ['a key in another case', ACCOUNT, put('{"location":"westeurope","Location":"eastus"}'), []],
    ['an escaped key', ACCOUNT, put('{"l\\u006fcation":"eastus"}'), ['US']],
    ['a place that is an object', ACCOUNT, put({ location: { name: 'westeurope' } }), []],
    [
      'with replicas',
      ACCOUNT,
      put({ location: 'westeurope', properties: { locations: [{ locationName: 'East US' }] } }),
      ['NL', 'US'],
    ],
    [
      'with replicas of nowhere',
      ACCOUNT,
      put({ location: 'westeurope', properties: { locations: [{ locationName: 'x' }] } }),
      [],
    ],
    ['not peeked', ACCOUNT, { method: 'PUT' }, []],
    ['cut', ACCOUNT, put('{"location":"westeurope"', { complete: false }), []],
    ['compressed', ACCOUNT, put({ location: 'westeurope' }, { encoding: 'br' }), []],
    ['a byte order mark', ACCOUNT, put('\ufeff{"location":"westeurope"}'), []],
    ['UTF-16', ACCOUNT, put(Buffer.from('{"location":"westeurope"}', 'utf16le')), []],
    [
      'a path that cannot be read',
      'management.azure.com/a/../b',
      put({ location: 'westeurope' }),
      [],
    ],
    ['a change', ACCOUNT, { method: 'PATCH', body: { location: 'westeurope' } }, null],
    ['reading', ACCOUNT, {}, null],
    ['an action', `${GROUP}/Microsoft.Compute/virtualMachines/v/start`, { body: {} }, null],
    ['a batch', 'management.azure.com/batch?api-version=1', { body: {} }, []],
    [
      'a template',
      TEMPLATE,
      template({ location: 'westeurope' }, { location: 'eastus' }),
      ['NL', 'US'],
    ],
    [
      'a template with an expression',
      TEMPLATE,
      template({ location: '[resourceGroup().location]' }),
      [],
    ],
    ['a template without place', TEMPLATE, template({}), []],
    [
      'a template elsewhere',
      TEMPLATE,
      put({ location: 'westeurope', properties: { templateLink: { uri: 'https://a.example/t' } } }),
      [],
    ],
    [
      'a look-alike',
      ACCOUNT.replace('azure.com', 'azure.com.evil.example'),
      put({ location: 'westeurope' }),
      null,
    ],
    [
      'for the US government',
      ACCOUNT.replace('azure.com', 'usgovcloudapi.net'),
      put({ location: 'eastus' }),
      ['US'],
    ],
  ])('%s', (_, url, parts, expected) => {
    expect(read(url, parts).creates).toEqual(expected)
  })

  const deploy = (name: string, location?: string) => put({ sku: { name, capacity: 1 }, location })
  const EU_ZONE: Piece = ['breadth', ['IE', 'NL', 'SE'], 'strong']
  test.each<[string, string, RequestParts, Piece[], Regions | null]>([
    ['Standard', MODEL, deploy('Standard', 'swedencentral'), [], ['SE']],
    ['Standard of an account elsewhere', MODEL, deploy('Standard'), [], []],
    ['ProvisionedManaged', MODEL, deploy('ProvisionedManaged', 'swedencentral'), [], ['SE']],
    ['GlobalStandard', MODEL, deploy('GlobalStandard', 'swedencentral'), [ANY], ['*']],
    ['globalstandard', MODEL, deploy('globalstandard'), [ANY], ['*']],
    ['GlobalProvisionedManaged', MODEL, deploy('GlobalProvisionedManaged'), [ANY], ['*']],
    ['GlobalBatch', MODEL, deploy('GlobalBatch'), [ANY], ['*']],
    ['DeveloperTier', MODEL, deploy('DeveloperTier', 'swedencentral'), [ANY], ['*']],
    ['DataZoneStandard, place not said', MODEL, deploy('DataZoneStandard'), [ANY], ['*']],
    [
      'DataZoneStandard in the EU',
      MODEL,
      deploy('DataZoneStandard', 'swedencentral'),
      [EU_ZONE],
      ['IE', 'NL', 'SE'],
    ],
    [
      'DataZoneStandard in the US',
      MODEL,
      deploy('DataZoneStandard', 'eastus'),
      [['breadth', ['US'], 'strong']],
      ['US'],
    ],
    ['DataZoneStandard in the UK', MODEL, deploy('DataZoneStandard', 'uksouth'), [ANY], ['*']],
    [
      'DataZoneProvisionedManaged',
      MODEL,
      deploy('DataZoneProvisionedManaged', 'eastus'),
      [['breadth', ['US'], 'strong']],
      ['US'],
    ],
    [
      'two SKUs',
      MODEL,
      put('{"sku":{"name":"Standard"},"sku":{"name":"GlobalStandard"}}'),
      [ANY],
      ['*'],
    ],
    ['two names', MODEL, put('{"sku":{"name":"GlobalStandard","name":"Standard"}}'), [ANY], ['*']],
    ['a SKU in another case', MODEL, put('{"SKU":{"Name":"GlobalStandard"}}'), [ANY], ['*']],
    [
      'a change of SKU',
      MODEL,
      { method: 'PATCH', body: { sku: { name: 'GlobalStandard' } } },
      [ANY],
      ['*'],
    ],
    ['in a template', TEMPLATE, template({ sku: { name: 'GlobalStandard' } }), [ANY], ['*']],
    ['not read', MODEL, put('{"sku":', { complete: false }), [ANY], []],
    [
      'a SKU of something else',
      ACCOUNT,
      put({ location: 'westeurope', sku: { name: 'GlobalX' } }),
      [],
      ['NL'],
    ],
  ])('a model: %s', (_, url, parts, expected, creates) => {
    const found = read(url, parts)
    expect(found.pieces).toEqual(expected)
    expect(found.creates).toEqual(creates)
  })
})

describe('whether the body has to be seen', () => {
  test.each<[string, string, string, Record<string, string>, boolean]>([
    ['a host nobody knows', 'api.example/x', 'POST', {}, false],
    ['reading from S3', 's3.amazonaws.com/b', 'GET', {}, false],
    ['writing an object', 's3.amazonaws.com/b/k', 'PUT', {}, false],
    ['creating a bucket', 's3.amazonaws.com/b', 'PUT', {}, true],
    [
      'an item',
      'dynamodb.eu-west-1.amazonaws.com/',
      'POST',
      { 'x-amz-target': 'D.PutItem' },
      false,
    ],
    [
      'a table',
      'dynamodb.eu-west-1.amazonaws.com/',
      'POST',
      { 'x-amz-target': 'D.CreateTable' },
      true,
    ],
    [
      'a form',
      'ec2.eu-west-1.amazonaws.com/',
      'POST',
      { 'content-type': 'application/x-www-form-urlencoded' },
      true,
    ],
    [
      'a model in the path',
      'bedrock-runtime.eu-west-1.amazonaws.com/model/a.b/invoke',
      'POST',
      {},
      false,
    ],
    ['a model in the body', 'bedrock-mantle.eu-west-1.api.aws/v1/responses', 'POST', {}, true],
    ['listing models', 'bedrock.eu-west-1.amazonaws.com/foundation-models', 'GET', {}, false],
    [
      'Gemini',
      'generativelanguage.googleapis.com/v1beta/models/m:generateContent',
      'POST',
      {},
      true,
    ],
    ['Vertex', `${REGIONAL}${model('europe-west4')}`, 'POST', {}, true],
    [
      'another service of Google',
      'pubsub.googleapis.com/v1/projects/p/topics/t:publish',
      'POST',
      {},
      false,
    ],
    ['a bucket of Google', 'storage.googleapis.com/storage/v1/b', 'POST', {}, true],
    ['a bucket of Google by XML', 'storage.googleapis.com/b', 'PUT', {}, true],
    ['an object of Google', 'storage.googleapis.com/b/k', 'PUT', {}, false],
    ['ARM', ACCOUNT, 'PUT', {}, true],
    ['reading from ARM', ACCOUNT, 'GET', {}, false],
    ['ARM with the method in a field', ACCOUNT, 'POST', { 'x-http-method-override': 'put' }, true],
    ['Anthropic', 'api.anthropic.com/v1/messages', 'POST', {}, true],
    ['listing at Anthropic', 'api.anthropic.com/v1/models', 'GET', {}, false],
    ['OpenAI in the EU', 'eu.api.openai.com/v1/responses', 'POST', {}, true],
    ['Azure OpenAI', 'x.openai.azure.com/openai/v1/responses', 'POST', {}, true],
    ['OpenRouter in the EU', 'eu.openrouter.ai/api/v1/chat/completions', 'POST', {}, true],
    ['a look-alike', 'api.openai.com.evil.example/v1/responses', 'POST', {}, false],
    ['a look-alike in front', 'notapi.openai.company/v1/responses', 'POST', {}, false],
  ])('%s', (_, url, method, headers, expected) => {
    expect(needsBody(request(url, { method, headers }))).toBe(expected)
  })
})
