/** Whether a recogniser takes a text for what it finds, without a scanner: the layout, then `valid`. */

import { IDS } from '../../../src/inspect/recognizers/ids.ts'
import type { PatternShape, Recognizer } from '../../../src/inspect/recognizers/recognizer.ts'

const CLASSES: Record<string, RegExp> = {
  '9': /[0-9]/,
  A: /[A-Z]/,
  a: /[A-Za-z]/,
  X: /[0-9A-Z]/,
  x: /[0-9A-Za-z]/,
}

export function recognizerOf(type: string): Recognizer {
  const found = IDS.find((recognizer) => recognizer.type === type)
  if (found === undefined) throw new Error(`no recogniser of ${type}`)
  return found
}

export function patternsOf(type: string): readonly PatternShape[] {
  return recognizerOf(type).shapes.filter((shape) => shape.kind === 'pattern')
}

/** @param only shapes that fire by themselves */
export function accepts(type: string, text: string, only?: 'alone'): boolean {
  const { readiness } = recognizerOf(type)
  return patternsOf(type)
    .filter((shape) => only === undefined || (shape.readiness ?? readiness) === 'on')
    .some(
      (shape) => shape.layouts.some((layout) => hasLayout(layout, text)) && isValid(shape, text),
    )
}

function hasLayout(layout: string, text: string): boolean {
  if (layout.length !== text.length) return false
  return [...layout].every((char, i) => CLASSES[char]?.test(text[i] ?? '') ?? char === text[i])
}

function isValid(shape: PatternShape, text: string): boolean {
  const compact = Buffer.from(text.replace(/[ \-./_]/g, ''), 'latin1')
  const bytes = new Uint8Array(64).fill(0x39)
  bytes.set(compact)
  return shape.valid?.(bytes, compact.length) ?? true
}

/** Numbers that look random and are the same in every run. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** `9` any digit, `A` any letter, `X` either; others stay. */
export function fill(form: string, random: (below: number) => number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  return form.replace(/[9AX]/g, (char) => {
    if (char === '9') return String(random(10))
    const among = char === 'A' ? letters : `0123456789${letters}`
    return among[random(among.length)] ?? ''
  })
}
