/** Every recogniser there is: one line per family. The order decides where two are equally certain of the same text: the first has it. */

import type { Kind } from '../../model/finding.ts'
import { ADDRESS } from './address.ts'
import { BANK_ACCOUNTS } from './bank-accounts.ts'
import { CARDS } from './cards.ts'
import { CONTACT } from './contact.ts'
import { IDS } from './ids.ts'
import { NETWORK } from './network.ts'
import { PERSON } from './person.ts'
import type { Recognizer } from './recognizer.ts'
import { AI_SECRETS } from './secrets-ai.ts'
import { CLOUD_SECRETS } from './secrets-cloud.ts'
import { CODE_SECRETS } from './secrets-code.ts'
import { JWT } from './secrets-jwt.ts'
import { KEY_SECRETS } from './secrets-keys.ts'
import { NAMED_SECRETS } from './secrets-named.ts'
import { PLATFORM_SECRETS } from './secrets-platforms.ts'
import { SERVICE_SECRETS } from './secrets-services.ts'
import { WALLETS } from './wallets.ts'

// biome-ignore format: one line per family
export const RECOGNIZERS: readonly Recognizer[] = [
  ...CARDS,
  ...BANK_ACCOUNTS,
  ...WALLETS,
  ...CONTACT,
  ...PERSON,
  ...ADDRESS,
  ...NETWORK,
  ...KEY_SECRETS,
  JWT,
  ...CLOUD_SECRETS,
  ...CODE_SECRETS,
  ...AI_SECRETS,
  ...SERVICE_SECRETS,
  ...PLATFORM_SECRETS,
  ...NAMED_SECRETS,
  ...IDS,
]

/** Every kind, by its published name. */
export const KINDS: ReadonlyMap<string, Kind> = new Map(
  RECOGNIZERS.map(({ type, class: of, readiness }) => [type, { class: of, readiness }]),
)
