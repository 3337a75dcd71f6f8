/** What is found and yet left alone: values a customer knows to be harmless, and fields. */

import type { AllowDocument, CustomProblem } from './document.ts'

export interface Allow {
  /** @param path as findings have it: `$.messages[].content` */
  readonly allows: (value: string, path: string) => boolean
}

export type FieldPath = (path: string) => boolean

const MAX_ENTRIES = 100_000

export function compileAllow({
  values = [],
  fields = [],
}: AllowDocument): { readonly allow: Allow } | { readonly problems: readonly CustomProblem[] } {
  const problems: CustomProblem[] = []
  if (values.length > MAX_ENTRIES)
    problems.push({
      path: ['allow', 'values'],
      message: `there are more than ${MAX_ENTRIES} values`,
    })
  for (const [i, value] of values.entries())
    if (fold(value) === '') problems.push({ path: ['allow', 'values', i], message: 'is empty' })
  const matchers: FieldPath[] = []
  for (const [i, field] of fields.entries()) {
    const compiled = compileFieldPath(field)
    if ('fault' in compiled)
      problems.push({ path: ['allow', 'fields', i], message: compiled.fault })
    else matchers.push(compiled.value)
  }
  if (problems.length > 0) return { problems }
  const known = new Set(values.map(fold))
  return {
    allow: {
      allows: (value, path) =>
        (known.size > 0 && known.has(fold(value))) || matchers.some((matches) => matches(path)),
    },
  }
}

/**
 * `$.customer.ssn` is that field; `[*]` (or `[]`) any element of a list, `*` any name, `..` any way down. A field stands for all
 * that is in it.
 */
export function compileFieldPath(
  text: string,
): { readonly value: FieldPath } | { readonly fault: string } {
  if (!text.startsWith('$')) {
    const isName = /^[A-Za-z_][\w.-]{0,63}(?:\[\d{1,4}\])?$/.test(text)
    if (!isName) return { fault: `\`${text}\` is neither a path that begins with \`$\` nor a name` }
    return { value: (path) => path === text }
  }
  const steps: string[] = []
  const step = /\.\.?(?:[A-Za-z_$][\w$-]*|\*)|\[(?:\*|\d*)\]/y
  step.lastIndex = 1
  while (step.lastIndex < text.length) {
    const at = step.lastIndex
    const match = step.exec(text)
    if (!match) return { fault: `\`${text}\`: cannot read \`${text.slice(at, at + 20)}\`` }
    if (/^\[\d+\]$/.test(match[0]))
      return { fault: `\`${text}\`: write \`[*]\`, elements of a list are not told apart` }
    steps.push(match[0])
  }
  if (steps.length === 0) return { fault: '`$` alone is everything' }
  const source = steps.map((each) => {
    if (each.startsWith('[')) return '\\[\\]'
    if (each.startsWith('..')) return `(?:[.[][^.[]*)*\\.${toName(each.slice(2))}`
    return `\\.${toName(each.slice(1))}`
  })
  const pattern = new RegExp(`^\\$${source.join('')}(?=[.[$]|$)`)
  return { value: (path) => pattern.test(path.slice(0, 1024)) }
}

function toName(text: string): string {
  return text === '*' ? '[^.[]+' : toLiteral(text)
}

function toLiteral(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** Case and separators do not count. */
function fold(value: string): string {
  return value
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s().+/-]/g, '')
}
