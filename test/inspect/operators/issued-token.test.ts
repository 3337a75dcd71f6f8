/** Tokens as the scanner finds them in answers: in every spelling, however the text is cut. */

import { expect, test } from 'vitest'
import { ISSUED_TOKEN } from '../../../src/inspect/operators/issued-token.ts'
import { deriveAgentKeys } from '../../../src/inspect/operators/keys.ts'
import { restoreText } from '../../../src/inspect/operators/restorer.ts'
import { createVault, VAULT_LIMITS } from '../../../src/inspect/operators/vault.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { NOWHERE, openStream } from '../../../src/inspect/scan/scanner.ts'

const SCANNER = createScanner([ISSUED_TOKEN])
const VAULT = createVault(
  () => deriveAgentKeys(Buffer.alloc(32), 'a'),
  VAULT_LIMITS,
  () => 0,
).for('a')
const email = VAULT.issue('email', 'anna@example.org') ?? ''
const card = VAULT.issue('payment-card', '4111 1111 1111 1111') ?? ''

function restore(text: string, size: number): string {
  const bytes = Buffer.from(text)
  const stream = openStream()
  let out = ''
  let done = 0
  let copied = 0
  for (let end = size; ; end += size) {
    stream.ended = end >= bytes.length
    const sink = (start: number, stop: number) => {
      out +=
        bytes.toString('utf8', copied, start) +
        restoreText(bytes.toString('utf8', start, stop), VAULT)
      copied = stop
    }
    done = SCANNER.scan(bytes, done, Math.min(end, bytes.length), NOWHERE, sink, stream)
    if (stream.ended) return out + bytes.toString('utf8', copied)
  }
}

const rows: readonly [string, string][] = [
  ['as issued', `${email}, ${card}.`],
  ['lower case', email.toLowerCase()],
  ['hyphens', card.replaceAll('_', '-')],
  ['blanks', card.replaceAll('_', ' ')],
  ['for Markdown', email.replaceAll('_', '\\_')],
  ['in Markdown in JSON', card.replaceAll('_', '\\\\_')],
  ['with a word behind it', `${email} and ${card} there`],
  ['that nobody issued', 'PII_EMAIL_000000 PII_EMAIL_7Q3K'],
  ['words', 'PII data is personal; pii_email_address'],
]
test.each(rows)('%s', (_name, token) => {
  const text = `see ${token} there`
  for (const size of [1, 3, 1000]) expect(restore(text, size)).toBe(restoreText(text, VAULT))
})

test('one behind another, with only what may stand within one between them', () => {
  // With characters for the spelling, of which fewer may pass for a token as well.
  const values = Array.from({ length: 100 }, (_, i) => `123-45-${1000 + i}`)
  const tokens = values.map((value) => VAULT.issue('us-ssn', value) ?? '')
  for (const within of ['_', '-', ' ', '\\_']) {
    for (const between of [' ', '\n', '-', ', ', ' and ', '; ']) {
      const text = tokens.map((token) => token.replaceAll('_', within)).join(between)
      expect(restore(text, 7)).toBe(values.join(between))
    }
  }
})
