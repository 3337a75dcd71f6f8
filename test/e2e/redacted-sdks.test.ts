/**
 * Conversations of real SDKs with stand-ins of the services: these never see what was planted, the SDKs read every answer without complaint,
 * and what was replaced by a token stands there again for the agent, however the model wrote it.
 */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cordon } from '../cli/cordon.ts'
import { throughProxy } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { type Asked, modelStandIn } from '../support/models/stand-in.ts'
import type { Turn } from '../support/models/turn.ts'
import { findPlanted, type Planted } from '../support/planted.ts'
import type { Said } from '../support/programs/model-conversation.ts'

const PROGRAM = join(import.meta.dirname, '../support/programs/model-conversation.ts')

const SDKS = [
  'openai-chat',
  'openai-responses',
  'anthropic',
  'bedrock-converse',
  'bedrock-invoke',
  'gemini',
] as const

const MAIL = 'erika.mustermann@example.org'
const CARD = '4111 1111 1111 1111'
const IBAN = 'DE89 3704 0044 0532 0130 00'
const SSN = '123-45-6789'
const KEY = 'AKIAZQ3DRWJX4YL5N6TP'
const PLANTED: readonly Planted[] = [
  { type: 'email', value: MAIL },
  { type: 'payment-card', value: CARD },
  { type: 'iban', value: IBAN },
  { type: 'us-ssn', value: SSN },
  { type: 'aws-access-key', value: KEY, isSecret: true },
  { type: 'email', value: 'support@mustermann.example.net' },
  { type: 'phone', value: '+49 30 90182044' },
  { type: 'email', value: 'kai.beispiel@example.com' },
]

/** Base64 in which a telephone number would be found, if somebody looked. */
const sealed = () =>
  `${randomBytes(150).toString('base64')}/+14155550132/AB${randomBytes(150).toString('base64')}`

const PICTURE = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  randomBytes(3000),
]).toString('base64')

const SAID: Said = {
  system: `You answer ${MAIL}. Key: ${KEY}.`,
  user: `Pay ${CARD} to ${IBAN}; my SSN is ${SSN}. "Thanks", ${MAIL}\n`,
  description: 'Whom to write to, such as support@mustermann.example.net.',
  result: 'sent; questions to +49 30 90182044',
  picture: PICTURE,
  document: Buffer.from('Notes.\nWrite to kai.beispiel@example.com about it.\n').toString('base64'),
}

const nothing: Said = {
  ...SAID,
  system: 'You answer.',
  user: 'Hello',
  description: 'Whom to write to.',
  result: 'sent',
  document: Buffer.from('Notes.').toString('base64'),
}

const CONFIG = `
agents: [{ id: one }, { id: other }]
redaction: { models: [api.models.test, in.models.test] }
rules:
  - { id: in, because: nobody needs it here, when: { host: in.models.test }, redact: { in: [personal, payment, special, secret] } }
  - { id: all, because: nobody needs it there, when: { host: api.models.test }, redact: { out: [personal, payment, special, secret], with: token } }
`

/** Ways in which models write what they were given. */
const SPELLINGS: readonly ((token: string) => string)[] = [
  (token) => token,
  (token) => token.toLowerCase(),
  (token) => `**${token}**`,
  (token) => `"${token}"`,
  (token) => token.replaceAll('_', '\\_'),
  (token) => token.replaceAll('_', '-'),
]

const HOST = 'api.models.test'
const TOKEN = /PII_[A-Z0-9]+(?:_[A-Z0-9]+)*_[0-9A-Z]{6,}/g

