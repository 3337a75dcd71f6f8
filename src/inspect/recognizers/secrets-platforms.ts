/** Tokens of hosting, databases, content, work and shops: what their vendors document as the beginning of theirs. */

import type { PrefixShape, Recognizer } from './recognizer.ts'
import { ALNUM, BASE64URL, HEX, isMixed, prefix, run, secret, sequence } from './secret.ts'

/** Beginnings that say little by themselves: random as keys are, in capitals, small letters and digits. */
function mixed(prefixes: readonly string[], min: number, max = min): PrefixShape {
  return prefix(prefixes, ALNUM, min, max, (bytes, start, end) => isMixed(bytes, start, end))
}

const UUID = 'a-f0-9-'

export const PLATFORM_SECRETS: readonly Recognizer[] = [
  secret('vercel-token', 'vercel', 'prefix, length', [
    mixed(['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'], 24, 80),
    sequence('vercel_blob_rw_', '_', [run(ALNUM, 16), run(ALNUM, 28, 40)]),
  ]),
  secret('netlify-token', 'netlify', 'prefix, length', [prefix(['nfp_'], ALNUM, 36)]),
  secret('render-key', 'render', 'prefix, length', [prefix(['rnd_'], ALNUM, 28, 40)]),
  secret('neon-key', 'neon', 'prefix, length', [prefix(['napi_'], 'a-z0-9', 60, 70)]),
  secret('scalingo-token', 'scalingo', 'prefix, length', [prefix(['tk-us-'], BASE64URL, 48)]),
  secret('cockroach-key', 'cockroach', 'prefix, groups', [
    sequence('CCDB1_', '_', [run(ALNUM, 22), run(ALNUM, 40)]),
  ]),
  secret('mongodb-atlas-secret', 'atlas, mongodb', 'prefix, length', [
    prefix(['mdb_sa_sk_'], BASE64URL, 40),
  ]),
  secret('clickhouse-key', 'clickhouse', 'prefix, length', [mixed(['4b1d'], 38)]),
  secret('dbt-token', 'dbt', 'prefix, length', [
    prefix(['dbtc_', 'dbts_', 'dbtu_'], BASE64URL, 40, 64),
  ]),
  secret('honeycomb-key', 'honeycomb', 'prefix, length', [
    prefix(['hcaik_', 'hcxik_', 'hcalk_', 'hcxlk_', 'hcbik_', 'hcamk_'], 'a-z0-9', 58),
  ]),
  secret('posthog-key', 'posthog', 'prefix, length', [prefix(['phx_', 'phs_'], ALNUM, 32, 64)]),
  secret('infracost-key', 'infracost', 'prefix, length', [prefix(['ico-'], ALNUM, 32)]),
  secret('defined-networking-token', 'defined', 'prefix, groups', [
    sequence('dnkey-', '-', [run('a-zA-Z0-9=_', 26), run('a-zA-Z0-9=_', 52)]),
  ]),
  secret('endorlabs-token', 'endorlabs, endor', 'prefix, length', [prefix(['endr+'], ALNUM, 16)]),
  secret('settlemint-token', 'settlemint', 'prefix, length', [
    prefix(['sm_aat_', 'sm_pat_', 'sm_sat_'], ALNUM, 16),
  ]),
  secret('lichess-token', 'lichess', 'prefix, length', [prefix(['lip_'], ALNUM, 20)]),
  secret('kaggle-token', 'kaggle', 'prefix, length', [prefix(['KGAT_'], HEX, 32)]),
  secret('contentful-token', 'contentful', 'prefix, length', [prefix(['CFPAT-'], BASE64URL, 43)]),
  secret('apify-token', 'apify', 'prefix, length', [prefix(['apify_api_'], ALNUM, 34, 40)]),
  secret('packagist-token', 'packagist', 'prefix, length', [
    prefix(['packagist_uut_', 'packagist_ort_', 'packagist_out_'], HEX, 68),
  ]),
  secret('trello-token', 'trello', 'prefix, length', [prefix(['ATTA'], 'a-fA-F0-9', 64, 76)]),
  secret('clickup-token', 'clickup', 'prefix, groups', [
    sequence('pk_', '_', [run('0-9', 6, 9), run('A-Z0-9', 32)]),
  ]),
  secret('dropbox-token', 'dropbox', 'prefix, length', [
    prefix(['sl.u.', 'sl.B'], BASE64URL, 120, 1600),
  ]),
  secret('mailersend-token', 'mailersend', 'prefix, length', [prefix(['mlsn.'], HEX, 64)]),
  secret('onesignal-key', 'onesignal', 'prefix, length', [
    prefix(['os_v2_app_', 'os_v2_org_'], 'a-z0-9', 100, 108),
  ]),
  secret('stytch-secret', 'stytch', 'prefix, length', [
    prefix(['secret-live-', 'secret-test-'], BASE64URL, 36),
  ]),
  secret('teams-webhook', 'teams, webhook', 'host and path', [
    prefix(['webhook.office.com/webhookb2/'], 'A-Za-z0-9@/-', 100, 240),
  ]),
  secret('woocommerce-key', 'woocommerce', 'prefix, length', [prefix(['ck_', 'cs_'], HEX, 40)]),
  secret('paddle-key', 'paddle', 'prefix, length', [
    prefix(['pdl_live_apikey_', 'pdl_sdbx_apikey_'], 'A-Za-z0-9_', 48, 60),
  ]),
  secret('plaid-token', 'plaid', 'prefix, length', [
    prefix(['access-sandbox-', 'access-development-', 'access-production-'], UUID, 36),
  ]),
  secret('mollie-key', 'mollie', 'prefix, length, random characters', [
    mixed(['live_', 'test_'], 30),
  ]),
  secret('gocardless-token', 'gocardless', 'prefix, length, random characters', [
    prefix(['live_', 'sandbox_'], BASE64URL, 40, 40, (bytes, _start, end) =>
      isMixed(bytes, end - 40, end),
    ),
  ]),
  secret('razorpay-key', 'razorpay', 'prefix, length', [
    prefix(['rzp_live_', 'rzp_test_'], ALNUM, 14),
  ]),
  secret('yandex-token', 'yandex', 'prefix, length', [
    prefix(['AQVN'], BASE64URL, 35, 38),
    prefix(['y0_', 'y1_'], BASE64URL, 50, 70),
    sequence('t1.', '.', [run('A-Za-z0-9=_-', 100, 300), run('A-Za-z0-9=_-', 86, 88)]),
  ]),
  secret('vk-token', 'vk', 'prefix, length', [prefix(['vk1.a.'], BASE64URL, 60, 240)]),
  secret('baidu-access-key', 'baidu', 'prefix, length', [mixed(['ALTAK'], 21)]),
  secret('volcengine-access-key', 'volcengine', 'prefix, length', [mixed(['AKLT'], 40, 60)]),
  secret('scaleway-access-key', 'scaleway', 'prefix, length', [prefix(['SCW'], 'A-Z0-9', 17)]),
  secret('instagram-token', 'instagram, threads', 'prefix, length', [
    prefix(['IGQV', 'IGAA', 'THAA'], BASE64URL, 100, 400),
  ]),
  secret('linkedin-token', 'linkedin', 'prefix, length', [
    prefix(['WPL_AP1.'], 'A-Za-z0-9_.=-', 16, 60),
  ]),
  secret('pinterest-token', 'pinterest', 'prefix, length', [prefix(['pina_'], ALNUM, 60, 130)]),
  secret('twitter-token', 'twitter, bearer', 'prefix, length', [
    prefix(['AAAAAAAAAAAAAAAAAAAAA'], 'A-Za-z0-9%', 60, 120),
  ]),
  secret(
    'discord-token',
    'discord, bot',
    'base 64 of a number, groups',
    ['MT', 'Mj', 'Mz', 'ND', 'NT', 'Nj', 'Nz', 'OD', 'OT'].map((literal) => ({
      ...sequence(literal, '.', [run(ALNUM, 21, 26), run(BASE64URL, 6), run(BASE64URL, 27, 38)]),
      next: ALNUM,
    })),
  ),
]
