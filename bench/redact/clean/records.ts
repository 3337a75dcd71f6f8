/** Requests and answers of programs that nothing is to be found in. */

import type { Random } from '../random.ts'
import { prose, WORDS } from './prose.ts'

export const RECORDS: Readonly<Record<string, (random: Random) => string>> = {
  event: (random) =>
    JSON.stringify({
      id: random.uuid(),
      type: random.pick(['page_view', 'click', 'purchase', 'error']),
      timestamp: 1_700_000_000_000 + random.below(90_000_000_000),
      trace_id: random.hex(32),
      span_id: random.hex(16),
      user_agent:
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.127',
      duration_ms: random.next() * 1000,
      tags: [random.pick(WORDS), random.pick(WORDS)],
      order: { number: random.digits(10), total: random.below(100_000) / 100, currency: 'EUR' },
    }),
  chat: (random) =>
    JSON.stringify({
      model: 'gpt-4.1-2025-04-14',
      messages: [
        { role: 'system', content: prose(random, 40) },
        { role: 'user', content: prose(random, 80) },
        { role: 'assistant', content: prose(random, 120) },
      ],
      temperature: 0.7,
      max_tokens: 1024,
    }),
  commit: (random) =>
    JSON.stringify({
      sha: random.hex(40),
      tree: random.hex(40),
      parents: [random.hex(40)],
      message: `${prose(random, 9)}\n\n${prose(random, 24)}`,
      stats: { additions: random.below(500), deletions: random.below(500) },
      date: '2025-11-30T12:34:56Z',
    }),
  log: (random) =>
    `2025-11-${10 + random.below(20)}T${10 + random.below(13)}:${10 + random.below(49)}:${10 + random.below(49)}.${random.digits(3)}Z INFO [http-nio-${random.below(99)}] c.e.s.${random.pick(WORDS)}Service - request ${random.uuid()} took ${random.below(900)}ms status=${random.pick([200, 201, 404])} bytes=${random.below(1_000_000)} v1.${random.below(20)}.${random.below(20)}`,
  embedding: (random) =>
    JSON.stringify({
      object: 'embedding',
      index: random.below(100),
      embedding: Array.from({ length: 48 }, () => random.next() * 2 - 1),
    }),
  code: (random) =>
    `export function ${random.pick(WORDS)}${random.below(99)}(input: string, count = ${random.below(1000)}): number {\n  const ${random.pick(WORDS)} = input.slice(0, count) // ${prose(random, 7)}\n  if (count > 0x${random.hex(4)}) throw new Error('${prose(random, 4)}')\n  return items.map((x) => x.${random.pick(WORDS)} + 1).length\n}\n`,
  lock: (random) =>
    `    "node_modules/@scope/${random.pick(WORDS)}-${random.pick(WORDS)}": {\n      "version": "${random.below(20)}.${random.below(20)}.${random.below(20)}",\n      "resolved": "https://packages.example/@scope/${random.pick(WORDS)}/-/${random.pick(WORDS)}-1.2.3.tgz",\n      "integrity": "sha512-${random.base64(86)}==",\n      "engines": { "node": ">=18" }\n    },`,
  ids: (random) =>
    JSON.stringify(
      Array.from({ length: 8 }, () => ({
        id: random.uuid(),
        parent: random.uuid(),
        rev: random.below(1000),
        created_at: 1_700_000_000 + random.below(90_000_000),
        snowflake: `1${random.digits(17)}`,
      })),
    ),
  blob: (random) => JSON.stringify({ name: 'image.png', data: random.base64(800) }),
}
