/**
 * Texts that values stand in. Those that are held out are never looked at while words and shapes are chosen: what is scored on them is what
 * a stranger's text would score. `{v}` is the value, `{w}` what people call it, `{k}` the name of a field; where a text has neither word nor
 * name, only kinds that are found by themselves are expected.
 */

import type { Random } from '../random.ts'

export interface Carrier {
  readonly contentType: string
  /** The language of the value's surroundings: how it is written there. */
  readonly in: 'text' | 'json' | 'nested' | 'form' | 'markup' | 'csv'
  readonly text: string
}

export const text = (form: string): Carrier => ({
  contentType: 'text/plain',
  in: 'text',
  text: form,
})
export const json = (form: string): Carrier => ({
  contentType: 'application/json',
  in: 'json',
  text: form,
})
export const nested = (form: string): Carrier => ({
  contentType: 'application/json',
  in: 'nested',
  text: form,
})
export const markup = (form: string): Carrier => ({
  contentType: 'application/xml',
  in: 'markup',
  text: form,
})

export const form = (body: string): Carrier => ({
  contentType: 'application/x-www-form-urlencoded',
  in: 'form',
  text: body,
})
export const csv = (body: string, contentType: string): Carrier => ({
  contentType,
  in: 'csv',
  text: body,
})

/** For names in the style of their surroundings: {snake}, {camel}, {kebab}, {pascal}, {upper}, {title}, {words}. */
export const TUNING: readonly Carrier[] = [
  text('Please use {v} for this.'),
  text('({v})'),
  text('My {w} is {v}, can you help me?'),
  text('{w}: {v}'),
  text('{w} {v}\n'),
  text('Hallo, meine {w} lautet {v}. Danke!'),
  text('{upper}={v}\n'),
  text('{snake} = "{v}"\n'),
  text('- **{w}**: {v}\n'),
  text('2025-11-30T10:00:00Z INFO billing user=42 {snake}={v} ok\n'),
  text('const {camel} = "{v}";'),
  json('{"{snake}": "{v}", "n": 1}'),
  json('{"user": {"{camel}": "{v}"}, "ok": true}'),
  json('{"role": "user", "content": "Hi, {w} {v} please"}'),
  json('{"messages":[{"role":"user","content":"{v}"}]}'),
  nested('{"arguments": "{\\"{snake}\\": \\"{v}\\"}"}'),
  markup('<person><{camel}>{v}</{camel}></person>'),
  { contentType: 'text/csv', in: 'csv', text: 'id,{snake},x\n1,{v},2\n' },
  { contentType: 'application/x-www-form-urlencoded', in: 'form', text: 'a=1&{snake}={v}&b=2' },
  text('| {title} | Plan |\n|---|---|\n| {v} | basic |\n'),
  text('{v} is my {w}'),
  text('{w} #{v}'),
  json('[{"name":"{words}","value":"{v}"}]'),
  markup('<p>{w}: <b>{v}</b></p>'),
  markup('<input name="{kebab}" value="{v}"/>'),
]

export const HELD_OUT: readonly Carrier[] = [
  text(
    'Hi team,\n\nas discussed on the call the {w} ({v}) should be updated today.\n\nThanks, Sam',
  ),
  text('Bonjour, voici mon {w} : {v}. Merci'),
  text('Mi {w} es {v} y necesito ayuda.'),
  text('Could you check {v}?'),
  text('"{v}"'),
  text('[{v}]'),
  text('Got it <{v}>, thanks'),
  text('{title}: {v}\nStatus: open\n'),
  text("{kebab}: '{v}'\n"),
  text('  {camel}: {v}\n  retries: 3\n'),
  text('export {upper}="{v}"\n'),
  text("cfg['{snake}'] = '{v}'\n"),
  text('[10:42] anna: {w} = {v} // bob: ok'),
  text(
    'WARN 2025-11-30 lookup failed [{camel}={v}] after 3 tries, id 7f9c24e8-3b12-4fef-9131-0a2d1c6b7e55\n',
  ),
  text("INSERT INTO t ({snake}, n) VALUES ('{v}', 3);"),
  text('\u2022 {w} \u2013 {v}\n\u2022 done\n'),
  json('{"{camel}":"{v}"}'),
  json('{"customer":{"profile":{"{kebab}":"{v}"}}}'),
  json('{"type":"tool_use","name":"save","input":{"{snake}":"{v}","note":"x"}}'),
  json('{"text":"line one\\n{w}: {v}\\nline three"}'),
  json('{"output":"Found: {w} {v}."}'),
  nested(
    '{"function":{"name":"f","arguments":"{\\"user\\":{\\"{camel}\\":\\"{v}\\"},\\"n\\":2}"}}',
  ),
  { contentType: 'text/csv', in: 'csv', text: '"{title}","Count"\n"{v}","2"\n' },
  { contentType: 'text/tab-separated-values', in: 'csv', text: 'n\t{pascal}\n1\t{v}\n' },
  { contentType: 'application/x-www-form-urlencoded', in: 'form', text: '{camel}={v}' },
  text('Subject: Re: your request\nFrom: desk\n\n{w}: {v}\n\n-- \nDesk'),
  text('def test():\n    assert parse({snake}="{v}") is not None\n'),
  text('{w} — {v}; next step: none'),
  json('{"form":{"fields":[{"label":"{title}","answer":"{v}"}]}}'),
  json('{"jsonrpc":"2.0","method":"tools/call","params":{"arguments":{"{camel}":"{v}"}}}'),
  text('> {w} is: {v}\n> ok?'),
  text('* {title} => {v}'),
  markup('<tr><th>{title}</th><td>{v}</td></tr>'),
  text('{snake}: {v} # changed'),
  text('Customer said: "my {w} is {v}", closed.'),
  text('/api/x?{snake}={v}&page=2'),
  text('--{kebab}={v} --verbose'),
]

