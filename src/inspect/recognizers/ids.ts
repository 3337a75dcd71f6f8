/** The ids of all countries, of health and of travel. Where text fits two of them equally well, the first has it: those with more to check come first. */

import { HEALTH } from './health.ts'
import { IDS_AFRICA } from './ids-africa.ts'
import { IDS_ALPS } from './ids-alps.ts'
import { IDS_BALKANS } from './ids-balkans.ts'
import { IDS_BALTICS } from './ids-baltics.ts'
import { IDS_BENELUX } from './ids-benelux.ts'
import { IDS_BRAZIL } from './ids-brazil.ts'
import { IDS_CENTRAL_AMERICA } from './ids-central-america.ts'
import { IDS_CENTRAL_EUROPE } from './ids-central-europe.ts'
import { IDS_EAST_ASIA } from './ids-east-asia.ts'
import { IDS_EASTERN_EUROPE } from './ids-eastern-europe.ts'
import { IDS_FRANCE_ITALY } from './ids-france-italy.ts'
import { IDS_GERMANY } from './ids-germany.ts'
import { IDS_IBERIA } from './ids-iberia.ts'
import { IDS_MIDDLE_EAST } from './ids-middle-east.ts'
import { IDS_NORDICS } from './ids-nordics.ts'
import { IDS_NORTH_AMERICA } from './ids-north-america.ts'
import { IDS_OCEANIA } from './ids-oceania.ts'
import { IDS_SOUTH_AMERICA } from './ids-south-america.ts'
import { IDS_SOUTH_ASIA } from './ids-south-asia.ts'
import { IDS_SOUTHEAST_ASIA } from './ids-southeast-asia.ts'
import { IDS_UK_IRELAND } from './ids-uk-ireland.ts'
import type { Recognizer } from './recognizer.ts'
import { TRAVEL } from './travel.ts'

/** So that a number that has a check digit is not taken for one that has none. */
export const IDS: readonly Recognizer[] = [
  ...IDS_NORTH_AMERICA,
  ...IDS_GERMANY,
  ...IDS_ALPS,
  ...IDS_FRANCE_ITALY,
  ...IDS_IBERIA,
  ...IDS_BENELUX,
  ...IDS_NORDICS,
  ...IDS_BALTICS,
  ...IDS_CENTRAL_EUROPE,
  ...IDS_BALKANS,
  ...IDS_UK_IRELAND,
  ...IDS_EASTERN_EUROPE,
  ...IDS_BRAZIL,
  ...IDS_CENTRAL_AMERICA,
  ...IDS_SOUTH_AMERICA,
  ...IDS_EAST_ASIA,
  ...IDS_SOUTH_ASIA,
  ...IDS_SOUTHEAST_ASIA,
  ...IDS_OCEANIA,
  ...IDS_MIDDLE_EAST,
  ...IDS_AFRICA,
  ...HEALTH,
  ...TRAVEL,
].toSorted((one, other) => rank(one) - rank(other))

/** Those with a check digit and a day of birth, with one of the two, with a form only; then whole families of documents. */
function rank({ type, basis }: Recognizer): number {
  if (!/^[a-z]{2}-/.test(type)) return 4
  const isChecked = /mod |Luhn|Verhoeff|check|weights|primes|7-3-1|sums|EAN/.test(basis)
  const hasMore = /day|county|region|place|province|state|year|alphabet|letters|areas/.test(basis)
  return isChecked ? (hasMore ? 0 : 1) : hasMore ? 2 : 3
}
