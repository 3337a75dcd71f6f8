/** Programs that know of no proxy, on a network from which there is no other way out: placed, blocked, held and recorded like any other. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  FAR,
  FORCED_NETWORK,
  type ForcedNetwork,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { missing } from '../support/needs.ts'

describe.skipIf(missing(...FORCED_NETWORK)).each(['redirect', 'tproxy'] as const)(
  'by %s',
  (way) => {
    let net: ForcedNetwork
    beforeAll(async () => {
      net = await openForcedNetwork({ way })
    })
    afterAll(() => net?.[Symbol.asyncDispose]())

    async function curl(...args: string[]) {
      const { out, err, code } = await net.onHost('curl', [
        ...['-sS', '--max-time', '20', '-w', '\n%{http_code}'],
        ...args,
      ])
      const cut = out.lastIndexOf('\n')
      return { status: Number(out.slice(cut + 1)), body: out.slice(0, cut) || err, code }
    }

    describe.each([4, 6] as const)('IPv%i', (version) => {
      const family = version === 4 ? 'v4' : 'v6'

      test.each(['http', 'https'] as const)(
        '%s to a place inside passes, and is recorded',
        async (scheme) => {
          const before = net.proxy.flows().length
          const answer = await curl(`-${version}`, `${scheme}://api.de.test/in?q`)
          expect(answer).toMatchObject({ status: 200, code: 0 })
          expect(JSON.parse(answer.body)).toEqual({ to: FAR.de[family] })
          expect(await net.proxy.settled(before + 1)).toMatchObject({
            mode: way,
            client_ip: version === 4 ? '10.77.0.2' : 'fd77::2',
            scheme,
            method: 'GET',
            host: 'api.de.test',
            path: '/in',
            dialed_ip: FAR.de[family],
            regions: '["DE"]',
            placement: 'inside',
            outcome: 'forwarded',
            inspection: 'headers',
          })
          expect(net.reached.at(-1)).toMatchObject({
            service: scheme,
            host: 'api.de.test',
            from: version === 4 ? '10.78.0.1' : 'fd78::1',
          })
        },
      )

      test.each(['http', 'https'] as const)(
        '%s to a place outside is refused, readably',
        async (scheme) => {
          const seen = net.reached.length
          const answer = await curl(`-${version}`, `${scheme}://api.us.test/out`)
          expect(answer.status).toBe(403)
          expect(JSON.parse(answer.body)).toMatchObject({
            code: 'placement-outside',
            regions: ['US'],
          })
          expect(net.proxy.flows().at(-1)).toMatchObject({
            mode: way,
            host: 'api.us.test',
            outcome: 'blocked',
            dialed_ip: null,
          })
          expect(net.reached).toHaveLength(seen)
        },
      )
    })
  },
)
