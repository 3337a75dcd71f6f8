/** `geoip/edges.yaml`: what it holds and where it stops, and what becomes of a file with a mistake in it. */

import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadEdges } from '../../src/config/edges.ts'
import { temporaryFolder } from '../support/folder.ts'
import { ip } from '../support/nouns.ts'
import { PROJECT } from '../support/proxy.ts'
import { say, write } from './support.ts'

describe('the shipped facts', () => {
  const edges = loadEdges(join(PROJECT, 'geoip/edges.yaml'), PROJECT)

  test.each([
    ['1.1.1.1', 'Cloudflare'],
    ['104.16.132.229', 'Cloudflare'],
    ['2606:4700::6810:84e5', 'Cloudflare'],
    ['151.101.1.69', 'Fastly'],
    ['2a04:4e42::645', 'Fastly'],
    ['23.45.67.89', 'Akamai'],
    ['13.224.10.1', 'Amazon CloudFront'],
    ['205.251.196.1', 'Amazon CloudFront'],
    ['2600:9000:2000::1', 'Amazon CloudFront'],
    ['75.2.60.5', 'AWS Global Accelerator and other global AWS services'],
    ['142.250.74.10', 'Google front ends and services'],
    ['8.8.8.8', 'Google front ends and services'],
    ['2a00:1450:4001:800::200e', 'Google front ends and services'],
    ['34.120.0.1', 'Google Cloud, global addresses'],
    ['2600:1901::1', 'Google Cloud, global addresses'],
    ['13.107.246.40', 'Azure Front Door and other Microsoft edges'],
    ['2620:1ec:bdf::1', 'Azure Front Door and other Microsoft edges'],
    ['20.36.120.96', 'Azure Front Door or Traffic Manager, in parts'],
    ['140.82.121.6', 'GitHub'],
    ['9.9.9.9', 'public resolvers'],
    ['198.41.0.4', 'servers of the root zone and of .com'],
    ['65.22.160.1', 'networks that are seen in many places'],
  ])('%s serves %s', (address, name) => {
    expect(edges.find(ip(address))?.name).toBe(name)
  })

  test.each([
    ['EC2 in Frankfurt', '3.120.0.1'],
    ['EC2 in Ireland, IPv6', '2a05:d018::1'],
    ['S3 in Frankfurt', '52.219.72.1'],
    ['Compute Engine in Belgium', '34.76.0.1'],
    ['Compute Engine, IPv6', '2600:1900:4010::1'],
    ['Azure in the Netherlands', '20.50.2.1'],
    ['Azure in the Netherlands, IPv6', '2603:1020:200::1'],
    ['Linode', '172.104.130.1'],
    ['a private address', '10.0.0.1'],
    ['documentation', '192.0.2.1'],
  ])('%s is left to tables and country files', (_, address) => {
    expect(edges.find(ip(address))).toBeNull()
  })
})

describe('a file with a mistake gives nothing', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const edge = (prefixes: string, rest = 'as_of: 2026-08-22, source: s') =>
    `version: 1\nedges:\n  - { name: n, ${rest}, prefixes: ${prefixes} }\n`

  test.each([
    ['no prefix', edge('[nonsense]'), ':3:57: not a prefix'],
    ['bits behind the prefix', edge('[192.0.2.1/24]'), 'not a prefix'],
    ['half of the Internet', edge('[128.0.0.0/1]'), 'too wide to be somebody’s'],
    ['half of IPv6', edge('["8000::/1"]'), 'too wide to be somebody’s'],
    ['none', edge('[]'), 'expected array to have >=1 items'],
    [
      'one within another',
      edge('[192.0.2.0/24, 198.51.100.0/24, 192.0.2.128/25]'),
      ':3:88: `192.0.2.128/25` lies within `192.0.2.0/24`',
    ],
    ['one twice', edge('[192.0.2.0/24, 192.0.2.0/24]'), 'lies within `192.0.2.0/24`'],
    ['no date', edge('[192.0.2.0/24]', 'source: s'), '`as_of` is missing'],
    ['no source', edge('[192.0.2.0/24]', 'as_of: 2026-08-22'), '`source` is missing'],
    ['an unknown key', edge('[192.0.2.0/24], x: 1'), 'unknown key `x`'],
    ['another version', 'version: 2\nedges: []\n', 'expected 1'],
  ])('%s', (_, text, expected) => {
    write(folder.path, { 'edges.yaml': text })
    let said: readonly string[] = []
    try {
      loadEdges(join(folder.path, 'edges.yaml'), folder.path)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      said = error.problems.map(say)
    }
    expect(said.join('\n')).toContain(expected)
  })
})
