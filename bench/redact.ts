/**
 * What redaction costs and what it is worth: `npm run bench:redact`. Speed in MB per second of CPU time of the scanner and of the formats, on
 * generated text and on the worst inputs, beside a bare loop over the same bytes; what is added to a request; recall and precision on labelled templates; false hits on text where nothing is, and what is
 * found in the text of installed packages. Numbers depend on the machine: compare the columns.
 */

import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RECOGNIZERS } from '../src/inspect/recognizers/registry.ts'
import { createScanner } from '../src/inspect/scan/create-scanner.ts'
import { NOWHERE } from '../src/inspect/scan/scanner.ts'
import { RECORDS } from './redact/clean/records.ts'
import { CLEAN, cleanText } from './redact/clean/text.ts'
import { formats } from './redact/formats.ts'
import {
  type Carrier,
  fillCarrier,
  HELD_OUT,
  neighbour,
  TUNING,
} from './redact/labelled/carriers.ts'
import { LOCALISED, OUTSIDE, OUTSIDE_VALUES } from './redact/labelled/outside.ts'
import {
  byFamily,
  type Instead,
  LABELLED_KINDS,
  type Score,
  score,
} from './redact/labelled/score.ts'
import { loop, measure } from './redact/measure.ts'
import { Random } from './redact/random.ts'
import { requests } from './redact/requests.ts'
import { searchWorst, WORST } from './redact/worst.ts'

const scanner = createScanner(RECOGNIZERS)
const MEGABYTE = 1e6

function scan(bytes: Uint8Array): number {
  let found = 0
  scanner.scan(bytes, 0, bytes.length, NOWHERE, () => {
    found++
  })
  return found
}

function mixedText(seed: number, size: number): Buffer {
  const random = new Random(seed)
  const clean = cleanText(seed, size, Object.keys(RECORDS)).toString().split('\n')
  return Buffer.from(
    clean
      .map((line) => {
        if (random.next() > 0.6) return line
        const { words, keys, make } = random.pick(LABELLED_KINDS)
        const word = words.length === 0 ? '' : random.pick(words)
        const carrier = random.pick(TUNING)
        const value = make(random)
        return `${line}\n${fillCarrier(carrier, word, random.pick(keys), value, neighbour(random)).body}`
      })
      .join('\n'),
  )
}

function speed(): void {
  const texts: Record<string, Buffer> = {
    'all clean': cleanText(1, 16 * MEGABYTE, Object.keys(RECORDS)),
    mixed: mixedText(2, 16 * MEGABYTE),
  }
  for (const kind of Object.keys(RECORDS))
    texts[`clean: ${kind}`] = cleanText(3, 4 * MEGABYTE, [kind])
  for (const [name, unit] of Object.entries(WORST))
    texts[`worst: ${name}`] = Buffer.alloc(2 * MEGABYTE, unit)
  texts['worst: digits'] = Buffer.from(new Random(4).digits(4 * MEGABYTE))
  texts['one line of 50 MB'] = Buffer.alloc(
    50 * MEGABYTE,
    '{"a":"the quick brown fox 12","b":[1,2,3]},',
  )
  console.log('\ntext                                  MB/s   loop   of loop  found')
  for (const [name, bytes] of Object.entries(texts)) {
    const size = bytes.length / MEGABYTE
    const rate = size / (measure(() => scan(bytes)) / 1000)
    const bare = size / (measure(() => loop(bytes)) / 1000)
    console.log(
      `${name.padEnd(34)} ${rate.toFixed(0).padStart(7)} ${bare.toFixed(0).padStart(6)} ${((100 * rate) / bare).toFixed(0).padStart(7)} % ${scan(bytes)}`,
    )
  }
}

function printScores(name: string, carriers: readonly Carrier[]): void {
  console.log(`\n${name.padEnd(24)} recall  of any kind  precision`)
  const rows = score(carriers, 12, 5)
  for (const { type, right, otherwise, missed, wrong } of rows) {
    const all = right + otherwise + missed
    const recall = share(right, all)
    const any = share(right + otherwise, all)
    console.log(
      `${type.padEnd(24)} ${recall}  ${any.padStart(11)}  ${share(right, right + wrong).padStart(9)}`,
    )
  }
  const labelled = rows.filter(({ right, otherwise, missed }) => right + otherwise + missed > 0)
  const mean = (of: (row: Score) => number) =>
    (labelled.reduce((sum, row) => sum + of(row), 0) / labelled.length).toFixed(3)
  console.log(
    `mean of ${labelled.length} kinds: recall ${mean(({ right, otherwise, missed }) => right / (right + otherwise + missed))}, precision ${mean(({ right, wrong }) => right / Math.max(1, right + wrong))}`,
  )
}

