import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ALL_CODES, describeCode } from '../../src/model/errors.ts'
import { refuseByProblem } from '../../src/model/refusal.ts'
import { toRefusalResponse } from '../../src/proxy/refuse.ts'

const DOCS = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')

describe('every code', () => {
  test.each(ALL_CODES)('%s is documented as it is given', (code) => {
    const { status, side, title, next } = describeCode(code)
    expect(DOCS).toContain(`| ${status} | \`${code}\` | ${side} | ${title} | ${next} |`)
  })

  test.each(ALL_CODES)('%s has the status of its family', (code) => {
    const { status, side } = describeCode(code)
    const allowed = {
      client: [400, 407, 408, 413, 429, 431, 505],
      // What waits for a person is no refusal yet: clients come again after a 503.
      policy: code === 'hold-pending' ? [503] : code === 'misdirected' ? [421] : [403],
      upstream: [502, 504],
      self: [503],
    }[side]
    expect(allowed).toContain(status)
  })

  test.each(ALL_CODES)('%s makes a whole HTTP answer', (code) => {
    const response = toRefusalResponse(
      refuseByProblem(7, { code, detail: 'x ü' }, null),
      'GET',
      'close',
    )
    const [head = '', body = ''] = response.split('\r\n\r\n')
    const { status } = describeCode(code)
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Z]`))
    expect(head).toContain(`Content-Length: ${body.length}`)
    expect(head).toMatch(/^Proxy-Status: cordon; error=[a-z_]+; details="/m)
    expect(head.includes('Proxy-Authenticate')).toBe(status === 407)
    expect(head.includes('Retry-After')).toBe(status === 429 || status === 503)
    expect(JSON.parse(Buffer.from(body, 'latin1').toString())).toMatchObject({
      code,
      status,
      detail: 'x ü',
      flow: 7,
      message: expect.stringContaining(`(${code}; from the proxy Cordon). Why: x ü. What to do: `),
      error: { type: 'cordon', code, message: expect.stringContaining('x ü') },
    })
  })
})

test('the documentation names no code that does not exist', () => {
  const named = [...DOCS.matchAll(/^\| \d+ \| `([a-z-]+)`/gm)].map((match) => match[1])
  expect(named).toEqual(ALL_CODES)
})