/** What often stands next to such values, and is none. */
const NEIGHBOURS: readonly ((random: Random) => string)[] = [
  () => '',
  () => '',
  (random) => `Order 2024-${random.digits(6)} was shipped.`,
  (random) => `Ticket INC${random.digits(7)} at ${10 + random.below(13)}:${10 + random.below(49)}.`,
  (random) =>
    `Build 3.${random.below(20)}.${random.below(99)} (${random.hex(7)}), took ${random.below(9000)} ms.`,
  (random) => `Trace ${random.hex(32)}.`,
  (random) => `See ${random.uuid()}.`,
  (random) => `It was ${random.below(900)}.${random.digits(2)} EUR for ${random.below(40)} items.`,
  (random) => `At ${1_700_000_000_000 + random.below(90_000_000_000)}.`,
  (random) => `Host 10.${random.below(255)}.3.${random.below(255)} answered.`,
  (random) => `Tracking 1Z${random.chars('ABCDEFGHJKLMNPQRSTUVWXYZ0123456789', 16)}.`,
]

export function neighbour(random: Random): string {
  return random.pick(NEIGHBOURS)(random)
}

export function isNamed({ text: form }: Carrier): boolean {
  return /\{(w|snake|camel|kebab|pascal|upper|title|words)\}/.test(form)
}

/** Whether it is a field's name that says so, not a word. */
export function isField({ text: form }: Carrier): boolean {
  return isNamed({ text: form } as Carrier) && !form.includes('{w}')
}

export interface Filled {
  readonly body: Buffer
  readonly contentType: string
}

export function fillCarrier(
  carrier: Carrier,
  word: string,
  key: string,
  value: string,
  around: string,
): Filled {
  const names: Record<string, string> = { w: word, ...toStyles(key), v: value }
  const write = WRITERS[carrier.in]
  const filled = carrier.text.replace(
    /\{(w|snake|camel|kebab|pascal|upper|title|words|v)\}/g,
    (_, name: string) => {
      const isTag = carrier.in === 'markup' && !['v', 'w', 'title', 'words'].includes(name)
      const plain = names[name] as string
      return isTag ? plain.replace(/[^\p{L}0-9_.-]/gu, '-') : write(plain)
    },
  )
  const isProse = carrier.contentType === 'text/plain' && around !== '' && !/^[[{(]/.test(filled)
  const body = isProse
    ? /[.?!]$/.test(filled)
      ? `${around} ${filled} ${around}`
      : `${around}\n${filled}`
    : filled
  return { body: Buffer.from(body), contentType: carrier.contentType }
}

function toStyles(key: string): Record<string, string> {
  const words = key.split(' ')
  const capital = (word: string) => `${word[0]?.toUpperCase()}${word.slice(1)}`
  const pascal = words.map(capital).join('')
  return {
    snake: words.join('_'),
    kebab: words.join('-'),
    pascal,
    camel: words[0] + words.slice(1).map(capital).join(''),
    upper: words.join('_').toUpperCase(),
    title: words.map(capital).join(' '),
    words: key,
  }
}

const escaped = (plain: string) => JSON.stringify(plain).slice(1, -1)
const WRITERS: Record<Carrier['in'], (plain: string) => string> = {
  text: (plain) => plain,
  json: escaped,
  nested: (plain) => escaped(escaped(plain)),
  form: (plain) => encodeURIComponent(plain).replaceAll('%20', '+'),
  markup: (plain) =>
    plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  csv: (plain) => (/[",\n\t]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain),
}
