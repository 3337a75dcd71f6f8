/** Check digits for values that no oracle at hand knows, written down anew: what is scored must not be made by what is scored. */

export function luhnDigit(head: string): string {
  let sum = 0
  for (let i = 0; i < head.length; i++) {
    const doubled = (head.length - i) % 2 === 1
    const value = Number(head[i]) * (doubled ? 2 : 1)
    sum += value > 9 ? value - 9 : value
  }
  return String((10 - (sum % 10)) % 10)
}

export function withLuhn(head: string): string {
  return head + luhnDigit(head)
}

export function weighted(text: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * Number(text[i]), 0)
}

export function modulo97(text: string): number {
  const numeric = [...text].map((char) => String(Number.parseInt(char, 36))).join('')
  return Number(BigInt(numeric) % 97n)
}

const PRODUCT = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]
const PERMUTED = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]

export function withVerhoeff(head: string): string {
  for (let check = 0; check < 10; check++) {
    let state = 0
    const text = `${head}${check}`
    for (let i = 0; i < text.length; i++) {
      const digit = Number(text[text.length - 1 - i])
      state = Number(PRODUCT[state]?.[Number(PERMUTED[i % 8]?.[digit])])
    }
    if (state === 0) return text
  }
  throw new Error('no check digit')
}
