import { describe, expect, test } from 'vitest'
import { createHostIndex } from '../../src/model/host-index.ts'
import { parseHostTemplate } from '../../src/model/host-template.ts'

function index(...templates: string[]) {
  const find = createHostIndex(
    templates.map((text) => {
      const parsed = parseHostTemplate(text)
      if ('fault' in parsed) throw new Error(parsed.fault)
      return { template: parsed.value, value: text }
    }),
  )
  return (host: string) => {
    const match = find(host)
    return match && [match.value, match.region]
  }
}

describe('a template fits a name from the right', () => {
  test.each<[template: string, host: string, region: string | null | false]>([
    ['api.example.com', 'api.example.com', null],
    ['api.example.com', 'x.api.example.com', false],
    ['api.example.com', 'example.com', false],
    ['*.example.com', 'a.example.com', null],
    ['*.example.com', 'a.b.c.example.com', null],
    ['*.example.com', 'example.com', false],
    ['*.example.com', '.example.com', false],
    ['*.example.com', 'a..example.com', false],
    ['*.*.ie1.example.com', 'api.dublin.ie1.example.com', null],
    ['*.*.ie1.example.com', 'api.ie1.example.com', false],
    ['{region}.example.com', 'eu-west-1.example.com', 'eu-west-1'],
    ['{region}.example.com', 'x.eu-west-1.example.com', false],
    ['*.{region}.example.com', 'x.y.eu-west-1.example.com', 'eu-west-1'],
    ['*.{region}.example.com', 'eu-west-1.example.com', false],
    ['s3-{region}.example.com', 's3-eu-west-1.example.com', 'eu-west-1'],
    ['s3-{region}.example.com', 's3-.example.com', false],
    ['s3-{region}.example.com', 's3-eu-.example.com', false],
    ['{region}-{n}.example.com', 'eu-west-1-4.example.com', 'eu-west-1'],
    ['{region}-{n}.example.com', 'eu-west.example.com', false],
    ['{region}-*.example.com', 'europe-west1-a-project.example.com', 'europe-west1'],
    ['{region}-*.example.com', 'europe-west12-europe-west3.example.com', 'europe-west12'],
    ['{region}-*.example.com', 'a-project.example.com', false],
    ['a-*-{region}.example.com', 'a-b-c.example.com', 'c'],
  ])('%s against %s', (template, host, want) => {
    expect(index(template)(host)).toEqual(want === false ? null : [template, want])
  })
})

describe('of several templates the one with the longest fixed end speaks, then the most specific', () => {
  const find = index(
    '*.example.com',
    '*.{region}.example.com',
    's3-{region}.example.com',
    's3-website-{region}.example.com',
    '*.s3.example.com',
    's3.example.com',
  )
  test.each<[host: string, want: string | null]>([
    ['s3.example.com', 's3.example.com'],
    ['b.s3.example.com', '*.s3.example.com'],
    ['s3.eu.example.com', '*.{region}.example.com'],
    ['x.example.com', '*.example.com'],
    ['s3-eu.example.com', 's3-{region}.example.com'],
    ['s3-website-eu.example.com', 's3-website-{region}.example.com'],
    ['example.com', null],
    ['example.com.test', null],
    ['xexample.com', null],
  ])('%s is %s', (host, want) => {
    expect(find(host)?.[0] ?? null).toBe(want)
  })

  test('whatever the order of the rows', () => {
    const templates = ['*.example.com', '*.{region}.example.com', '*.x-{region}.example.com']
    for (const order of [templates, templates.toReversed()]) {
      expect(index(...order)('a.x-eu.example.com')).toEqual(['*.x-{region}.example.com', 'eu'])
    }
  })
})

describe('templates that fix too little, or could be understood in two ways, are refused', () => {
  test.each<[text: string, why: string]>([
    ['', 'a label no host name has'],
    ['com', 'does not end in two fixed labels'],
    ['*.com', 'does not end in two fixed labels'],
    ['*', 'does not end in two fixed labels'],
    ['{region}.com', 'does not end in two fixed labels'],
    ['api.*.com', 'does not end in two fixed labels'],
    ['api..example.com', 'a label no host name has'],
    ['.example.com', 'a label no host name has'],
    ['Api.Example.com', 'a label no host name has'],
    ['api.example.com.', 'a label no host name has'],
    ['api.exämple.com', 'a label no host name has'],
    ['192.0.2.1', 'is an address'],
    ['{region}.{region}.example.com', 'names more than one region'],
    ['{region}-{region}.example.com', 'where a label is expected'],
    ['a*b*c.example.com', 'where a label is expected'],
    ['{zone}.example.com', 'where a label is expected'],
    ['(x|y)*.example.com', 'where a label is expected'],
    [`${'a'.repeat(64)}.example.com`, 'a label no host name has'],
    [`${'a.'.repeat(130)}example.com`, 'is too long'],
  ])('%s', (text, why) => {
    const parsed = parseHostTemplate(text)
    expect('fault' in parsed ? parsed.fault : parsed.value).toContain(why)
  })
})
