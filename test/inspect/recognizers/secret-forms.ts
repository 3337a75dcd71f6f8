/**
 * Secrets as their vendors give them out, made at run time from their forms: what stands in this file is no secret, and looks like none to
 * those who look for them. `{36:alnum}` is so many random characters of an alphabet.
 */

import { crc32 } from 'node:zlib'

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = UPPER.toLowerCase()
const DIGITS = '0123456789'
const BASE62 = DIGITS + UPPER + LOWER

const ALPHABETS: Readonly<Record<string, string>> = {
  hex: `${DIGITS}abcdef`,
  HEX: `${DIGITS}ABCDEF`,
  digit: DIGITS,
  lower: LOWER + DIGITS,
  upper: UPPER + DIGITS,
  alnum: BASE62,
  url: `${BASE62}_`,
  b64: `${BASE62}+/`,
  bech: 'ACDEFGHJKLMNPQRSTUVWXYZ023456789',
}

/** One of the form; another seed gives another one. */
export function make(form: string, seed = 1): string {
  const random = createRandom(seed)
  const draw = (count: number, alphabet: string) =>
    Array.from({ length: count }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
  return form.replace(/\{(\d+):(\w+)\}/g, (_all, count: string, name: string) => {
    if (name === 'crc') return withChecksum(draw(Number(count) - 6, BASE62))
    const alphabet = ALPHABETS[name]
    if (alphabet === undefined) throw new Error(`no alphabet ${name}`)
    return draw(Number(count), alphabet)
  })
}

/** As GitHub and npm do: CRC-32 in base 62. */
function withChecksum(text: string): string {
  let rest = crc32(text)
  let check = ''
  for (let i = 0; i < 6; i++) {
    check = BASE62[rest % 62] + check
    rest = Math.floor(rest / 62)
  }
  return text + check
}

/** Kind, form, and a word that has to be near where the form alone says too little. */
export const FORMS: readonly (readonly [type: string, form: string, word?: string])[] = [
  ['aws-access-key', 'AKIA{16:upper}'],
  ['aws-access-key', 'ASIA{16:upper}'],
  ['aws-bedrock-key', 'ABSK{110:b64}'],
  ['gcp-api-key', 'AIza{35:url}'],
  ['gcp-oauth-token', 'ya29.{120:url}'],
  ['gcp-oauth-token', 'GOCSPX-{28:url}'],
  ['azure-client-secret', '{3:alnum}{1:digit}Q~{34:alnum}'],
  ['alibaba-access-key', 'LTAI{20:alnum}'],
  ['tencent-secret-id', 'AKID{32:alnum}'],
  ['digitalocean-token', 'dop_v1_{64:hex}'],
  ['digitalocean-token', 'dor_v1_{64:hex}'],
  ['heroku-key', 'HRKU-AA{58:url}'],
  ['fly-token', 'fo1_{43:url}'],
  ['fly-token', 'fm2_{200:b64}'],
  ['cloudflare-token', 'v1.0-{24:hex}-{146:hex}'],
  ['planetscale-token', 'pscale_tkn_{43:url}'],
  ['databricks-token', 'dapi{32:hex}'],
  ['vault-token', 'hvs.{92:url}'],
  ['vault-token', 'hvb.{140:url}'],
  ['terraform-token', '{14:alnum}.atlasv1.{67:alnum}'],
  ['pulumi-token', 'pul-{40:hex}'],
  ['doppler-token', 'dp.pt.{43:alnum}'],
  ['onepassword-key', 'A3-{6:upper}-{6:upper}-{5:upper}-{5:upper}-{5:upper}-{5:upper}'],
  ['openshift-token', 'sha256~{43:url}'],
  ['github-token', 'ghp_{36:crc}'],
  ['github-token', 'gho_{36:crc}'],
  ['github-token', 'ghs_{36:crc}'],
  ['github-token', 'ghr_{36:crc}'],
  ['github-token', 'ghp_{36:alnum}', 'github token'],
  ['github-token', 'github_pat_{22:alnum}_{59:alnum}'],
  ['gitlab-token', 'glpat-{20:url}'],
  ['gitlab-token', 'gldt-{20:url}'],
  ['gitlab-token', 'glptt-{40:hex}'],
  ['gitlab-token', 'gloas-{64:url}'],
  ['gitlab-token', 'glcbt-64_{20:url}'],
  ['bitbucket-token', 'ATATT3{180:url}'],
  ['npm-token', 'npm_{36:crc}'],
  ['pypi-token', 'pypi-AgEIcHlwaS5vcmc{150:url}'],
  ['rubygems-key', 'rubygems_{48:hex}'],
  ['nuget-key', 'oy2{43:lower}'],
  ['docker-token', 'dckr_pat_{27:url}'],
  ['clojars-token', 'CLOJARS_{60:lower}'],
  ['artifactory-key', 'AKCp{69:alnum}'],
  ['sourcegraph-token', 'sgp_{40:hex}'],
  ['sourcegraph-token', 'sgp_{16:hex}_{40:hex}'],
  ['postman-key', 'PMAK-{24:hex}-{34:hex}'],
  ['prefect-key', 'pnu_{36:alnum}'],
  ['buildkite-token', 'bkua_{40:hex}'],
  ['sonar-token', 'sqp_{40:hex}'],
  ['figma-token', 'figd_{43:url}'],
  ['octopus-key', 'API-{26:upper}'],
  ['openai-key', 'sk-{20:alnum}T3BlbkFJ{20:alnum}'],
  ['openai-key', 'sk-proj-{74:url}T3BlbkFJ{74:url}'],
  ['openai-key', 'sk-svcacct-{58:url}T3BlbkFJ{58:url}'],
  ['openai-key', 'sk-{48:alnum}', 'openai key'],
  ['anthropic-key', 'sk-ant-api03-{93:url}AA'],
  ['anthropic-key', 'sk-ant-admin01-{93:url}AA'],
  ['huggingface-token', 'hf_{34:alnum}'],
  ['groq-key', 'gsk_{52:alnum}'],
  ['perplexity-key', 'pplx-{48:alnum}'],
  ['xai-key', 'xai-{80:alnum}'],
  ['replicate-token', 'r8_{37:alnum}'],
  ['openrouter-key', 'sk-or-v1-{64:hex}'],
  ['nvidia-key', 'nvapi-{64:url}'],
  ['langsmith-key', 'lsv2_pt_{32:hex}_{10:hex}'],
  ['slack-token', 'xoxb-{12:digit}-{13:digit}-{24:alnum}'],
  ['slack-token', 'xoxp-{12:digit}-{12:digit}-{13:digit}-{32:hex}'],
  ['slack-token', 'xapp-1-A{10:upper}-{13:digit}-{64:hex}'],
  ['slack-webhook', 'hooks.slack.com/services/T{8:upper}/B{8:upper}/{24:alnum}'],
  ['discord-webhook', 'discord.com/api/webhooks/{18:digit}/{68:url}'],
  ['telegram-token', '{10:digit}:AA{33:url}'],
  ['stripe-key', 'sk_live_{24:alnum}'],
  ['stripe-key', 'rk_test_{99:alnum}'],
  ['stripe-key', 'whsec_{32:alnum}'],
  ['square-token', 'sq0atp-{22:url}'],
  ['braintree-token', `access_token$production$` + `{16:lower}$` + '{32:hex}'],
  ['shopify-token', 'shpat_{32:hex}'],
  ['shopify-token', 'shpss_{32:hex}'],
  ['easypost-key', 'EZAK{54:alnum}'],
  ['shippo-token', 'shippo_live_{40:hex}'],
  ['duffel-token', 'duffel_test_{43:url}'],
  ['sendgrid-key', 'SG.{22:url}.{43:url}'],
  ['mailgun-key', 'key-{32:hex}', 'mailgun'],
  ['mailchimp-key', '{32:hex}-us12'],
  ['brevo-key', 'xkeysib-{64:hex}-{16:alnum}'],
  ['twilio-key', 'SK{32:hex}', 'twilio'],
  ['airtable-token', 'pat{14:alnum}.{64:hex}'],
  ['notion-token', 'ntn_{46:alnum}'],
  ['linear-key', 'lin_api_{40:alnum}'],
  ['hubspot-token', 'pat-na1-{8:hex}-{4:hex}-{4:hex}-{4:hex}-{12:hex}'],
  ['grafana-token', 'glc_{80:b64}'],
  ['grafana-token', 'glsa_{32:alnum}_{8:hex}'],
  ['sentry-token', 'sntryu_{64:hex}'],
  ['newrelic-key', 'NRAK-{27:upper}'],
  ['datadog-key', '{32:hex}', 'datadog'],
  ['dynatrace-token', 'dt0c01.{24:upper}.{64:upper}'],
  ['okta-token', '00{40:alnum}', 'okta'],
  ['facebook-token', 'EAAC{160:alnum}'],
  ['adobe-secret', 'p8e-{32:lower}'],
  ['frameio-token', 'fio-u-{64:url}'],
  ['harness-token', 'pat.{22:url}.{24:alnum}.{20:alnum}'],
  ['tailscale-key', 'tskey-auth-{17:alnum}-{32:alnum}'],
  ['supabase-key', 'sbp_{40:hex}'],
  ['aws-session-token', 'IQoJb3JpZ2lu{200:b64}'],
  ['gcp-api-key', 'AQ.Ab8RN6{44:url}'],
  ['azure-service-key', '{76:alnum}+ASt{6:alnum}=='],
  ['azure-service-key', '{33:alnum}+ASb{6:alnum}='],
  ['azure-service-key', '{42:alnum}AzSe{6:alnum}'],
  ['databricks-token', 'dose{32:hex}'],
  ['github-token', 'ghs_{20:digit}_{120:alnum}.{200:url}.{86:url}'],
  ['gitlab-token', 'glpat-{40:url}.01.{9:lower}'],
  ['sourcegraph-token', 'slk_{64:hex}'],
  ['slack-token', 'xwfp-{12:digit}-{24:alnum}'],
  ['stripe-key', 'sk_org_live_{40:alnum}'],
  ['facebook-token', 'EAAB{120:alnum}'],
  ['together-key', 'tgp_v1_{43:url}'],
  ['voyage-key', 'pa-{43:url}'],
  ['jina-key', 'jina_{32:hex}{28:url}'],
  ['llamacloud-key', 'llx-{48:alnum}'],
  ['firecrawl-key', 'fc-{32:hex}'],
  ['browserbase-key', 'bb_live_{27:alnum}'],
  ['e2b-key', 'e2b_{40:hex}'],
  ['wandb-key', 'wandb_v1_{80:alnum}'],
  ['runpod-key', 'rpa_{44:alnum}'],
  ['anyscale-key', 'esecret_{26:lower}'],
  ['cursor-key', 'key_{64:hex}'],
  ['runway-key', 'key_{128:hex}'],
  ['vercel-token', 'vcp_{56:alnum}'],
  ['vercel-token', 'vercel_blob_rw_{16:alnum}_{30:alnum}'],
  ['netlify-token', 'nfp_{36:alnum}'],
  ['render-key', 'rnd_{32:alnum}'],
  ['neon-key', 'napi_{64:lower}'],
  ['scalingo-token', 'tk-us-{48:url}'],
  ['cockroach-key', 'CCDB1_{22:alnum}_{40:alnum}'],
  ['mongodb-atlas-secret', 'mdb_sa_sk_{40:url}'],
  ['clickhouse-key', '4b1d{38:alnum}'],
  ['dbt-token', 'dbtc_{43:url}'],
  ['honeycomb-key', 'hcaik_{58:lower}'],
  ['posthog-key', 'phx_{43:alnum}'],
  ['infracost-key', 'ico-{32:alnum}'],
  ['defined-networking-token', 'dnkey-{26:alnum}-{52:alnum}'],
  ['settlemint-token', 'sm_pat_{16:alnum}'],
  ['lichess-token', 'lip_{20:alnum}'],
  ['kaggle-token', 'KGAT_{32:hex}'],
  ['contentful-token', 'CFPAT-{43:url}'],
  ['apify-token', 'apify_api_{36:alnum}'],
  ['packagist-token', 'packagist_uut_{68:hex}'],
  ['trello-token', 'ATTA{72:hex}'],
  ['clickup-token', 'pk_{8:digit}_{32:upper}'],
  ['dropbox-token', 'sl.u.{200:url}'],
  ['mailersend-token', 'mlsn.{64:hex}'],
  ['onesignal-key', 'os_v2_app_{104:lower}'],
  ['woocommerce-key', 'cs_{40:hex}'],
  ['plaid-token', 'access-production-{8:hex}-{4:hex}-{4:hex}-{4:hex}-{12:hex}'],
  ['mollie-key', 'live_{30:alnum}'],
  ['razorpay-key', 'rzp_live_{14:alnum}'],
  ['yandex-token', 'AQVN{36:url}'],
  ['vk-token', 'vk1.a.{86:url}'],
  ['scaleway-access-key', 'SCW{17:upper}'],
  ['instagram-token', 'IGQV{160:url}'],
  ['pinterest-token', 'pina_{100:alnum}'],
  ['discord-token', 'MT{24:alnum}.{6:alnum}.{38:url}'],
  ['private-key', 'AGE-SECRET-KEY-1{58:bech}'],
]

/** Mulberry32: the same numbers for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed * 0x9e3779b1
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