const FAMILIES = [
  'checked',
  'prefixed',
  'email phone ssn',
  'near a word',
  'by a name',
  'passwords, keys',
]

/** Recall by family and by what the texts are; behind it the precision of all kinds there. */
function printFamilies(name: string, instead: Instead): void {
  console.log(
    `\n${name.padEnd(44)} ${FAMILIES.map((family) => family.padStart(15)).join('')}  precision`,
  )
  const all: Score[] = []
  for (const [group, carriers] of Object.entries(OUTSIDE)) {
    const rows = score(carriers, 4, 7, undefined, instead)
    all.push(...rows)
    printFamilyRow(group, rows)
  }
  printFamilyRow('all', all)
}

function printFamilyRow(name: string, rows: readonly Score[]): void {
  const families = byFamily(rows)
  const cells = FAMILIES.map((family) => {
    const { right, otherwise, missed } = families.get(family) ?? {
      right: 0,
      otherwise: 0,
      missed: 0,
    }
    return share(right, right + otherwise + missed).padStart(15)
  })
  const right = rows.reduce((sum, row) => sum + row.right, 0)
  const wrong = rows.reduce((sum, row) => sum + row.wrong, 0)
  console.log(`${name.padEnd(44)} ${cells.join('')}  ${share(right, right + wrong).padStart(9)}`)
}

function share(part: number, all: number): string {
  return (all === 0 ? '-' : (part / all).toFixed(3)).padStart(6)
}

function falseHits(): void {
  console.log('\nclean                        found per MB')
  for (const kind of Object.keys(CLEAN)) {
    const clean = cleanText(6, 3 * MEGABYTE, [kind])
    const found = new Map<string, number>()
    scanner.scan(clean, 0, clean.length, NOWHERE, (_start, _end, type) => {
      found.set(type, (found.get(type) ?? 0) + 1)
    })
    const all = [...found.values()].reduce((sum, count) => sum + count, 0)
    const which = [...found].map(([type, count]) => `${type} ${count}`).join(', ')
    console.log(`${kind.padEnd(30)} ${(all / 3).toFixed(1).padStart(9)}  ${which}`)
  }
  const root = join(import.meta.dirname, '../node_modules')
  const found = new Map<string, number>()
  let size = 0
  for (const file of globSync('**/*.{js,ts,json,md,mjs,cjs,css,map,yml,txt}', { cwd: root })) {
    const path = join(root, file)
    const stat = statSync(path, { throwIfNoEntry: false })
    // Tests and samples of number libraries have real numbers.
    if (!stat?.isFile() || /^(stdnum|validator|ibantools|libphonenumber-js|zod)\//.test(file))
      continue
    if (size > 100 * MEGABYTE) break
    const bytes = readFileSync(path)
    size += bytes.length
    scanner.scan(bytes, 0, bytes.length, NOWHERE, (_start, _end, type) => {
      found.set(type, (found.get(type) ?? 0) + 1)
    })
  }
  const rows = [...found].sort((a, b) => b[1] - a[1]).map(([type, count]) => `${type} ${count}`)
  console.log(`installed packages, ${(size / MEGABYTE).toFixed(0)} MB: ${rows.join(', ')}`)
}

function search(): void {
  console.log('\nMB/s  what costs most of what recognisers look for, time and again')
  for (const [unit, cost] of searchWorst(scanner, RECOGNIZERS).slice(0, 40))
    console.log(`${(1000 / cost).toFixed(0).padStart(4)}  ${JSON.stringify(unit)}`)
}

/** All of it, or what is named: `scanner`, `formats`, `requests`, `recall`, `outside`, `false-hits`; `worst` by its name alone. */
const asked = process.argv.slice(2)
const isAsked = (name: string) => asked.length === 0 || asked.includes(name)

console.log(`${RECOGNIZERS.length} kinds`)
if (isAsked('scanner')) speed()
if (asked.includes('worst')) search()
if (isAsked('formats')) formats(scanner)
if (isAsked('requests')) await requests(scanner)
if (isAsked('recall')) {
  printScores('carriers for tuning', TUNING)
  printScores('held-out carriers', HELD_OUT)
}
if (isAsked('outside')) {
  printFamilies('held-out documents', { values: OUTSIDE_VALUES })
  printFamilies('the same, names in other languages', { keys: LOCALISED, values: OUTSIDE_VALUES })
}
if (isAsked('false-hits')) falseHits()
