/** Names left to another proxy: no name server hears of them, and of all others as ever. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { delegateNames } from '../../src/locate/delegate.ts'
import { createResolver } from '../../src/locate/resolve.ts'
import { type Host, parseHost } from '../../src/model/authority.ts'
import { openDnsServer } from '../support/dns-server.ts'
import { temporaryFolder } from '../support/folder.ts'

function host(text: string): Host {
  const parsed = parseHost(text)
  if ('fault' in parsed) throw new Error(parsed.fault)
  return parsed.value
}

test('only what is ours is asked for', async () => {
  await using dns = await openDnsServer({
    records: {
      'proxy.test': { A: ['192.0.2.1'] },
      'api.test': { A: ['192.0.2.2'] },
    },
  })
  await using folder = await temporaryFolder()
  const hostsFile = join(folder.path, 'hosts')
  writeFileSync(hostsFile, '192.0.2.7 nas\n192.0.2.8 api.test\n')
  using resolver = delegateNames(
    createResolver({
      servers: [dns.address],
      hosts: true,
      hostsFile,
      clock: Date,
    }),
    'upstream_proxy: proxy.test:3128',
    ({ text }) => text === 'proxy.test',
  )
  const shown = async (text: string) => {
    const answer = await resolver.resolve(host(text))
    return 'code' in answer
      ? answer.code
      : { to: answer.addresses.map((ip) => ip.text), delegated: answer.delegated ?? false }
  }
  expect(await shown('api.test')).toEqual({ to: [], delegated: true })
  expect(await resolver.resolve(host('api.test'))).toBe(await resolver.resolve(host('api.test')))
  expect(await shown('www.example')).toEqual({ to: [], delegated: true })
  expect(await shown('192.0.2.9')).toEqual({ to: ['192.0.2.9'], delegated: false })
  expect(await shown('[2001:db8::1]')).toEqual({ to: ['2001:db8::1'], delegated: false })
  expect(await shown('localhost')).toEqual({ to: ['127.0.0.1', '::1'], delegated: false })
  expect(await shown('nas')).toEqual({ to: ['192.0.2.7'], delegated: false })
  expect(await shown('printer')).toBe('dns-not-found')
  expect(await shown('x.onion')).toBe('dns-not-found')
  expect(resolver.cached(host('api.test'))).toMatchObject({ delegated: true })
  expect(await resolver.lookupSvcb(host('api.test'))).toMatchObject({ code: 'dns-failed' })
  expect(dns.questions).toEqual([])
  expect(await shown('proxy.test')).toEqual({ to: ['192.0.2.1'], delegated: false })
  expect(dns.count('proxy.test')).toBe(2)
})
