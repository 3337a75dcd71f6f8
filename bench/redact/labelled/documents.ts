/** Texts to tune on, of the same kinds as those in outside.ts and others than those. Placeholders as in carriers.ts. */

import { type Carrier, csv, form, json, markup, text } from './carriers.ts'

const html = (body: string): Carrier => ({ contentType: 'text/html', in: 'markup', text: body })

// biome-ignore format: one line a text
export const TUNING_DOCUMENTS: Readonly<Record<string, readonly Carrier[]>> = {
  'chats and mails': [
    text('User: what do you need?\nBot: your {w} please\nUser: {v}\nBot: thanks'),
    text('Hi,\nI attach what you asked for.\n\n{title}: {v}\nValid: yes\n\nKind regards'),
    text('the customer gave {v} as {w}, please verify'),
    text('Change of data: the {w} should be {v} from now on.'),
    text('Guten Tag, die {w} {v} stimmt nicht mehr.'),
  ],
  'invoices, statements, records of patients': [
    text('ACME Ltd\nInvoice 77/2023\n\n{title}:   {v}\nDue: 30 days\n'),
    text('{title}\n{v}\n\nNotes\nnone\n'),
    text('Patient file 12\n{title} - {v}\nWard - B2\n'),
    text('{title}\t{v}\nWard\tB2\n'),
  ],
  logs: [
    text('2023-01-09 08:00:01 INFO  Importer: row 17 {snake}={v}; skipped\n'),
    text('{"ts":1673251201,"msg":"saved {snake}={v}"}\n'),
    text('ts=2023-01-09 lvl=info {camel}={v} took=3ms\n'),
    text('DEBUG: set {camel} to {v}\n'),
  ],
  configuration: [
    text('server:\n  port: 80\n  {snake}: {v}\n'),
    text('{kebab}: "{v}"\nother: 1\n'),
    text('[db]\n{snake}={v}\nhost=h\n'),
    text('{pascal}: {v}\n'),
    text('export {upper}={v}\n'),
    text("{camel} = '{v}'\n"),
    text('{"{snake}": "{v}",}\n'),
  ],
  SQL: [
    text("insert into t(id, {snake}) values (9, '{v}');"),
    text("update t set a = 1, {snake} = '{v}' where b = 2;"),
  ],
  HTML: [
    html('<table><tr><th scope="row">{title}</th><td>{v}</td></tr></table>'),
    html('<table><tr><th>Id</th><th>{title}</th></tr><tr><td>4</td><td>{v}</td></tr></table>'),
    html('<dl><dt>{title}:</dt><dd>{v}</dd></dl>'),
    html('<label for="a">{title}</label> <input id="a" value="{v}">'),
    html('<div><b>{title}</b> <span>{v}</span></div>'),
    html('<p>{title}: {v}</p>'),
  ],
  XML: [
    markup('<a><{snake}>{v}</{snake}></a>'),
    markup('<property name="{camel}" value="{v}"/>'),
    markup('<property><name>{camel}</name><value>{v}</value></property>'),
    markup('<item name="{snake}">{v}</item>'),
    markup('<x:Body xmlns:x="urn:x"><x:{pascal}>{v}</x:{pascal}></x:Body>'),
  ],
  CSV: [
    csv('No;{title};X\n1;{v};2\n', 'text/csv'),
    text('a,{snake}\n1,{v}\n'),
  ],
  'tables in texts': [
    text('| a | {title} |\n|---|---|\n| 1 | {v} |\n'),
    text('| {title} | {v} |\n| other | 1 |\n'),
    text('a | {snake} | c\n--|--|--\n1 | {v} | 2\n'),
    text('{title}            Plan\n{v}    basic\n'),
  ],
  JSON: [
    json('{"a":{"b":[{"{snake}":"{v}"}]}}'),
    json('{"label":"{title}","value":"{v}"}'),
    json('{"q":"{w}?","a":"{v}"}'),
    json('{"{camel}":{"value":"{v}"}}'),
    json('{"{snake}":["{v}","{v}"]}'),
    json('{"filter":"{camel} eq \'{v}\'"}'),
    json('{"headers":["n","{title}"],"data":[["1","{v}"]]}'),
  ],
  'messages of models': [
    json('{"role":"user","content":"My details:\\n{title}: {v}\\nPlease book."}'),
    json('{"role":"assistant","content":"Your {w} is **{v}**."}'),
    json('{"text":"| {title} | a |\\n|--|--|\\n| {v} | b |"}'),
  ],
  forms: [form('user%5B{snake}%5D={v}'), form('{kebab}={v}&x=1')],
}

/** Names of fields in other languages than English, to tune on. */
export const TUNING_NAMES: Readonly<Record<string, readonly string[]>> = {}
