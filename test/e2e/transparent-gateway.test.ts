/** What runs beside the proxy, what comes back to it, several processes on the port, and the end of it. */

import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import {
  FAR,
  FORCED_NETWORK,
  type ForcedNetwork,
  type ForcedOptions,
  GATEWAY,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { installed, missing, program } from '../support/needs.ts'
import { startProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

describe.skipIf(missing(...FORCED_NETWORK, program('setpriv', '--version')))(
  'on the gateway',
  () => {
    let net: ForcedNetwork | null = null
    const open = async (options: Omit<ForcedOptions, 'way'> = {}): Promise<ForcedNetwork> => {
      net = await openForcedNetwork({ way: 'redirect', ...options })
      return net
    }
    afterEach(async () => {
      await net?.[Symbol.asyncDispose]()
      net = null
    })
    const status = ['-sS', '--max-time', '20', '-o', '/dev/null', '-w', '%{http_code}']

    test('programs of other users on the same host are led to it, and its own connections are not', async () => {
      const { proxy, onGateway } = await open({
        nat: ['-A OUTPUT -p tcp ! -o lo -m owner ! --uid-owner 0 -j REDIRECT --to-ports 3129'],
      })
      const asNobody = (url: string) =>
        onGateway('setpriv', [
          ...['--reuid=65534', '--regid=65534', '--clear-groups'],
          ...['curl', ...status, url],
        ])
      expect((await asNobody(`http://${FAR.de.v4}/nobody`)).out).toBe('200')
      expect((await asNobody(`http://${FAR.us.v4}/nobody`)).out).toBe('403')
      expect(await proxy.settled(2)).toMatchObject({
        mode: 'redirect',
        client_ip: '10.78.0.1',
        placement: 'outside',
      })
    })

    test('on the host itself agents are told apart by their users; who comes from elsewhere has none', async () => {
      const { proxy, onGateway, onHost } = await open({
        config: `agents:
  - { id: builder, match: { uid: 54321 }, zones: [EEA, US] }
  - { id: rest, match: { uid: 0-60000 } }`,
        nat: [
          '-A OUTPUT -p tcp ! -o lo -m owner ! --uid-owner 0 -j REDIRECT --to-ports 3129',
          // Whoever comes from behind the gateway seems to be the gateway.
          `-A INPUT -i to-host -p tcp -j SNAT --to-source ${GATEWAY.v4}`,
        ],
        nat6: ['-A OUTPUT -p tcp ! -o lo -m owner ! --uid-owner 0 -j REDIRECT --to-ports 3129'],
      })
      const as = (uid: number, url: string) =>
        onGateway('setpriv', [
          ...[`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
          ...['curl', ...status, '-k', url],
        ])
      expect((await as(54_321, `https://${FAR.us.v4}/`)).out).toBe('200')
      expect((await as(54_321, `https://[${FAR.us.v6}]/`)).out).toBe('200')
      expect((await as(54_322, `https://${FAR.us.v4}/`)).out).toBe('403')
      // From another network namespace, under an address of this one.
      expect((await onHost('curl', [...status, '-k', `https://${FAR.us.v4}/`])).out).toBe('403')
      expect(await proxy.settled(4)).toMatchObject({ client_ip: GATEWAY.v4 })
      expect(proxy.flows().map(({ agent }) => agent)).toEqual([
        'builder',
        'builder',
        'rest',
        'anonymous',
      ])
    })

    test.each([
      ['HTTP', `http://api.de.test/`],
      ['TLS', `https://api.de.test/`],
    ])('a firewall that forgets the proxy makes no circle: %s', async (_, url) => {
      const { proxy, onHost, reached } = await open({
        nat: ['-A OUTPUT -p tcp ! -o lo -j REDIRECT --to-ports 3129'],
      })
      const { out } = await onHost('curl', [...status, '-k', url])
      expect(out).toMatch(/^5\d\d$/)
      const loops = await eventually('the loop to be recorded', () => {
        const all = proxy.flows().filter(({ error }) => error === 'proxy-loop')
        return all.length > 0 ? all : null
      })
      expect(loops[0]).toMatchObject({
        client_ip: '10.78.0.1',
        outcome: 'blocked',
        dialed_ip: null,
      })
      // A call, its probe, and each of them once more at most.
      expect(proxy.flows().length).toBeLessThan(8)
      expect(reached).toEqual([])
      expect((await onHost('curl', [...status, `http://${FAR.us.v4}/`])).out).toBe('403')
    })

    test('several processes take connections from the port, and follow one policy', async () => {
      const { proxy, onHost, onGateway } = await open({ workers: 2 })
      const urls = Array.from({ length: 40 }, (_, i) => `https://api.de.test/${i}`)
      const { out } = await onHost('curl', [
        ...['-sS', '--no-keepalive', '--parallel', '--parallel-immediate', '--parallel-max', '40'],
        ...['-w', '%{http_code}\n', ...urls.flatMap((url) => ['-o', '/dev/null', url])],
      ])
      expect(out.match(/^200$/gm)).toHaveLength(40)
      expect(await proxy.settled(40)).toMatchObject({ mode: 'redirect', outcome: 'forwarded' })
      const { out: ready } = await onGateway('curl', ['-s', 'http://127.0.0.1:3130/readyz'])
      expect(JSON.parse(ready)).toMatchObject({ workers: { serving: 2 } })
    })

    test('who has to say who they are, and cannot, is refused; an address that is known is enough', async () => {
      const config = (more: string) => `identity: { required: true }\n${more}`
      const strangers = await open({ config: config('') })
      for (const url of ['https://api.de.test/', 'http://api.de.test/']) {
        const { out } = await strangers.onHost('curl', ['-sS', url])
        expect(JSON.parse(out)).toMatchObject({ code: 'agent-unknown' })
      }
      expect(
        (await strangers.talk(`${FAR.de.v4}:22`, [Buffer.from('SSH-2.0-client\r\n')])).heard,
      ).toBe('')
      expect(await strangers.proxy.settled(3)).toMatchObject({
        protocol: 'ssh',
        error: 'agent-unknown',
      })
      expect(strangers.reached).toEqual([])
      await strangers[Symbol.asyncDispose]()

      const source = 'agents: [{ id: host, match: { source: 10.77.0.0/24 } }]'
      const known = await open({ config: config(source) })
      expect((await known.onHost('curl', [...status, `http://${FAR.de.v4}/`])).out).toBe('200')
      expect(await known.proxy.settled(1)).toMatchObject({ agent: 'host' })
    })

    test('where the policy is only observed everything passes, but what no policy allows', async () => {
      const { proxy, onHost, talk } = await open({ config: 'mode: observe' })
      expect((await onHost('curl', [...status, 'https://api.us.test/'])).out).toBe('200')
      expect(
        (await talk(`${FAR.us.v4}:22`, [Buffer.from('SSH-2.0-c\r\n')], { until: '-c' })).heard,
      ).toContain('SSH-2.0-test')
      expect((await onHost('curl', [...status, `http://${GATEWAY.v4}:3128/`])).out).toBe('403')
      await proxy.settled(3)
      expect(proxy.flows()).toMatchObject([
        { placement: 'outside', outcome: 'forwarded' },
        { protocol: 'ssh', placement: 'outside', outcome: 'forwarded' },
        { error: 'proxy-loop', outcome: 'blocked' },
      ])
    })

    test('told to stop, it lets calls end and takes no more', async () => {
      const { proxy, onHost, reached } = await open()
      const slow = onHost('curl', [...status, 'https://api.de.test/slow'])
      await eventually('the call to be under way', () => reached.length > 0)
      const stopped = proxy.stop('SIGTERM')
      expect((await slow).out).toBe('200')
      expect(await stopped).toBe(0)
      const { code } = await onHost('curl', [...status, 'https://api.de.test/'])
      expect(code).toBe(7)
    })

    test('what was bound is told, and that TPROXY needs more than it may', async () => {
      const { proxy, gateway } = await open()
      expect(proxy.bound).toMatchObject({
        transparent: '[::]:3129',
        transparent_modes: ['redirect', 'tproxy'],
      })
      expect(proxy.said()).toContain('[::]:3129, by redirect and tproxy')
      await using folder = await temporaryFolder()
      const without = ['--bounding-set=-net_admin,-net_raw', '--inh-caps=-net_admin,-net_raw']
      await using less = await startProxy({
        dir: folder.path,
        prefix: [...gateway, 'setpriv', ...without],
        args: ['--transparent', '127.0.0.1:0'],
        files: { 'cordon.yaml': LESS },
      })
      expect(less.bound).toMatchObject({ transparent_modes: ['redirect'] })
      expect(less.said()).toContain(
        'by redirect (no TPROXY: CAP_NET_RAW or CAP_NET_ADMIN is needed)',
      )
    })

    test.skipIf(missing(installed('systemd-socket-activate'))).each([1, 2])(
      'with sockets that systemd holds, and %d processes: connections come to the right one',
      async (workers) => {
        const rule = '-I PREROUTING 1 -i to-host -p tcp --dport 8080 -j REDIRECT --to-ports 4129'
        const { gateway, onGateway, onHost, reached } = await open({ nat: [rule] })
        await using folder = await temporaryFolder()
        const sockets = ['-l', '127.0.0.1:4128', '-l', '[::]:4129', '--fdname=proxy:transparent']
        const starting = startProxy({
          dir: folder.path,
          prefix: [...gateway, 'systemd-socket-activate', ...sockets],
          args: ['--transparent', '127.0.0.1:1'],
          workers,
          files: {
            'cordon.yaml': `${LESS.replace('127.0.0.1:0', '127.0.0.1:1')}destinations:
  - { cidr: ${FAR.de.v4}/32, region: [DE], because: the test }
  - { cidr: ${FAR.us.v4}/32, region: [US], because: the test }
`,
          },
        })
        // The first connection starts it, and waits until it is there. Who holds the sockets may need a moment for that, too.
        const patient = ['--retry', '60', '--retry-delay', '1', '--retry-connrefused']
        const first = onGateway('curl', ['-s', ...patient, 'http://127.0.0.1:4128/'])
        await using held = await starting
        expect((await first).out).toContain('request-target')
        expect(held.bound).toMatchObject({ proxy: '127.0.0.1:4128', transparent: '[::]:4129' })
        expect((await onHost('curl', [...status, `http://${FAR.de.v4}:8080/held`])).out).toBe('200')
        expect((await onHost('curl', [...status, `http://${FAR.us.v4}:8080/held`])).out).toBe('403')
        await held.settled(3)
        expect(held.flows().map(({ mode, host, outcome }) => [mode, host, outcome])).toEqual([
          ['absolute', null, 'blocked'],
          ['redirect', FAR.de.v4, 'forwarded'],
          ['redirect', FAR.us.v4, 'blocked'],
        ])
        expect(reached).toMatchObject([{ what: 'GET /held' }])
      },
    )

    test('a port that is taken is said to be', async () => {
      const { gateway } = await open()
      await using folder = await temporaryFolder()
      const start = startProxy({
        dir: folder.path,
        prefix: gateway,
        args: ['--transparent', '127.0.0.1:3129'],
        files: { 'cordon.yaml': LESS },
      })
      await expect(start).rejects.toThrow(
        /ended with 1: .*cannot be taken over at 127\.0\.0\.1:3129/s,
      )
    })
  },
)

/** Another proxy on the same host. */
const LESS = 'version: 1\nlisten: { proxy: "127.0.0.1:0", console: null }\ndns: { servers: [] }\n'
