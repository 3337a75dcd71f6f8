/** Keys and tokens as their vendors give them out, made here: what stands in this file is no secret, and looks like none. */

import type { Random } from '../random.ts'
import { ALNUM, type Kind, LOWER, UPPER } from './kind.ts'

const DIGITS = '0123456789'
const ALPHABETS: Readonly<Record<string, string>> = {
  h: `${DIGITS}abcdef`,
  H: `${DIGITS}ABCDEF`,
  d: DIGITS,
  l: LOWER + DIGITS,
  u: UPPER + DIGITS,
  a: ALNUM,
  w: `${ALNUM}_-`,
  b: `${ALNUM}+/`,
}

/** `{36:a}` is so many random characters of an alphabet. */
function draw(form: string, random: Random): string {
  return form.replace(/\{(\d+):(\w)\}/g, (_, count: string, name: string) =>
    random.chars(ALPHABETS[name] as string, Number(count)),
  )
}

/** Kind, what people call it, forms. Without a checksum where whoever labels would not know of one. */
// biome-ignore format: one line a kind
const FORMS: readonly (readonly [type: string, word: string, ...forms: string[]])[] = [
  ['aws-access-key', 'AWS access key', 'AKIA{16:u}', 'ASIA{16:u}'],
  ['gcp-api-key', 'Google API key', 'AIza{35:w}'],
  ['gcp-oauth-token', 'Google token', 'ya29.{110:w}', 'GOCSPX-{28:w}'],
  ['azure-client-secret', 'Azure client secret', '{3:a}{1:d}Q~{34:a}'],
  ['alibaba-access-key', 'Alibaba key', 'LTAI5t{18:a}'],
  ['digitalocean-token', 'DigitalOcean token', 'dop_v1_{64:h}', 'doo_v1_{64:h}'],
  ['heroku-key', 'Heroku key', 'HRKU-AA{58:w}'],
  ['cloudflare-token', 'Cloudflare key', 'v1.0-{24:h}-{146:h}'],
  ['planetscale-token', 'PlanetScale token', 'pscale_tkn_{43:w}'],
  ['databricks-token', 'Databricks token', 'dapi{32:h}', 'dapi{32:h}-2'],
  ['vault-token', 'Vault token', 'hvs.{90:w}', 'hvs.{24:a}'],
  ['terraform-token', 'Terraform token', '{14:a}.atlasv1.{67:a}'],
  ['pulumi-token', 'Pulumi token', 'pul-{40:h}'],
  ['doppler-token', 'Doppler token', 'dp.pt.{43:a}', 'dp.st.{43:a}'],
  ['github-token', 'GitHub token', 'ghp_{36:a}', 'gho_{36:a}', 'ghs_{36:a}', 'ghu_{36:a}', 'github_pat_{22:a}_{59:a}'],
  ['gitlab-token', 'GitLab token', 'glpat-{20:w}', 'gldt-{20:w}', 'glptt-{40:h}', 'glrt-{20:w}'],
  ['bitbucket-token', 'Atlassian token', 'ATATT3xFfGF0{172:w}={8:H}', 'ATBB{32:a}'],
  ['npm-token', 'npm token', 'npm_{36:a}'],
  ['pypi-token', 'PyPI token', 'pypi-AgEIcHlwaS5vcmc{150:w}'],
  ['rubygems-key', 'RubyGems key', 'rubygems_{48:h}'],
  ['nuget-key', 'NuGet key', 'oy2{43:l}'],
  ['docker-token', 'Docker token', 'dckr_pat_{27:w}'],
  ['postman-key', 'Postman key', 'PMAK-{24:h}-{34:h}'],
  ['sonar-token', 'Sonar token', 'sqp_{40:h}', 'squ_{40:h}'],
  ['figma-token', 'Figma token', 'figd_{40:w}'],
  ['openai-key', 'OpenAI key', 'sk-{20:a}T3BlbkFJ{20:a}', 'sk-{48:a}', 'sk-proj-{48:a}', 'sk-proj-{74:w}T3BlbkFJ{74:w}', 'sk-svcacct-{58:w}'],
  ['anthropic-key', 'Anthropic key', 'sk-ant-api03-{93:w}AA', 'sk-ant-api03-{40:w}', 'sk-ant-admin01-{93:w}AA'],
  ['huggingface-token', 'Hugging Face token', 'hf_{34:a}'],
  ['groq-key', 'Groq key', 'gsk_{52:a}'],
  ['perplexity-key', 'Perplexity key', 'pplx-{48:a}'],
  ['xai-key', 'xAI key', 'xai-{80:a}'],
  ['replicate-token', 'Replicate token', 'r8_{37:a}'],
  ['openrouter-key', 'OpenRouter key', 'sk-or-v1-{64:h}'],
  ['nvidia-key', 'NVIDIA key', 'nvapi-{64:w}'],
  ['langsmith-key', 'LangSmith key', 'lsv2_pt_{32:h}_{10:h}'],
  ['slack-token', 'Slack token', 'xoxb-{12:d}-{12:d}-{24:a}', 'xoxp-{11:d}-{11:d}-{12:d}-{32:h}', 'xapp-1-A{10:u}-{13:d}-{64:h}', 'xoxb-{11:d}-{24:a}'],
  ['slack-webhook', 'Slack webhook', 'https://hooks.slack.com/services/T{8:u}/B{8:u}/{24:a}'],
  ['discord-webhook', 'Discord webhook', 'https://discord.com/api/webhooks/{18:d}/{68:w}'],
  ['telegram-token', 'Telegram bot token', '{10:d}:AA{33:w}'],
  ['stripe-key', 'Stripe key', 'sk_live_{24:a}', 'sk_test_{24:a}', 'rk_live_{24:a}', 'sk_live_51{97:a}', 'whsec_{32:a}'],
  ['square-token', 'Square token', 'sq0atp-{22:w}', 'EAAA{60:w}'],
  ['shopify-token', 'Shopify token', 'shpat_{32:h}', 'shpss_{32:h}'],
  ['sendgrid-key', 'SendGrid key', 'SG.{22:w}.{43:w}'],
  ['mailgun-key', 'Mailgun key', 'key-{32:h}'],
  ['mailchimp-key', 'Mailchimp key', '{32:h}-us12', '{32:h}-us7'],
  ['brevo-key', 'Brevo key', 'xkeysib-{64:h}-{16:a}'],
  ['twilio-key', 'Twilio API key', 'SK{32:h}'],
  ['airtable-token', 'Airtable token', 'pat{14:a}.{64:h}'],
  ['notion-token', 'Notion token', 'ntn_{46:a}', 'secret_{43:a}'],
  ['linear-key', 'Linear key', 'lin_api_{40:a}'],
  ['hubspot-token', 'HubSpot token', 'pat-na1-{8:h}-{4:h}-{4:h}-{4:h}-{12:h}'],
  ['grafana-token', 'Grafana token', 'glsa_{32:a}_{8:h}', 'glc_{80:b}'],
  ['sentry-token', 'Sentry token', 'sntryu_{64:h}'],
  ['newrelic-key', 'New Relic key', 'NRAK-{27:u}'],
  ['datadog-key', 'Datadog API key', '{32:h}'],
  ['dynatrace-token', 'Dynatrace token', 'dt0c01.{24:u}.{64:u}'],
  ['okta-token', 'Okta token', '00{40:w}'],
  ['facebook-token', 'Facebook token', 'EAACEdEose0cBA{120:a}'],
  ['tailscale-key', 'Tailscale key', 'tskey-auth-{17:a}-{32:a}', 'tskey-api-{12:a}-{32:a}'],
  ['supabase-key', 'Supabase key', 'sbp_{40:h}'],
  ['flutterwave-key', 'Flutterwave key', 'FLWSECK_TEST-{32:h}-X'],
  ['artifactory-key', 'Artifactory key', 'AKCp{69:a}'],
  ['buildkite-token', 'Buildkite token', 'bkua_{40:h}'],
  ['netlify-token', 'Netlify token', 'nfp_{36:a}'],
  ['discord-token', 'Discord bot token', 'MT{24:a}.{6:a}.{38:w}'],
  ['aws-session-token', 'AWS session token', 'IQoJb3JpZ2lu{300:b}'],
  ['posthog-key', 'PostHog key', 'phx_{43:a}'],
  ['circleci-token', 'CircleCI token', 'CCIPAT_{22:a}_{40:h}'],
]

