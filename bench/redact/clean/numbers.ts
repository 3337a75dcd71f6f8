/** Numbers and ids of things: of no person, however much they look like one's. */

import type { Random } from '../random.ts'

const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export const NUMBERS: Readonly<Record<string, (random: Random) => string>> = {
  'random numbers': (random) =>
    JSON.stringify(
      Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [
          `v${i}`,
          Number(`${1 + random.below(9)}${random.digits(4 + random.below(10))}`),
        ]),
      ),
    ),
  'ids of 12 and 13 digits': (random) =>
    JSON.stringify({
      items: Array.from(
        { length: 12 },
        () => `${1 + random.below(9)}${random.digits(11 + random.below(2))}`,
      ),
    }),
  'timestamps in ms, µs and ns': (random) => {
    const ms = 1_500_000_000_000 + random.below(300_000_000_000)
    return JSON.stringify({
      start: ms,
      end: ms + random.below(9000),
      ts: `${ms}${random.digits(3)}`,
      startTimeUnixNano: `${ms}${random.digits(6)}`,
      at: Math.floor(ms / 1000),
    })
  },
  'snowflakes, ULIDs, object ids': (random) =>
    JSON.stringify({
      id: `1${random.digits(17)}`,
      guild: `9${random.digits(17)}`,
      ulid: `01H${random.chars(BASE32, 23)}`,
      _id: random.hex(24),
      key: random.hex(32),
    }),
  barcodes: (random) => {
    const ean = random.pick(['400', '500', '762', '888', '978', '012']) + random.digits(9)
    const sum = [...ean].reduce((total, char, i) => total + Number(char) * (i % 2 === 0 ? 1 : 3), 0)
    const gtin = `${ean}${(10 - (sum % 10)) % 10}`
    return `${gtin},0${gtin},${random.digits(12)},978-3-${random.digits(2)}-${random.digits(6)}-${random.digits(1)},${random.digits(8)},${random.below(900)}.${random.digits(2)}`
  },
  'tracking numbers': (random) =>
    `shipped with 1Z${random.chars('ABCDEFGHJKLMNPRSTUVWXYZ0123456789', 16)}, then 94${random.digits(20)}, JD${random.digits(18)}, RR${random.digits(9)}DE, ${random.digits(12)}`,
  'columns of numbers': (random) =>
    Array.from(
      { length: 8 },
      () => `${random.digits(4)} ${random.digits(4)} ${random.digits(4)} ${random.digits(6)}`,
    ).join('\n'),
  'tables of floats': (random) =>
    Array.from({ length: 10 }, () => (random.next() * 1000 - 500).toFixed(random.below(9))).join(
      ',',
    ),
  'rows of a database': (random) =>
    `INSERT INTO events VALUES (${random.below(1e9)},'${random.uuid()}',${random.digits(11)},'2024-0${1 + random.below(9)}-1${random.below(9)} 10:2${random.below(9)}:00',${random.below(1e6)},NULL,'${random.hex(40)}');`,
  'places on a map': (random) =>
    JSON.stringify({
      type: 'LineString',
      coordinates: Array.from({ length: 8 }, () => [random.next() * 180, random.next() * 90]),
    }),
  'hex dumps': (random) =>
    `${random.hex(8)}  ${Array.from({ length: 16 }, () => random.hex(2)).join(' ')}  |................|`,
  'orders and prices': (random) =>
    JSON.stringify({
      orderNumber: `${random.digits(3)}-${random.digits(7)}-${random.digits(7)}`,
      sku: `${random.chars('ABCDEFGH', 3)}-${random.digits(5)}`,
      invoice: `INV-2024-${random.digits(6)}`,
      total: random.below(100_000) / 100,
      tax: random.below(10_000) / 100,
      quantity: random.below(99),
    }),
}
