/** What it costs to read bodies, format by format: beside the scanner alone over the same bytes, and beside a bare loop. */

import { createRedactor } from '../../src/inspect/redact/redactor.ts'
import { NOWHERE, type Scanner } from '../../src/inspect/scan/scanner.ts'
import { type Body, bodies } from './bodies.ts'
import { loop, measure } from './measure.ts'

/** As a socket gives them. */
const PIECE = 64 * 1024
const SIZE = 2e6

export function formats(scanner: Scanner): void {
  console.log('\nformat                            MB/s  of scan   of loop')
  for (const [name, body] of Object.entries(bodies(SIZE))) {
    const { bytes } = body
    const time = measure(() => redact(scanner, body), 5)
    const alone = measure(() => scanner.scan(bytes, 0, bytes.length, NOWHERE, () => {}), 5)
    const bare = measure(() => loop(bytes), 5)
    const rate = (bytes.length / 1000 / time).toFixed(0)
    console.log(
      `${name.padEnd(32)} ${rate.padStart(5)} ${percent(alone, time).padStart(8)} ${percent(bare, time).padStart(9)}`,
    )
  }
}

export function redact(scan: Scanner, { type, bytes }: Body): void {
  const redactor = createRedactor({ contentType: type, scan, replace: (_, value) => value })
  for (let at = 0; at < bytes.length; at += PIECE) redactor.push(bytes.subarray(at, at + PIECE))
  redactor.end()
}

function percent(part: number, all: number): string {
  return `${((100 * part) / all).toFixed(0)} %`
}