let lab: Lab
let speak: (asked: Asked, nth: number) => Turn = () => []
let pause: () => Promise<void> = async () => {}
const standIn = modelStandIn(
  (asked, nth) => speak(asked, nth),
  () => pause(),
)
beforeAll(async () => {
  lab = await openLab({
    config: CONFIG,
    records: { [HOST]: { A: ['127.0.0.10'] }, 'in.models.test': { A: ['127.0.0.10'] } },
    https: { handler: standIn.handler },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

/** @param env with which credentials AWS is called */
async function converse(
  sdk: string,
  agent: string,
  said: Said,
  env: NodeJS.ProcessEnv = {},
  host = HOST,
) {
  const { out } = await cordon(lab.dir, ['agents', 'token', agent])
  const proxy = lab.proxy.url.replace('://', `://agent:${out.trim()}@`)
  const url = `https://${host}:${lab.https.port}`
  const child = spawn(process.execPath, [PROGRAM, sdk, url, JSON.stringify(said)], {
    env: {
      ...process.env,
      ...throughProxy({ ...lab.proxy, url: proxy }),
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  return async () => {
    const { value, done } = await lines.next()
    if (!done) return JSON.parse(value)
    await ended
    return null
  }
}

/** What such a model says: everything it was given, in every spelling, letter by letter; thoughts; and a call. */
function echo(
  tokens: readonly string[],
  labels: readonly string[],
  seals: readonly string[],
): Turn {
  const text = tokens.map((token) => SPELLINGS.map((spell) => spell(token)).join('; ')).join('\n')
  const args = JSON.stringify({
    to: tokens[0],
    all: tokens,
    quoted: tokens.map((token) => `say "${token}"\n`).join(''),
    nested: JSON.stringify({ inner: tokens }),
    secret: labels,
  })
  return [
    { kind: 'thinking', text: `They gave me ${tokens.join(', ')}.`, signature: seals[0] ?? '' },
    { kind: 'sealed', data: seals[1] ?? '' },
    { kind: 'text', pieces: ['Sure.', ' Here:', '\n', ...text, ...`\n${labels.join(' ')}`] },
    {
      kind: 'call',
      id: 'toolu_01A09q90qw90lq917835lq9',
      name: 'send_mail',
      pieces: args.match(/.{1,3}/gs) ?? [],
    },
  ]
}

const bedrock = { AWS_BEARER_TOKEN_BEDROCK: 'bedrock-api-key-lab' }

describe.each(SDKS)('%s', (sdk) => {
  test('a conversation', async () => {
    const from = standIn.asked.length
    const seals = [sealed(), sealed()]
    const tokensOf = ({ body }: Asked) => [...new Set(body.match(TOKEN))]
    speak = (asked) => {
      const labels = [...new Set(asked.body.match(/\[AWS_[A-Z_]+\]/g))]
      return echo(tokensOf(asked), labels, seals)
    }
    const gate = Promise.withResolvers<void>()
    pause = () => gate.promise
    const next = await converse(sdk, 'one', SAID, bedrock)
    // The rest has not been said yet.
    expect(await next()).toEqual({ first: 'Sure.' })
    gate.resolve()
    const first = await next()
    const last = await next()
    expect(last?.error ?? first.error).toBeUndefined()
    expect(await next()).toBeNull()

    const [one, two] = standIn.asked.slice(from) as [Asked, Asked]
    expect(
      findPlanted([one, two].map((a) => `${a.url} ${a.head} ${a.body}`).join('\n'), PLANTED),
    ).toEqual([])
    // What was said in the first turn is said alike in the second: caches of prompts go on to work.
    const before = tokensOf(one)
    expect(tokensOf(two).slice(0, before.length)).toEqual(before)
    expect(tokensOf(two)).toHaveLength(before.length + 1)
    for (const seal of seals) {
      if (sdk !== 'openai-chat') expect(two.body.replaceAll('\\/', '/')).toContain(seal)
    }
    expect(two.body).toContain('toolu_01A09q90qw90lq917835lq9')
    expect(two.body).toContain(PICTURE)

    const values = PLANTED.filter(({ isSecret }) => !isSecret).map(({ value }) => value)
    for (const { text, args, told = [] } of [first, last]) {
      const known = args.all as string[]
      expect(values).toEqual(expect.arrayContaining(known))
      expect(text.slice(0, 12)).toBe('Sure. Here:\n')
      const said = known.map((value) => {
        return [value, value, `**${value}**`, `"${value}"`, value, value].join('; ')
      })
      expect(text).toBe(`Sure. Here:\n${said.join('\n')}\n[AWS_ACCESS_KEY]`)
      expect(args.to).toBe(known[0])
      expect(args.quoted).toBe(known.map((value) => `say "${value}"\n`).join(''))
      expect(JSON.parse(args.nested)).toEqual({ inner: known })
      expect(args.secret).toEqual(['[AWS_ACCESS_KEY]'])
      if (told.length > 0) expect(told).toEqual([text, expect.stringContaining(String(known[0]))])
    }
    expect(first.args.all).toHaveLength(before.length)
    expect(last.args.all).toHaveLength(before.length + 1)
    // Signed: neither a value nor anything else was put there.
    for (const thought of [...(first.thoughts ?? []), ...(last.thoughts ?? [])]) {
      expect(thought).toMatch(/^They gave me PII_/)
    }
  })
})

describe.each(SDKS)('%s, where answers are redacted', (sdk) => {
  test('what the model says letter by letter does not reach the agent', async () => {
    const values = [MAIL, CARD, IBAN, SSN, KEY]
    const args = JSON.stringify({ all: values, text: `"${values.join('"\n"')}"` })
    speak = () => [
      { kind: 'text', pieces: ['So.', ' Then:', '\n', ...`${values.join(', ')}.`] },
      { kind: 'call', id: 'toolu_01A09q90qw90lq917835lq9', name: 'send_mail', pieces: [...args] },
    ]
    pause = async () => {}
    const next = await converse(sdk, 'one', nothing, {}, 'in.models.test')
    expect(await next()).toEqual({ first: 'So.' })
    const labels = ['[EMAIL]', '[PAYMENT_CARD]', '[IBAN]', '[US_SSN]', '[AWS_ACCESS_KEY]']
    for (const heard of [await next(), await next()]) {
      expect(heard.text).toBe(`So. Then:\n${labels.join(', ')}.`)
      expect(heard.args).toEqual({ all: labels, text: `"${labels.join('"\n"')}"` })
    }
  })
})

test.each(SDKS)('%s: the service is gone in the middle of a value', async (sdk) => {
  speak = () => [{ kind: 'text', pieces: ['To erika.must', 'ermann@', 'exa', 'mple.org'] }]
  const gate = Promise.withResolvers<void>()
  pause = () => gate.promise
  const next = await converse(sdk, 'one', nothing, {}, 'in.models.test')
  expect(await next()).toEqual({ first: 'To ' })
  gate.reject(new Error('gone'))
  const said = [await next(), await next()]
  expect(said).toEqual([{ error: expect.any(String) }, null])
  expect(JSON.stringify(said)).not.toContain('erika')
})

test('a token of one agent, and one that nobody issued, mean nothing to another', async () => {
  const tokens: string[] = []
  pause = async () => {}
  speak = (asked) => {
    tokens.push(...(asked.body.match(TOKEN) ?? []))
    return echo(tokens, [], [sealed(), sealed()])
  }
  const one = await converse('anthropic', 'one', SAID)
  await one()
  expect((await one()).text).toContain(MAIL)
  expect((await one()).text).toContain(MAIL)
  expect(await one()).toBeNull()
  speak = () => echo([...tokens, 'PII_EMAIL_7Q3KXW'], [], [sealed(), sealed()])
  const from = standIn.asked.length
  const other = await converse('anthropic', 'other', {
    ...nothing,
    user: 'What is PII_EMAIL_7Q3KXW?',
  })
  await other()
  for (const heard of [await other(), await other()]) {
    for (const token of tokens) expect(heard.text).toContain(`"${token}"`)
    expect(heard.args.all).toEqual([...tokens, 'PII_EMAIL_7Q3KXW'])
    expect(findPlanted(JSON.stringify(heard), PLANTED)).toEqual([])
  }
  expect(standIn.asked[from]?.body).toContain('What is PII_EMAIL_7Q3KXW?')
})

describe.each(['bedrock-converse', 'bedrock-invoke'])('%s, signed', (sdk) => {
  test('with data in it, it is refused, and nothing was sent', async () => {
    const from = standIn.asked.length
    const next = await converse(sdk, 'one', SAID)
    const { error } = (await next()) ?? {}
    expect(error).toMatch(/data in the body that rule `all` takes out, and the body is signed/)
    expect(await next()).toBeNull()
    expect(standIn.asked).toHaveLength(from)
    expect(lab.proxy.flows().at(-1)).toMatchObject({ status: 403, error: 'redaction-signed' })
  })

  test('without, it passes as it is', async () => {
    speak = () => echo(['nobody'], [], [sealed(), sealed()])
    const next = await converse(sdk, 'one', nothing)
    await next()
    expect((await next()).args.to).toBe('nobody')
    expect((await next()).args.to).toBe('nobody')
    const { head } = standIn.asked.at(-1) as Asked
    expect(head.join(' ')).toMatch(/AWS4-HMAC-SHA256 Credential=AKIALAB/)
  })
})
