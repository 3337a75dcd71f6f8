/** Where calls go and why, through the proxy: several addresses, the request’s own words, and what is on record of it. */

import { describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { openLab } from '../support/lab.ts'

const MIXED = { 'mixed.test': { A: ['127.0.0.20', '127.0.0.10', '127.0.0.11'] } }

describe('a name with addresses inside and outside', () => {
  test('steer: only those inside are dialled, and the others are on record', async () => {
    await using lab = await openLab({ records: MIXED })
    for (let i = 0; i < 8; i++) {
      const url = `http://mixed.test:${lab.http.port}/${i}`
      expect((await curl(lab.proxy, '-H', 'Connection: close', url)).status).toBe(200)
    }
    await lab.proxy.settled(8)
    for (const flow of lab.proxy.flows()) {
      expect(['127.0.0.10', '127.0.0.11']).toContain(flow.dialed_ip)
      expect(JSON.parse(flow.regions)).toEqual(['DE', 'FR'])
      expect(flow.placement).toBe('inside')
      const pieces = JSON.parse(flow.evidence) as { address: string; discarded: string | null }[]
      const dropped = pieces.filter(({ address }) => address === '127.0.0.20')
      expect(dropped.length).toBeGreaterThan(0)
      for (const { discarded } of dropped) expect(discarded).toContain('not dialled')
    }
  })

  test('steer: there is no way back to an address that was dropped', async () => {
    // Nobody listens on the German address; the American one would answer.
    await using lab = await openLab({
      http: { address: '127.0.0.20' },
      records: { 'mixed.test': { A: ['127.0.0.10', '127.0.0.20'] } },
    })
    const { status } = await curl(lab.proxy, `http://mixed.test:${lab.http.port}/`)
    expect(status).toBe(502)
    expect(lab.http.seen).toEqual([])
    expect(await lab.proxy.settled(1)).toMatchObject({
      outcome: 'failed',
      error: 'connect-refused',
    })
  })

  test.each([
    ['strict', 'outside', 'block'],
    ['any', 'straddling', 'hold'],
  ])('%s: %s', async (answers, placement, action) => {
    await using lab = await openLab({
      records: MIXED,
      dns: { answers },
    })
    expect((await curl(lab.proxy, `http://mixed.test:${lab.http.port}/`)).status).toBe(403)
    expect(await lab.proxy.settled(1)).toMatchObject({
      placement,
      action,
      regions: '["DE","FR","US"]',
    })
  })
})
