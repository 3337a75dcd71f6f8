/** Calls that wait in one process for a desk in another: what is said of their leave arrives, whenever it is said. */

import { expect, test } from 'vitest'
import { HeldCalls } from '../../../../src/cli/compose/cluster/held-calls.ts'
import { RemoteHolds } from '../../../../src/cli/compose/cluster/remote-holds.ts'
import { question, STAYS, testDesk, WISH } from '../../../holds/support.ts'

/** Both ends, with a channel between them that keeps order. */
function connect() {
  const { desk } = testDesk()
  const calls = new HeldCalls(desk, (message) => {
    if (message.type === 'hold-answer') remote.take(message.id, message.reply)
  })
  const remote = new RemoteHolds((message) => {
    if (message.type === 'hold-ask') void calls.ask(message)
    if (message.type === 'hold-gone') calls.leave(message.id)
  })
  desk.onLeaseEnd = (grant) => remote.endLease(grant)
  return { desk, remote }
}

async function give({ desk, remote }: ReturnType<typeof connect>): Promise<string> {
  const waiting = remote.ask(question(), 1e9, STAYS)
  await new Promise(setImmediate)
  const [hold] = desk.holds()
  await desk.approve(hold?.id ?? '', 'anna', { ...WISH, breadth: 'host' })
  expect(await waiting).toMatchObject({ kind: 'approved' })
  return desk.grants()[0]?.id ?? ''
}

test('that its client left before it asked', async () => {
  const both = connect()
  await give(both)
  expect(await both.remote.ask(question(), 1e9, AbortSignal.abort())).toMatchObject({
    kind: 'cancelled',
  })
  expect(both.desk.grants()[0]?.used).toBe(0)
  both.desk[Symbol.dispose]()
})

test('leave that ends while something runs under it', async () => {
  const both = connect()
  const id = await give(both)
  const answer = await both.remote.ask(question(), 1e9, STAYS)
  if (answer.kind !== 'granted') throw new Error(answer.kind)
  expect(answer.lease.aborted).toBe(false)
  await both.desk.revoke(id, 'anna', null)
  expect(answer.lease.aborted).toBe(true)
  both.desk[Symbol.dispose]()
})

test('leave that ends before it has arrived', async () => {
  const both = connect()
  const id = await give(both)
  const asking = both.remote.ask(question(), 1e9, STAYS)
  const revoking = both.desk.revoke(id, 'anna', null)
  const answer = await asking
  await revoking
  if (answer.kind !== 'granted') throw new Error(answer.kind)
  expect(answer.lease.aborted).toBe(true)
  both.desk[Symbol.dispose]()
})
