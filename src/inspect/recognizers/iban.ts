/** IBAN: ISO 13616 forms by country (SWIFT's registry, release 99 of 2024), and mod 97-10. */

import { mod97 } from './check-digits.ts'

/** Behind the country and the check digits: so many digits (n), or letters as well (a, c: banks have had digits in place of letters). */
const FORMS =
  'AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c CR18n CY8n16c CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n GB4a14n GE2a16n GI4a15c GL14n GR7n16c GT4c20c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c LV4a13c LY21n MC10n11c2n MD2c18c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a NI4a20n NL4a10n NO11n OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR5n17c UA6n19c VA18n VG4a16n XK16n YE4a4n18c'
// French overseas territories, and countries that use the form without being in the registry.
const MORE =
  'MF10n11c2n BL10n11c2n AX14n GF10n11c2n GP10n11c2n MQ10n11c2n NC10n11c2n PF10n11c2n PM10n11c2n RE10n11c2n TF10n11c2n WF10n11c2n YT10n11c2n AO21n BF2c22n BJ2c22n CF23n CG23n CI2c22n CM23n CV21n DZ22n GA23n GQ23n GW2c19n IR22n KM23n MA24n MG23n ML2c22n MZ21n NE2a22n SN2c22n TD23n TG2a22n'

const DIGITS = 1
const LETTERS = 2

/** Indexed by country: (first letter - A) * 32 + (second - A); which kinds stand where, from the fifth character on. */
const KINDS: (Uint8Array | undefined)[] = new Array(32 * 32).fill(undefined)
for (const entry of `${FORMS} ${MORE}`.split(' ')) {
  const parts = [...entry.slice(2).matchAll(/(\d+)([nac])/g)]
  KINDS[indexOf(entry.charCodeAt(0), entry.charCodeAt(1))] = Uint8Array.from(
    parts.flatMap(([, count, kind]) =>
      new Array(Number(count)).fill(kind === 'n' ? DIGITS : DIGITS | LETTERS),
    ),
  )
}

/** Of the whole, shortest first. */
const LENGTHS = [...new Set(KINDS.flatMap((kinds) => (kinds ? [kinds.length + 4] : [])))].sort(
  (a, b) => a - b,
)

/** As stored, and as printed in groups of four; in capitals or not. */
export const IBAN_LAYOUTS: readonly string[] = LENGTHS.flatMap((length) =>
  [`AA99${'X'.repeat(length - 4)}`, `aa99${'x'.repeat(length - 4)}`].flatMap((text) => {
    const groups = text.match(/.{1,4}/g) ?? []
    return [text, groups.join(' '), groups.join('-')]
  }),
)

export function isIban(text: Uint8Array, length: number): boolean {
  const kinds = KINDS[indexOf(text[0] ?? 0, text[1] ?? 0)]
  if (kinds?.length !== length - 4) return false
  for (let at = 4; at < length; at++) {
    const kind = (text[at] ?? 0) < 0x3a ? DIGITS : LETTERS
    if (((kinds[at - 4] ?? 0) & kind) === 0) return false
  }
  return mod97(text, 0, 4, mod97(text, 4, length)) === 1
}

function indexOf(first: number, second: number): number {
  return ((first & 31) << 5) | (second & 31)
}
