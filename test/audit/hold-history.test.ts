/** What a proxy that starts is told of earlier holds and grants. */

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AuditError } from '../../src/audit/database.ts'
import { lastAt, readHoldEvents } from '../../src/audit/hold-history.ts'
import { AuditLog } from '../../src/audit/log.ts'
import type { HoldEvent } from '../../src/model/hold.ts'
import { temporaryFolder } from '../support/folder.ts'
import { everyHoldEvent, givenGrant, openedHold } from '../support/holds.ts'
import { decision } from '../support/nouns.ts'

const NOW = Date.UTC(2026, 10, 20, 12)
const HOUR = 3_600_000
const DAY = 24 * HOUR

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string
let log: AuditLog
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'audit.db')
  log = new AuditLog({ path })
})
afterEach(async () => {
  await log.close()
  await folder[Symbol.asyncDispose]()
})

async function keep(...events: readonly HoldEvent[]): Promise<void> {
  for (const event of events) await log.keep(event)
}

function opened(id: string, at: number, lasts = HOUR): HoldEvent {
  return { kind: 'opened', at, hold: openedHold({ id, openedAt: at, expiresAt: at + lasts }) }
}

function approved(hold: string, at: number, lasts: number, uses: number | null): HoldEvent {
  const grant = givenGrant({ id: `g${hold}`, hold, createdAt: at, expiresAt: at + lasts, uses })
  return { kind: 'approved', at, hold, by: 'ada', reason: null, grant }
}

/** Ids of the holds there are events of, in the order of the first. */
function living(now = NOW): readonly string[] {
  const ids = [...readHoldEvents(log.database, now)].map((event) =>
    event.kind === 'opened' ? event.hold.id : event.hold,
  )
  return [...new Set(ids)]
}

test('an empty log says nothing', () => {
  expect(living()).toEqual([])
  expect(lastAt(log.database)).toBe(0)
})

test('what was written is what is read, in its order', async () => {
  await keep(...everyHoldEvent())
  expect([...readHoldEvents(log.database, NOW + HOUR)]).toEqual(everyHoldEvent())
})

test.each<[string, boolean, readonly HoldEvent[]]>([
  ['a hold that is pending', true, [opened('h', NOW - HOUR / 2)]],
  ['one opened long ago that is pending still', true, [opened('h', NOW - 9 * DAY, 10 * DAY)]],
  [
    'one denied a while ago',
    true,
    [
      opened('h', NOW - 3 * HOUR),
      { kind: 'denied', at: NOW - 2 * HOUR, hold: 'h', by: 'ada', reason: null },
    ],
  ],
  [
    'one denied long ago',
    false,
    [
      opened('h', NOW - 3 * DAY),
      { kind: 'denied', at: NOW - 2 * DAY, hold: 'h', by: 'ada', reason: null },
    ],
  ],
  [
    'one denied long ago, long before its time',
    false,
    [
      opened('h', NOW - 3 * DAY, 9 * DAY),
      { kind: 'denied', at: NOW - 2 * DAY, hold: 'h', by: 'ada', reason: null },
    ],
  ],
  [
    'one that has expired long ago',
    false,
    [opened('h', NOW - 3 * DAY), { kind: 'expired', at: NOW - 3 * DAY + HOUR, hold: 'h' }],
  ],
  [
    'a grant that is active, of a hold of last month',
    true,
    [
      opened('h', NOW - 30 * DAY),
      approved('h', NOW - 30 * DAY, 31 * DAY, 3),
      { kind: 'used', at: NOW - 29 * DAY, hold: 'h', grant: 'gh' },
    ],
  ],
  [
    'a grant that was used up a while ago',
    true,
    [
      opened('h', NOW - 30 * DAY),
      approved('h', NOW - 30 * DAY, 31 * DAY, 1),
      { kind: 'used', at: NOW - HOUR, hold: 'h', grant: 'gh' },
    ],
  ],
  [
    'a grant that was used up long ago, long before its time',
    false,
    [
      opened('h', NOW - 30 * DAY),
      approved('h', NOW - 30 * DAY, 31 * DAY, 1),
      { kind: 'used', at: NOW - 29 * DAY, hold: 'h', grant: 'gh' },
    ],
  ],
  [
    'a grant that was revoked long ago, long before its time',
    false,
    [
      opened('h', NOW - 30 * DAY),
      approved('h', NOW - 30 * DAY, 31 * DAY, null),
      { kind: 'revoked', at: NOW - 2 * DAY, hold: 'h', grant: 'gh', by: 'ada', reason: null },
    ],
  ],
  [
    'a grant that has ended by time long ago',
    false,
    [
      opened('h', NOW - 30 * DAY),
      approved('h', NOW - 30 * DAY, HOUR, null),
      { kind: 'grant-expired', at: NOW - 30 * DAY + HOUR, hold: 'h', grant: 'gh' },
    ],
  ],
])('%s: %s', async (_, isThere, events) => {
  // Something happened a moment ago: the proxy ran until then.
  await keep(...events, opened('h-other', NOW - 1_000))
  expect(living()).toEqual(isThere ? ['h', 'h-other'] : ['h-other'])
})

