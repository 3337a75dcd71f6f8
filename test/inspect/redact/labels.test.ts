/** Labels in HTML and XML: what the text of one element says of the next; the same however the page is cut. */

import { expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { label } from '../../support/markers.ts'
import { redactAllWays } from '../../support/redact.ts'

const scan = createScanner(RECOGNIZERS)

function redacted(body: string): string {
  return redactAllWays(body, 'text/html', { scan, replace: label }).text
}

// biome-ignore format: a table
const FOUND = [
  ['a head of a row', '<tr><th>Routing</th><td>021000021</td></tr>', '[us-aba-routing]', '021000021'],
  ['a head of a column', '<table><tr><th>Id</th><th>Routing no.</th></tr><tr><td>4</td><td>021000021</td></tr><tr><td>5</td><td>121000358</td></tr></table>', '[us-aba-routing]', '021000021'],
  ['heads with elements in them', '<table><thead><tr><th><b>Id</b></th><th><a href="#">Date of birth</a></th></tr></thead><tbody><tr><td>1</td><td>1990-02-28</td></tr></tbody></table>', '[date-of-birth]', '1990-02-28'],
  ['the first cell of a row', '<tr><td class="k">Routing number:</td>\n<td>021000021</td></tr>', '[us-aba-routing]', '021000021'],
  ['a list of terms', '<dl><dt>Date&nbsp;of birth</dt><dd><p>28.02.1990</p></dd></dl>', '[date-of-birth]', '28.02.1990'],
  ['the label of a field', '<label for="f7">Password *</label><input type="text" class="c" id="f7" name="f7" value="Tr0ub4dor&amp;3">', '[password]', 'Tr0ub4dor&amp;3'],
  ['a label around a field', '<label>Sort code: <input value="12-34-56" name="q"></label>', '[uk-sort-code]', '12-34-56'],
  ['what is printed bold', '<li><strong>Last name:</strong> Lovelace</li>', '[person-name]', 'Lovelace'],
  ['elements side by side', '<div><span class="k">Phone</span><span class="v">030 901820</span></div>', '[phone]', '030 901820'],
  ['the name of a field', '<input type="hidden" name="sortCode" value="123456">', '[uk-sort-code]', '123456'],
  ['the name of a text', '<textarea name="routing_number" rows="3">021000021</textarea>', '[us-aba-routing]', '021000021'],
  ['an attribute that says so', '<td data-label="Routing">021000021</td>', '[us-aba-routing]', '021000021'],
  ['a property', '<property name="db.password" value="s3cret-pass"/>', '[password]', 's3cret-pass'],
  ['a name and a value', '<entry><name>routing</name><value>021000021</value></entry>', '[us-aba-routing]', '021000021'],
  ['a property list', '<dict><key>surname</key><string>Lovelace</string></dict>', '[person-name]', 'Lovelace'],
] as const

test.each(FOUND)('found: %s', (_, body, by, value) => {
  const text = redacted(body)
  expect(text).not.toContain(value)
  expect(text).toContain(by)
})

// biome-ignore format: a table
const LEFT = [
  ['of another row', '<tr><th>Routing</th><td>x</td></tr><tr><td>y</td><td>021000021</td></tr>'],
  ['of another column', '<table><tr><th>Routing</th><th>Id</th></tr><tr><td>x</td><td>021000021</td></tr></table>'],
  ['behind the table', '<table><tr><th>Routing</th></tr><tr><td>x</td></tr></table><div>021000021</div>'],
  ['of the next table', '<table><tr><th>Routing</th></tr><tr><td>x</td></tr></table><table><tr><td>021000021</td></tr></table>'],
  ['another text between', '<dt>Routing</dt><dd>none</dd><dd>021000021</dd>'],
  ['a paragraph', '<p>The routing is known</p><p>021000021</p>'],
  ['what is written about a password', '<label>Password</label><p>Use 8 characters or more!</p>'],
  ['a heading', '<div>Password</div><div>Abcdef9!</div>'],
  ['the label of another field', '<label>Routing</label><input value="x"><input value="021000021">'],
  ['a name of another element', '<input name="routing"><span>021000021</span>'],
] as const

test.each(LEFT)('not found: %s', (_, body) => {
  expect(redacted(body)).toBe(body)
})
