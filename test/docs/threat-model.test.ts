/** docs/threat-model.md claims nothing that no test would notice: each row of its tables of attacks names tests, and they are there. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROJECT } from '../support/proxy.ts'

const DOC = readFileSync(join(PROJECT, 'docs/threat-model.md'), 'utf8')

interface Row {
  readonly attack: string
  readonly outcome: string
  readonly tests: string
}

/** Rows of tables of three columns, the last of which is called `test`. */
function readRows(text: string): readonly Row[] {
  const rows: Row[] = []
  let isInside = false
  for (const line of text.split('\n')) {
    const cells = line.startsWith('|') ? line.split('|').slice(1, -1) : []
    const [attack = '', outcome = '', tests = ''] = cells.map((cell) => cell.trim())
    if (cells.length === 0) isInside = false
    else if (isInside && !/^-+$/.test(attack)) rows.push({ attack, outcome, tests })
    else if (tests === 'test') isInside = true
  }
  return rows
}

/** `file` “title”, “title”; `file` “title” … : each file with its titles, or null for anything else. */
function readNamed(cell: string): readonly (readonly [file: string, title: string])[] | null {
  const ofOneFile = /^`(test\/[\w/.-]+\.test\.ts)` (“[^”]+”(?:, “[^”]+”)*)$/
  const named: [string, string][] = []
  for (const part of cell.split('; `').map((part, i) => (i === 0 ? part : `\`${part}`))) {
    const [, file, titles] = ofOneFile.exec(part) ?? []
    if (!file || !titles) return null
    for (const [, title = ''] of titles.matchAll(/“([^”]+)”/g)) named.push([file, title])
  }
  return named
}

/** What may be a title: texts that begin a call or a row of a table, or are called `name`. Comments are none. */
function readTitles(source: string): readonly string[] {
  const code = source.replace(/^\s*(\/\/|\/?\*).*$/gm, '')
  return [...code.matchAll(/(?:[([]|name:)\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(
    ([, , text = '']) => text,
  )
}

const ROWS = readRows(DOC)

test('there are rows, and every table of attacks is read', () => {
  const tables = DOC.match(/^\| (attack|mistake) \| outcome \| test \|$/gm) ?? []
  expect(tables.length).toBeGreaterThan(6)
  expect(ROWS.length).toBeGreaterThan(8 * tables.length - 20)
})

describe.each(ROWS)('$attack', ({ attack, outcome, tests }) => {
  const named = readNamed(tests)

  test('says what becomes of it, and names its tests', () => {
    expect([attack, outcome]).not.toContain('')
    expect(named).not.toBeNull()
  })

  test.each(named ?? [])('%s has “%s”', (file, title) => {
    const path = join(PROJECT, file)
    expect(existsSync(path)).toBe(true)
    const titles = readTitles(readFileSync(path, 'utf8'))
    expect(titles.filter((text) => text.includes(title))).not.toEqual([])
  })
})

test.each(['README.md', 'ARCHITECTURE.md'])('%s leads to it', (file) => {
  expect(readFileSync(join(PROJECT, file), 'utf8')).toContain('(docs/threat-model.md)')
})