test('what was pending when the proxy stopped is there however late it starts again, to be ended', async () => {
  await keep(opened('h', NOW - 60 * DAY), approved('h', NOW - 60 * DAY, HOUR, null))
  await keep(opened('h-2', NOW - 60 * DAY))
  expect(living()).toEqual(['h', 'h-2'])
})

test('all events of what goes on are read, and none of what is over', async () => {
  await keep(
    opened('h-over', NOW - 3 * DAY),
    opened('h', NOW - 3 * DAY, 4 * DAY),
    { kind: 'expired', at: NOW - 3 * DAY + HOUR, hold: 'h-over' },
    approved('h', NOW - HOUR, DAY, null),
    { kind: 'used', at: NOW - 9, hold: 'h', grant: 'gh' },
  )
  // Would it be read, it would not be understood.
  const db = new Database(path)
  db.exec('DROP TRIGGER hold_events_update')
  db.exec(`UPDATE hold_events SET detail = '{"expiresAt":1}' WHERE hold = 'h-over'`)
  db.close()
  const events = [...readHoldEvents(log.database, NOW)]
  expect(events.map(({ kind }) => kind)).toEqual(['opened', 'approved', 'used'])
})

test('the log is written to while they are read', async () => {
  await keep(opened('h-1', NOW), opened('h-2', NOW))
  const events = readHoldEvents(log.database, NOW)
  expect(events.next().value).toMatchObject({ kind: 'opened', hold: { id: 'h-1' } })
  await keep({ kind: 'expired', at: NOW, hold: 'h-2' })
  expect([...events]).toMatchObject([{ kind: 'opened', hold: { id: 'h-2' } }])
})

test('a row that does not say what it should is an error that names it, not a guess', async () => {
  await keep(opened('h-1', NOW), opened('h-2', NOW))
  const db = new Database(path)
  db.exec('DROP TRIGGER hold_events_update')
  db.exec("UPDATE hold_events SET detail = json_remove(detail, '$.terms.durable') WHERE seq = 2")
  db.close()
  const reading = () => [...readHoldEvents(log.database, NOW)]
  expect(reading).toThrow(AuditError)
  expect(reading).toThrow('row 2 of `hold_events`')
  expect(reading).toThrow('`detail.terms.durable`')
})

test('the latest time is that of any row, also where a clock was set back since', async () => {
  await log.decide(decision({ at: NOW }), false)
  await keep(opened('h-1', NOW - DAY))
  await log.decide(decision({ at: NOW - DAY }), false)
  await log.note({ at: NOW - DAY, actor: 'a', action: 'b', subject: 'c', detail: 'd' })
  expect(lastAt(log.database)).toBe(NOW)
  await keep(opened('h-2', NOW + HOUR))
  expect(lastAt(log.database)).toBe(NOW + HOUR)
})
