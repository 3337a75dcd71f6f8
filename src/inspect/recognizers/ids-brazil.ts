/** Brazil. */

import { digit, isRepeated, toNumber, weigh } from './check-digits.ts'
import { two } from './dates.ts'
import { id } from './id.ts'
import type { Recognizer } from './recognizer.ts'

export const IDS_BRAZIL: readonly Recognizer[] = [
  id('br-cpf', {
    basis: 'two mod 11',
    words: ['cpf', 'cadastro de pessoas fisicas', 'cpf cnpj'],
    alone: ['999.999.999-99'],
    near: ['99999999999', '999 999 999 99', '999999999-99'],
    valid: isBrCpf,
  }),
  id('br-cnpj', {
    basis: 'two mod 11, letters since 2026',
    words: ['cnpj', 'cadastro nacional', 'cpf cnpj'],
    alone: ['XX.XXX.XXX/XXXX-99'],
    near: ['XXXXXXXXXXXX99'],
    valid: isBrCnpj,
  }),
  id('br-pis', {
    basis: 'mod 11',
    words: ['pis', 'pasep', 'nis', 'nit', 'pis pasep'],
    near: ['999.99999.99-9', '99999999999'],
    valid: isBrPis,
  }),
  id('br-cnh', {
    basis: 'two mod 11',
    words: ['cnh', 'carteira nacional de habilitacao', 'habilitação', 'carteira de motorista'],
    near: ['99999999999'],
    valid: isBrCnh,
  }),
  id('br-cns', {
    basis: 'mod 11, first digit',
    words: ['nacional de saúde', 'cns', 'cartão nacional de saúde', 'cartao sus', 'sus'],
    near: ['999 9999 9999 9999', '999999999999999'],
    valid: isBrCns,
    class: 'special',
  }),
  id('br-titulo-eleitor', {
    basis: 'two mod 11, state',
    words: ['título de eleitor', 'título eleitoral', 'titulo eleitor', 'inscricao eleitoral'],
    near: ['9999 9999 9999', '999999999999'],
    valid: isBrTitulo,
  }),
  id('br-rg', {
    basis: 'form',
    words: ['rg', 'registro geral', 'carteira de identidade', 'identidade'],
    near: ['99.999.999-X', '9.999.999', '99999999X', '9.999.999-X'],
  }),
  id('br-passport', {
    basis: 'form',
    words: ['passaporte', 'numero do passaporte', 'brazilian passport'],
    near: ['AA999999'],
  }),
]

export function isBrCpf(text: Uint8Array): boolean {
  if (isRepeated(text, 0, 11)) return false
  return (
    brDigit(weigh(text, CPF)) === digit(text, 9) && brDigit(weigh(text, CPF_2)) === digit(text, 10)
  )
}

const CPF = [10, 9, 8, 7, 6, 5, 4, 3, 2]
const CPF_2 = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]

/** 11 less the rest, 0 for 10 and 11. */
function brDigit(sum: number): number {
  const rest = sum % 11
  return rest < 2 ? 0 : 11 - rest
}

/** Receita Federal, IN 2229 of 2024: letters count what their byte is more than that of 0. */
export function isBrCnpj(text: Uint8Array): boolean {
  if (isRepeated(text, 0, 14)) return false
  let first = 0
  let second = 0
  for (let at = 0; at < 12; at++) {
    const number = (text[at] ?? 0) > 57 ? ((text[at] ?? 0) & 31) + 16 : digit(text, at)
    first += number * (CNPJ[at + 1] ?? 0)
    second += number * (CNPJ[at] ?? 0)
  }
  const check = brDigit(first)
  return check === digit(text, 12) && brDigit(second + check * 2) === digit(text, 13)
}

const CNPJ = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]

export function isBrPis(text: Uint8Array): boolean {
  return !isRepeated(text, 0, 11) && brDigit(weigh(text, PIS)) === digit(text, 10)
}

const PIS = [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]

/** A first check of 10 is written 0 and takes two from the second; of the second, programs read the rule in two ways, both are taken. */
export function isBrCnh(text: Uint8Array): boolean {
  if (isRepeated(text, 0, 11)) return false
  const first = weigh(text, CNH) % 11
  const second = weigh(text, CNH_2) % 11
  const last = digit(text, 10)
  if ((first > 9 ? 0 : first) !== digit(text, 9)) return false
  if (first < 10) return last === (second > 9 ? 0 : second)
  return last === (second + 9) % 11 || last === (second > 9 ? 0 : second - 2)
}

const CNH = [9, 8, 7, 6, 5, 4, 3, 2, 1]
const CNH_2 = [1, 2, 3, 4, 5, 6, 7, 8, 9]

/** Portaria 940 of 2011: 1 and 2 are for life, made of the PIS; 7, 8 and 9 for the time being. */
export function isBrCns(text: Uint8Array): boolean {
  const first = digit(text, 0)
  if (first === 0 || (first > 2 && first < 7)) return false
  const infix = toNumber(text, 11, 14)
  return weigh(text, CNS) % 11 === 0 && (first > 2 || infix < 2)
}

const CNS = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]

/** Eight digits, the state 01–28, two check digits; São Paulo and Minas Gerais write 1 for a rest of 0. */
export function isBrTitulo(text: Uint8Array): boolean {
  const state = two(text, 8)
  if (state < 1 || state > 28) return false
  const first = tituloDigit(weigh(text, TITULO), state)
  const second = tituloDigit(digit(text, 8) * 7 + digit(text, 9) * 8 + first * 9, state)
  return first === digit(text, 10) && second === digit(text, 11)
}

function tituloDigit(sum: number, state: number): number {
  const rest = sum % 11
  return rest === 10 ? 0 : rest === 0 && state < 3 ? 1 : rest
}

const TITULO = [2, 3, 4, 5, 6, 7, 8, 9]
