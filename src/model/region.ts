/**
 * A region is a set of countries, not a guess: the set of places where data may end up. Countries are
 * ISO 3166-1 alpha-2 codes plus XK (Kosovo, user-assigned, as used by the EU and by GeoIP data). Territories
 * with codes of their own (HK, MO, TW, PS, GG, JE, IM …) are never folded into another.
 */

/** Sorted, distinct codes; `["*"]` is anywhere; `[]` is unknown, which is never the same as nowhere. */
export type Regions = readonly string[]

export const ANYWHERE: Regions = Object.freeze(['*'])
export const UNKNOWN: Regions = Object.freeze([])

/** ISO 3166-1 alpha-2, officially assigned codes (249), plus XK. */
const COUNTRIES: ReadonlySet<string> = new Set(
  (
    'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY ' +
    'BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK ' +
    'FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR ' +
    'IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ' +
    'ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM ' +
    'PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF ' +
    'TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW'
  ).split(' '),
)

/** Whether the text is a country code as used here: upper case, assigned. */
export function isCountry(code: string): boolean {
  return COUNTRIES.has(code)
}

/** Sorts and removes doubles; anything with `*` in it is anywhere. */
export function toRegions(codes: Iterable<string>): Regions {
  const set = new Set(codes)
  if (set.size === 0) return UNKNOWN
  return set.has('*') ? ANYWHERE : [...set].sort()
}

/** All places named by either set. Unknown stays unknown: what is missing cannot be added up. */
export function unionRegions(a: Regions, b: Regions): Regions {
  return a.length === 0 || b.length === 0 ? UNKNOWN : toRegions([...a, ...b])
}

/** The places both sets name; null when they contradict each other. Neither may be unknown. */
export function intersectRegions(a: Regions, b: Regions): Regions | null {
  if (isAnywhere(a)) return b
  if (isAnywhere(b)) return a
  const both = a.filter((code) => b.includes(code))
  return both.length > 0 ? both : null
}

export function isAnywhere(regions: Regions): boolean {
  return regions[0] === '*'
}

/** At most eight codes, so that a sentence stays one. */
export function sayRegions(regions: Regions): string {
  if (regions.length === 0) return 'unknown'
  if (isAnywhere(regions)) return 'anywhere'
  const more = regions.length - 8
  return more > 0 ? `${regions.slice(0, 8).join(', ')} and ${more} more` : regions.join(', ')
}