/** Found only where a word says whose they are. */
const NEED_WORD = new Set(['datadog-key', 'okta-token', 'mailgun-key', 'twilio-key'])

const KEYS = [
  'api key',
  'token',
  'secret',
  'access token',
  'api token',
  'auth token',
  'key',
  'client secret',
]

const base64url = (text: string) => Buffer.from(text).toString('base64url')

function pem(random: Random): string {
  const label = random.pick([
    'RSA PRIVATE KEY',
    'PRIVATE KEY',
    'EC PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
  ])
  const lines = Array.from({ length: 4 + random.below(20) }, () => random.base64(64))
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n${random.base64(30)}==\n-----END ${label}-----`
}

function password(random: Random): string {
  const word = random.pick([
    'Summer',
    'dragon',
    'Qwerty',
    'correct',
    'Letmein',
    'Tr0ub4dor',
    'Zürich',
  ])
  return random.pick([
    `${word}${random.digits(4)}!`,
    `${word}-${random.chars(LOWER, 5)}-${random.digits(2)}`,
    `${random.chars(ALNUM, 7)}${random.digits(1)}${random.pick(['#', '$', '%', '!'])}${random.chars(ALNUM, 5)}`,
    `${random.chars(ALNUM, 15)}${random.digits(1)}`,
  ])
}

// biome-ignore format: one line a kind
export const SECRET_KINDS: readonly Kind[] = [
  ...FORMS.map(
    ([type, word, ...forms]): Kind => ({
      type,
      or: ['secret-key', 'http-credentials'],
      words: [word],
      keys: KEYS.map((key) => (NEED_WORD.has(type) ? `${type.split('-')[0]} ${key}` : key)),
      bare: !NEED_WORD.has(type),
      make: (random) => draw(random.pick(forms), random),
    }),
  ),
  {
    type: 'jwt',
    or: ['http-credentials', 'secret-key'],
    words: ['JWT', 'token', 'id token'],
    keys: ['jwt', 'token', 'id token', 'access token'],
    bare: true,
    make: (random) =>
      `${base64url(`{"alg":"${random.pick(['HS256', 'RS256', 'ES256'])}","typ":"JWT"}`)}.${base64url(`{"sub":"${random.digits(10)}","iat":${1_700_000_000 + random.below(9_000_000)}}`)}.${random.chars(`${ALNUM}_-`, 43)}`,
  },
  { type: 'private-key', words: ['private key', 'SSH key'], keys: ['private key', 'pem', 'ssh key', 'key'], bare: true, make: pem },
  {
    type: 'aws-secret-key',
    or: ['secret-key'],
    words: ['AWS secret access key', 'aws_secret_access_key'],
    keys: ['aws secret access key', 'secret access key', 'aws secret key'],
    bare: false,
    make: (random) => random.base64(40),
  },
  {
    type: 'password',
    words: ['password', 'Passwort', 'mot de passe', 'contraseña', 'senha'],
    keys: ['password', 'db password', 'user password', 'passwd', 'pwd', 'smtp password', 'pass', 'mysql root password', 'passphrase', 'passwort'],
    bare: false,
    make: password,
  },
  {
    type: 'secret-key',
    words: ['API key', 'secret', 'client secret', 'access token', 'token'],
    keys: ['api key', 'client secret', 'access token', 'secret key', 'refresh token', 'auth token', 'x api key', 'encryption key', 'webhook secret', 'app secret', 'jwt secret', 'session secret'],
    bare: false,
    make: (random) => random.pick([random.hex(32), random.hex(64), random.chars(ALNUM, 32), random.chars(ALNUM, 24), `${random.base64(43)}=`, random.chars(`${ALNUM}_-`, 40)]),
  },
  {
    type: 'url-password',
    words: ['connection string', 'DSN', 'database URL'],
    keys: ['database url', 'redis url', 'dsn', 'connection string', 'mongodb uri'],
    bare: true,
    within: ['postgres://app:{}@db.internal:5432/orders', 'mongodb+srv://svc:{}@cluster0.ab1cd.mongodb.net/?retryWrites=true', 'redis://:{}@cache:6379/0', 'https://deploy:{}@git.example.com/a/b.git', 'amqp://guest1:{}@mq/vhost', 'mysql://root:{}@10.0.0.5/shop'],
    make: (random) => random.chars(ALNUM, 10 + random.below(8)),
  },
]
