/**
 * Calls of real SDKs are held, and the agent does not break while it waits: what they send is what they send elsewhere, the names are
 * those of the real services, which lead to stand-ins. No test is decided by time: whoever decides does so when the hold is there.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { throughProxy } from '../support/clients.ts'
import { asReviewer, type HoldRow } from '../support/desk.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { modelStandIns } from '../support/model-stand-ins.ts'
import { missing, program } from '../support/needs.ts'
import type { Flow } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

const PYTHON = '/usr/bin/python3'
const PROGRAMS = join(import.meta.dirname, '../support/programs')
const hasPython = !missing(program(PYTHON, '-c', 'import boto3, requests'))

interface Sdk {
  readonly sdk: string
  readonly host: string
  readonly language: 'node' | 'python'
  readonly streams: boolean
}

const SDKS: readonly Sdk[] = (
  [
    { sdk: 'openai', host: 'api.openai.com', language: 'node', streams: true },
    { sdk: 'openai-file', host: 'us.api.openai.com', language: 'node', streams: false },
    { sdk: 'anthropic', host: 'api.anthropic.com', language: 'node', streams: true },
    {
      sdk: 'bedrock',
      host: 'bedrock-runtime.us-east-1.amazonaws.com',
      language: 'node',
      streams: true,
    },
    { sdk: 'requests', host: 'api.partner.test', language: 'python', streams: true },
    { sdk: 'requests-form', host: 'files.partner.test', language: 'python', streams: false },
    {
      sdk: 'boto3',
      host: 'runtime.sagemaker.us-east-1.amazonaws.com',
      language: 'python',
      streams: true,
    },
    { sdk: 'boto3-s3', host: 's3.us-east-1.amazonaws.com', language: 'python', streams: false },
  ] as const
).filter(({ language }) => language === 'node' || hasPython)

const CONFIG = (wait: string) => `
home: [EEA, CH]
placement: { outside: hold }
destinations:
  - { cidr: 127.0.0.40/32, because: stand-ins of the APIs }
reviewers:
  - { id: anna, groups: [dpo] }
hold: { reviewers: [admin, dpo], wait: ${wait}, expires: 10m }
`

function openHeldLab(wait: string) {
  const standIns = modelStandIns()
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({
      config: CONFIG(wait),
      records: Object.fromEntries(SDKS.map(({ host }) => [host, { A: ['127.0.0.40'] }])),
      https: { handler: standIns.handler },
    })
  })
  afterAll(() => lab[Symbol.asyncDispose]())
  const admin = () => asReviewer(lab.proxy)
  /** Of that host, once none is open. */
  const settled = (host: string) =>
    eventually(`the flows to ${host} to end`, () => {
      const all = flows(host)
      return all.every(({ outcome }) => outcome !== 'open') ? all : null
    })
  const flows = (host: string) =>
    lab.proxy.query<Flow>('SELECT * FROM flows WHERE host = ? ORDER BY id', host)
  const holds = (host: string) =>
    lab.proxy.query<HoldRow>('SELECT * FROM holds WHERE host = ?', host)
  return {
    standIns,
    admin,
    flows,
    settled,
    holds,
    call: ({ sdk, host, language }: Sdk, options: object = {}) => {
      const url = `https://${host}:${lab.https.port}`
      const [command, file] =
        language === 'node' ? [process.execPath, 'model-call.ts'] : [PYTHON, 'model-call.py']
      const { bundle } = lab.proxy
      const child = spawn(command, [join(PROGRAMS, file), sdk, url, JSON.stringify(options)], {
        env: {
          ...process.env,
          ...throughProxy(lab.proxy),
          AWS_CA_BUNDLE: bundle,
          AWS_EC2_METADATA_DISABLED: 'true',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      return {
        /** What it says next; null once it has ended. */
        async next() {
          const { value, done } = await lines.next()
          return done ? null : JSON.parse(value)
        },
        ended: once(child, 'exit'),
      }
    },
    /** The hold for that host, while it waits. */
    pending: (host: string) =>
      eventually(`a hold for ${host}`, () => holds(host).find(({ state }) => state === 'pending')),
  }
}

describe('a person decides while the call waits', () => {
  const lab = openHeldLab('100s')

  test.each(SDKS)('$sdk: approved, it goes through once', async (sdk) => {
    const call = lab.call(sdk)
    const { id } = await lab.pending(sdk.host)
    expect(lab.standIns.bodies.get(sdk.host)).toBeUndefined()
    await lab.admin().approve(id)
    expect(await call.next()).toEqual({ answer: expect.stringContaining('here') })
    expect(lab.standIns.bodies.get(sdk.host)).toHaveLength(1)
    expect(await lab.settled(sdk.host)).toMatchObject([
      { status: 200, hold_id: id, approver: 'admin' },
    ])
  })

  test.each(SDKS)('$sdk: denied, it says why and does not come again', async (sdk) => {
    const before = lab.flows(sdk.host).length
    const call = lab.call(sdk)
    const { id } = await lab.pending(sdk.host)
    await lab.admin().post(`/holds/${id}/deny`, { reason: 'no customer data abroad' })
    const { error } = (await call.next()) ?? {}
    expect(await call.next()).toBeNull()
    if (sdk.sdk === 'boto3-s3') expect(error).toContain('403')
    else {
      expect(error).toContain(
        'A person has refused this call; nothing was sent (hold-denied; from the proxy Cordon',
      )
      expect(error).toContain(`hold ${id} was denied: no customer data abroad`)
      expect(error).toContain(`ask one of admin, dpo and name ${id}`)
    }
    expect(lab.flows(sdk.host).slice(before)).toMatchObject([{ status: 403, outcome: 'denied' }])
  })

  test.each(SDKS.filter(({ streams }) => streams))(
    '$sdk: approved, a stream comes event by event',
    async (sdk) => {
      const call = lab.call(sdk, { stream: true })
      const { id } = await lab.pending(sdk.host)
      await lab.admin().approve(id)
      const stream = await eventually('the stream', () => lab.standIns.streams.get(sdk.host))
      for (const text of ['one', 'two', 'three']) {
        stream.write(text)
        // The next one is only made when this one has arrived.
        expect(await call.next()).toEqual({ event: text })
      }
      stream.end()
      expect(await call.next()).toBeNull()
    },
  )
})

describe('nobody decides while the call waits', () => {
  const lab = openHeldLab('1s')

  // Side by side: where Retry-After is heeded, each pauses for as long as it says.
  test.concurrent.each(SDKS)(
    '$sdk: it comes again by itself, joins its hold, and goes through once',
    async (sdk) => {
      // Those of AWS do not pause for long.
      const isAws = ['bedrock', 'boto3', 'boto3-s3'].includes(sdk.sdk)
      const call = lab.call(sdk, isAws ? { retries: 30 } : {})
      await eventually('a 503', () => lab.flows(sdk.host).some(({ status }) => status === 503))
      const [hold, ...others] = lab.holds(sdk.host)
      expect(others).toEqual([])
      await lab.admin().approve(hold?.id ?? '')
      expect(await call.next()).toEqual({ answer: expect.stringContaining('here') })
      expect(lab.standIns.bodies.get(sdk.host)).toHaveLength(1)
      expect(lab.holds(sdk.host)).toMatchObject([{ id: hold?.id, state: 'approved' }])
      const flows = await lab.settled(sdk.host)
      expect(flows.length).toBeGreaterThan(1)
      expect(flows.at(-1)).toMatchObject({ status: 200, hold_id: hold?.id })
    },
  )

  test.each(SDKS)('$sdk: one that does not come again says how it would', async (sdk) => {
    const { error } = (await lab.call(sdk, { retries: 0 }).next()) ?? {}
    const [hold] = lab.holds(sdk.host).filter(({ state }) => state === 'pending')
    if (sdk.sdk === 'boto3-s3') expect(error).toContain('503')
    else {
      expect(error).toContain('(hold-pending; from the proxy Cordon')
      expect(error).toContain(`send the same request again after 10 s, unchanged`)
      if (sdk.sdk === 'openai') expect(error).toContain('What to do: use eu.api.openai.com (AT, BE')
      expect(error).toContain(`ask one of admin, dpo and name ${hold?.id}`)
    }
  })
})
