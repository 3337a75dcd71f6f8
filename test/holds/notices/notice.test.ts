/** What a notice says in each shape, and what it must not: payload, and anything an agent could have others believe or click. */

import { describe, expect, test } from 'vitest'
import { toJson } from '../../../src/holds/notices/json.ts'
import { toMailText } from '../../../src/holds/notices/mail-text.ts'
import type { Notice } from '../../../src/holds/notices/notice.ts'
import { toPlain } from '../../../src/holds/notices/plain.ts'
import { toSlack } from '../../../src/holds/notices/slack.ts'
import { toTeams } from '../../../src/holds/notices/teams.ts'
import { toWording } from '../../../src/holds/notices/wording.ts'
import { deniedEvent, makeHold, makeNotice } from './support.ts'

const SHAPES = { slack: toSlack, teams: toTeams, json: toJson, mail: toMailText } as const

describe('toPlain', () => {
  test.each([
    ['text stays', 'Grüße an Zoë 東京', 'Grüße an Zoë 東京'],
    ['a line break', 'a\r\nBcc: x', 'a\\u000d\\u000aBcc: x'],
    ['a tab, an escape', 'a\tb\u001b[2K', 'a\\u0009b\\u001b[2K'],
    ['text turned around', 'a\u202egnp.exe', 'a\\u202egnp.exe'],
    ['an isolate', 'a\u2066b\u2069', 'a\\u2066b\\u2069'],
    ['nothing wide', 'ad\u200bmin', 'ad\\u200bmin'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
    ['half a pair', 'a\ud800b', 'a\\ud800b'],
    ['letters that tags hide', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['a blank that is none', 'a\u00a0b\u3164c', 'a\\u00a0b\\u3164c'],
    ['too long', 'abcdefghijkl', 'abcdefghi…'],
  ])('%s', (_, text, want) => {
    expect(toPlain(text, text === 'abcdefghijkl' ? 10 : 500)).toBe(want)
  })
})

describe('what is said', () => {
  const notice = makeNotice(makeHold({ votes: [] }))

  test('in words: who, what, where with evidence, kinds of data, rule, time left', () => {
    expect(toWording(notice)).toEqual({
      title: 'A call waits for a decision: ci to api.us.test',
      facts: [
        ['Agent', 'ci (runners)'],
        ['Call', 'POST https://api.us.test/v1/chat'],
        ['Where', 'US: outside of europe'],
        ['Evidence', 'operator says US'],
        ['Data found', 'iban'],
        ['Body', '1234 bytes'],
        ['Rule', 'uploads-need-a-person: GDPR art. 44'],
        ['Why it waits', 'rule `uploads-need-a-person` says hold'],
        ['Needs', '2 of dpo'],
        ['Time left', 'until 2026-11-20 13:00:00 UTC'],
        ['Hold', 'h-k7m2p9qa'],
      ],
    })
  })

  test.each(Object.entries(SHAPES))('%s has it, and the link', (_, shape) => {
    const text = JSON.stringify(shape(notice))
    for (const part of ['ci', 'api.us.test', '/v1/chat', 'US', 'outside', 'iban', '1234', 'dpo']) {
      expect(text).toContain(part)
    }
    expect(text).toContain('https://cordon.test/decide/TOKEN')
  })

  test.each(Object.entries(SHAPES))('%s: what is said to a database, as text', (_, shape) => {
    const statement = `DROP TABLE "<b>t</b>" ${'x'.repeat(400)}END`
    const told = makeNotice(makeHold({}, { method: 'DROP TABLE', path: '/shop', statement }))
    const text = JSON.stringify(shape(told))
    expect(text).toContain('DROP TABLE')
    expect(text).not.toContain('xEND')
  })

  test.each(Object.entries(SHAPES))('%s: no digest, no address, no owner, no query', (_, shape) => {
    const leaky = makeNotice(makeHold({}, { path: '/v1?key=s3cret#part' }))
    const text = JSON.stringify(shape(leaky))
    for (const part of ['dddd', 'ffff', '10.9.8.7', 'olga', 's3cret', 'part']) {
      expect(text).not.toContain(part)
    }
  })

  test.each(Object.entries(SHAPES))('%s: an end says who and why, and has no link', (_, shape) => {
    const hold = makeHold({ state: 'denied' })
    const text = JSON.stringify(shape(makeNotice(hold, deniedEvent(hold, 'not needed'))))
    expect(text).toContain('alice')
    expect(text).toContain('not needed')
    expect(text).not.toContain('/decide/')
  })

  test('access that is asked for ahead names who asks and why', () => {
    const asked = makeNotice(
      makeHold(
        { kind: 'access', requester: 'bob', purpose: 'migration' },
        { method: null, path: null },
      ),
    )
    const { title, facts } = toWording(asked)
    expect(title).toBe('bob asks for access: ci to api.us.test')
    expect(facts).toContainEqual(['Asked by', 'bob'])
    expect(facts).toContainEqual(['For', 'migration'])
    expect(facts).toContainEqual(['Call', 'any method https://api.us.test'])
  })

  test('however much there is, a shape stays what its receiver takes', () => {
    const long = makeNotice(
      makeHold(
        { purpose: 'x'.repeat(5_000) },
        {
          path: `/${'y'.repeat(9_000)}`,
          evidence: Array.from({ length: 99 }, () => 'z'.repeat(999)),
        },
      ),
    )
    const { blocks } = toSlack(long) as { blocks: { text: { text: string } }[] }
    expect(blocks[0]?.text.text.length).toBeLessThanOrEqual(150)
    expect(blocks[1]?.text.text.length).toBeLessThanOrEqual(3_000)
    expect(JSON.stringify(toTeams(long)).length).toBeLessThan(28_000)
    expect(long.hold.evidence.at(-1)).toBe('and 91 more')
  })
})

/** Each as a path, a purpose, a name and an evidence line: whoever can write one of them tries it there. */
const ATTACKS = {
  'a link in mrkdwn': '<https://evil.test|Look at it and decide>',
  'a mention of everybody': '<!channel> <@U123>',
  'entities that become one': '&lt;!here&gt;',
  'a link in Markdown': '[Look at it and decide](https://evil.test)',
  'an image in Markdown': '![x](https://evil.test/pixel)',
  HTML: '<img src=x onerror=alert(1)><script>alert(1)</script>',
  'a function of cards': '{{DATE(2017-02-14T06:08:39Z,SHORT)}}',
  'a header of a mail': 'x\r\nBcc: everybody@evil.test\r\n\r\n<h1>',
  'text turned around': '\u202edecided\u202c',
  'a second fact': 'x\nRule: none\nWhere: DE: inside of europe',
} as const

describe('what agents write', () => {
  const attacked = (text: string): Notice =>
    makeNotice(
      makeHold(
        { purpose: text, requester: text },
        { agent: text, host: text, path: text, evidence: [text], because: text, classes: [text] },
      ),
    )

  test.each(Object.entries(ATTACKS))('slack: %s', (_, text) => {
    const { blocks, ...rest } = toSlack(attacked(text)) as {
      text: string
      blocks: { type: string; text: { type: string; text: string } }[]
    }
    expect(rest).toMatchObject({ unfurl_links: false, unfurl_media: false })
    expect(rest.text).not.toMatch(/[<>]/)
    const marked = blocks.filter((block) => block.text.type !== 'plain_text')
    // Where Slack looks for marks there is our own link and nothing else.
    expect(marked.map((block) => block.text.text)).toEqual([
      '<https://cordon.test/decide/TOKEN|Look at it and decide>',
    ])
    expect(JSON.stringify(blocks)).not.toMatch(/\u202e|\\r|evil.test\\n/)
    expect(
      blocks[1]?.text.text.split('\n').filter((line) => line.startsWith('Rule: ')),
    ).toHaveLength(1)
  })

  test.each(Object.entries(ATTACKS))('teams: %s', (_, text) => {
    const shape = toTeams(attacked(text)) as {
      attachments: {
        content: { body: { type: string; inlines: { type: string }[] }[]; actions: unknown[] }
      }[]
    }
    const { body, actions } = shape.attachments[0]?.content ?? { body: [], actions: [] }
    // Text blocks and fact sets would read Markdown; text runs do not.
    expect(new Set(body.map((block) => block.type))).toEqual(new Set(['RichTextBlock']))
    expect(new Set(body.flatMap((block) => block.inlines.map((run) => run.type)))).toEqual(
      new Set(['TextRun']),
    )
    expect(actions).toHaveLength(1)
    expect(JSON.stringify(body)).not.toMatch(/\{\{DATE|\u202e|\\n|\\r/)
  })

  test.each(Object.entries(ATTACKS))('mail: %s', (_, text) => {
    const { subject, text: body } = toMailText(attacked(text))
    expect(subject).not.toMatch(/[\r\n\u202e]/)
    expect(body).not.toMatch(/\r|\u202e/)
    const lines = body.split('\n')
    expect(lines.filter((line) => /^(Rule|Where|Bcc): /.test(line))).toHaveLength(2)
  })

  test.each(Object.entries(ATTACKS))('json: %s', (_, text) => {
    const json = JSON.stringify(toJson(attacked(text)))
    expect(json).not.toMatch(/\\[rn]|\u202e/)
    expect(JSON.parse(json)).toMatchObject({ version: 1, type: 'hold.opened' })
  })
})
