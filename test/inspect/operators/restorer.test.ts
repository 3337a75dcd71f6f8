/** Tokens and the way back: by the agent they were issued to, in every spelling a model gives them, in pieces of any size. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveAgentKeys } from '../../../src/inspect/operators/keys.ts'
import { createRestorer, MAX_HELD, restoreText } from '../../../src/inspect/operators/restorer.ts'
import { checkCharacter } from '../../../src/inspect/operators/token.ts'
import {
  type AgentVault,
  createVault,
  VAULT_LIMITS,
  type VaultLimits,
} from '../../../src/inspect/operators/vault.ts'

const MASTER = Buffer.alloc(32, 3)

function newVault(limits: Partial<VaultLimits> = {}) {
  let now = 0
  const all = { ...VAULT_LIMITS, ...limits }
  const vault = createVault(
    (agent) => deriveAgentKeys(MASTER, agent),
    all,
    () => now,
  )
  return { vault, pass: (ms: number) => (now += ms) }
}

function issue(vault: AgentVault, type: string, value: string): string {
  const token = vault.issue(type, value)
  if (token === null) throw new Error('no token')
  return token
}

describe('spellings', () => {
  const agent = newVault().vault.for('ci')
  const token = issue(agent, 'email', 'Anna.Example@example.org')
  const ssn = issue(agent, 'us-ssn', '078-05-1120')
  const rows: readonly [string, string, string][] = [
    ['as issued', `to ${token}.`, 'to Anna.Example@example.org.'],
    ['lower case', token.toLowerCase(), 'Anna.Example@example.org'],
    ['hyphens', token.replaceAll('_', '-'), 'Anna.Example@example.org'],
    ['blanks', token.replaceAll('_', ' '), 'Anna.Example@example.org'],
    ['escaped for Markdown', token.replaceAll('_', '\\_'), 'Anna.Example@example.org'],
    ['and that in JSON', token.replaceAll('_', '\\\\_'), 'Anna.Example@example.org'],
    [
      'O for 0, l for 1',
      ssn.slice(0, 11) + ssn.slice(11).replaceAll('0', 'o').replaceAll('1', 'l'),
      '078-05-1120',
    ],
    ['within a word', `x${token}y`, 'xAnna.Example@example.orgy'],
    ['in brackets and quotes', `<"${token}">`, '<"Anna.Example@example.org">'],
    ['twice', `${token}${token}`, 'Anna.Example@example.orgAnna.Example@example.org'],
    ['behind a beginning of one', `PII_EMAIL_${token}`, 'PII_EMAIL_Anna.Example@example.org'],
    ['behind the letter of one', `P${token}PI`, 'PAnna.Example@example.orgPI'],
    ['two kinds', `${ssn}/${token}`, '078-05-1120/Anna.Example@example.org'],
  ]
  test.each(rows)('%s', (_name, text, want) => {
    expect(restoreText(text, agent)).toBe(want)
  })

  const same: readonly [string, string][] = [
    ['one that nobody issued', `PII_EMAIL_7Q3KX${checkCharacter('PII_EMAIL_7Q3KX')}`],
    ['a wrong last character', token.slice(0, -1) + (token.endsWith('0') ? '2' : '0')],
    ['cut', token.slice(0, -1)],
    ['another kind', token.replace('EMAIL', 'PHONE')],
    ['a kind alone', 'PII_EMAIL_'],
    ['words', 'PII is personal data; pii_email_address: none'],
    ['other separators', token.replaceAll('_', '.')],
    ['nothing', ''],
  ]
  test.each(same)('stays as it is: %s', (_name, text) => {
    expect(restoreText(text, agent)).toBe(text)
  })

  test('a value is written as the place wants it', () => {
    const quoted = issue(agent, 'name', 'Anna "A" $& Example')
    const write = (value: string) => JSON.stringify(value).slice(1, -1)
    expect(JSON.parse(`"${restoreText(quoted, agent, write)}"`)).toBe('Anna "A" $& Example')
  })
})

test('a token of another agent stays as it is', () => {
  const { vault } = newVault()
  const token = issue(vault.for('a'), 'email', 'anna@example.org')
  expect(issue(vault.for('b'), 'email', 'anna@example.org')).not.toBe(token)
  expect(restoreText(token, vault.for('b'))).toBe(token)
  expect(restoreText(token, vault.for('a'))).toBe('anna@example.org')
})

test('a value that is itself like a token is put back once', () => {
  const agent = newVault().vault.for('ci')
  const inner = issue(agent, 'email', 'anna@example.org')
  const outer = issue(agent, 'name', inner)
  expect(restoreText(outer, agent)).toBe(inner)
})

const pieces = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('P', 'PII', 'pii_', 'PII_EMAIL_', 'PII-US', '\\_', '\\', ' ', '_'),
    fc.record({
      type: fc.constantFrom('email', 'us-ssn', 'uk-national-insurance-number', 'name'),
      value: fc.oneof(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        fc.emailAddress(),
      ),
    }),
  ),
  { maxLength: 12 },
)

/** Cut before every place given, modulo its length. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [...at, text.length].map((end, i) => text.slice(i === 0 ? 0 : at[i - 1], end))
}

test('what was tokenised comes back, however it is cut, and little is held', () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(400), { maxLength: 60 }), (parts, places) => {
      const agent = newVault().vault.for('ci')
      const plain = parts.map((part) => (typeof part === 'string' ? part : part.value)).join('')
      const sent = parts
        .map((part) => (typeof part === 'string' ? part : issue(agent, part.type, part.value)))
        .join('')
      expect(restoreText(sent, agent)).toBe(plain)
      const restorer = createRestorer(agent)
      let out = ''
      for (const piece of cut(sent, places)) {
        out += restorer.push(piece)
        expect(restorer.waiting).toBeLessThanOrEqual(MAX_HELD)
      }
      expect(out + restorer.end()).toBe(plain)
    }),
    { numRuns: 500 },
  )
})

test('one character at a time', () => {
  const agent = newVault().vault.for('ci')
  const token = issue(agent, 'email', 'anna@example.org')
  const restorer = createRestorer(agent)
  const text = `Write to ${token.replaceAll('_', '\\_')}, please. PII_EMAIL_`
  const out = [...text].map((character) => restorer.push(character)).join('') + restorer.end()
  expect(out).toBe('Write to anna@example.org, please. PII_EMAIL_')
  expect(restorer.restored).toBe(1)
})

describe('holding back', () => {
  const agent = newVault().vault.for('ci')
  issue(agent, 'email', 'anna@example.org')
  const rows: readonly [string, string, string][] = [
    ['nothing of prose', 'all of this goes on', ''],
    ['a beginning', 'see PII_EM', 'PII_EM'],
    ['a letter', 'see p', 'p'],
    ['a head with part of a body', 'see PII_EMAIL_7Q', 'PII_EMAIL_7Q'],
    ['not a kind that was never issued', 'see PII_PHO', ''],
    ['not a word', 'see PIPE', 'PE'.slice(2)],
  ]
  test.each(rows)('%s', (_name, text, held) => {
    const restorer = createRestorer(agent)
    expect(restorer.push(text)).toBe(text.slice(0, text.length - held.length))
    expect(restorer.end()).toBe(held)
  })

  test('an agent without tokens waits for nothing', () => {
    expect(createRestorer(newVault().vault.for('x')).push('see PII_')).toBe('see PII_')
  })

  test('a flood of beginnings takes time in proportion to its length', () => {
    const long = 'PII_EMAIL_'.repeat(200_000)
    expect(restoreText(long, agent)).toBe(long)
  })
})

describe('bounds', () => {
  test('the values not used for longest go first, and get the same tokens again', () => {
    const agent = newVault({ values: 4 }).vault.for('ci')
    const first = issue(agent, 'name', 'one')
    const second = issue(agent, 'name', 'two')
    issue(agent, 'name', 'three')
    expect(agent.lookUp(first)).toBe('one')
    issue(agent, 'name', 'four')
    expect(agent.size).toBeLessThanOrEqual(4)
    expect(agent.lookUp(second)).toBe(null)
    expect(restoreText(second, agent)).toBe(second)
    expect(agent.lookUp(first)).toBe('one')
    expect(issue(agent, 'name', 'two')).toBe(second)
  })

  test('however many come, no more are kept than said', () => {
    const agent = newVault({ values: 100 }).vault.for('ci')
    for (let i = 0; i < 1000; i++) issue(agent, 'name', `value ${i}`)
    expect(agent.size).toBeLessThanOrEqual(100)
    expect(agent.size).toBeGreaterThanOrEqual(50)
  })

  test('values go when they were not used for long', () => {
    const { vault, pass } = newVault({ ttl: 1000 })
    const token = issue(vault.for('ci'), 'name', 'one')
    pass(999)
    expect(vault.for('ci').lookUp(token)).toBe('one')
    pass(900)
    expect(vault.for('ci').lookUp(token)).toBe('one')
    pass(2000)
    expect(vault.for('ci').lookUp(token)).toBe(null)
    expect(vault.for('ci').size).toBe(0)
  })

  test('so do agents, by number and by what they hold together', () => {
    const few = newVault({ agents: 2 }).vault
    const token = issue(few.for('a'), 'name', 'one')
    few.for('b')
    few.for('c')
    expect(few.for('a').lookUp(token)).toBe(null)

    const small = newVault({ total: 3 }).vault
    for (const name of ['one', 'two', 'three']) issue(small.for('a'), 'name', name)
    issue(small.for('b'), 'name', 'one')
    small.for('b')
    expect(small.for('a').size).toBe(0)
    expect(small.for('b').size).toBe(1)
  })

  test('two values never have the same token', () => {
    const agent = newVault({ values: 100_000 }).vault.for('ci')
    const tokens = new Map<string, string>()
    for (let i = 0; i < 50_000; i++) tokens.set(issue(agent, 'name', `value ${i}`), `value ${i}`)
    expect(tokens.size).toBe(50_000)
    for (const [token, value] of tokens) expect(restoreText(token, agent)).toBe(value)
  }, 120_000)
})
