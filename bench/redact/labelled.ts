/**
 * Templates with places for values, and makers of values that are right. The held-out templates are never looked at while words and shapes
 * are chosen: what is scored on them is what a stranger's text would score.
 */

import type { Random } from './random.ts'

export const TUNING: readonly string[] = [
  'Please use {} for this.',
  'My {word} is {} and I need help.',
  '{"{key}": "{}", "n": 1}',
  '{word}: {}\n',
  'a,{},b\n',
]

export const HELD_OUT: readonly string[] = [
  'Hi, as discussed on the call, {word} {} should be updated today. Thanks!',
  '2025-11-30T10:00:00Z WARN billing - lookup failed ({word}={}) after 3 tries',
  '<p>{word}: <b>{}</b></p>',
  '{"user": {"{key}": "{}"}, "ok": true}',
  '({}) is the {word} we have on file',
  '- {word} {}\n- done\n',
]

export interface Maker {
  readonly type: string
  readonly word: string
  readonly key: string
  readonly make: (random: Random) => string
}

export const MAKERS: readonly Maker[] = [
  {
    type: 'email',
    word: 'e-mail',
    key: 'email',
    make: (random) =>
      `${random.chars(LOWER, 5)}${random.pick(['.', '_', '+', ''])}${random.chars(LOWER, 4)}@${random.chars(LOWER, 7)}.${random.pick(['com', 'org', 'co.uk', 'example', 'de'])}`,
  },
  {
    type: 'phone',
    word: 'phone',
    key: 'phoneNumber',
    make: (random) =>
      random.pick([
        () => `+49 30 ${random.digits(7)}`,
        () => `+44 20 ${random.digits(4)} ${random.digits(4)}`,
        () => `+1 (${random.pick(['415', '212', '305'])}) 555-${random.digits(4)}`,
        () => `+33${random.pick(['1', '6', '7'])}${random.digits(8)}`,
        () => `+91-98${random.digits(3)}-${random.digits(5)}`,
      ])(),
  },
  { type: 'payment-card', word: 'card', key: 'cardNumber', make: card },
  { type: 'iban', word: 'IBAN', key: 'iban', make: iban },
  {
    type: 'us-ssn',
    word: 'SSN',
    key: 'ssn',
    make: (random) =>
      `${100 + random.below(500)}-${10 + random.below(89)}-${1000 + random.below(8999)}`,
  },
  {
    type: 'us-aba-routing',
    word: 'routing number',
    key: 'routingNumber',
    make: (random) => {
      const head = `02${random.digits(6)}`
      const weights = [3, 7, 1, 3, 7, 1, 3, 7]
      const sum = weights.reduce((total, weight, i) => total + weight * Number(head[i]), 0)
      return `${head}${(10 - (sum % 10)) % 10}`
    },
  },
  { type: 'imei', word: 'IMEI', key: 'imei', make: (random) => withLuhn(`35${random.digits(12)}`) },
]

const LOWER = 'abcdefghijklmnopqrstuvwxyz'

function card(random: Random): string {
  const digits = withLuhn(
    random.pick(['4', '51', '55', '2223', '6011']).padEnd(15, random.digits(15)),
  )
  const groups = digits.match(/.{4}/g) ?? []
  return random.pick([digits, groups.join(' '), groups.join('-')])
}

function withLuhn(head: string): string {
  let sum = 0
  for (let i = 0; i < head.length; i++) {
    const doubled = (head.length - i) % 2 === 1
    const value = Number(head[i]) * (doubled ? 2 : 1)
    sum += value > 9 ? value - 9 : value
  }
  return `${head}${(10 - (sum % 10)) % 10}`
}

function iban(random: Random): string {
  const [country, length] = random.pick([
    ['DE', 18],
    ['FR', 23],
    ['ES', 20],
    ['PL', 24],
    ['NO', 11],
  ] as const)
  const account = random.digits(length)
  const numeric = `${account}${country.charCodeAt(0) - 55}${country.charCodeAt(1) - 55}00`
  const check = String(98n - (BigInt(numeric) % 97n)).padStart(2, '0')
  const text = `${country}${check}${account}`
  return random.pick([text, (text.match(/.{1,4}/g) ?? []).join(' ')])
}
