/** Credentials of services: chat, money, mail, shops, monitoring. */

import type { AnchorShape, Recognizer } from './recognizer.ts'
import {
  ALNUM,
  BASE64,
  BASE64URL,
  HEX,
  isMixed,
  isRandom,
  none,
  prefix,
  run,
  secret,
  sequence,
  toSet,
} from './secret.ts'

const TELEGRAM = toSet('A-Za-z0-9_-')

/** Eight to ten digits, `:AA`, 33 more. */
const telegramExtent: AnchorShape['extent'] = (bytes, at, floor, limit, out) => {
  let start = at
  while (start > floor && at - start < 11 && isDigit(bytes[start - 1] as number)) start--
  if (at - start < 8 || at - start > 10) return none(out, at)
  if (start > floor && TELEGRAM[bytes[start - 1] as number] === 1) return none(out, at)
  let end = at + 3
  while (end < limit && end - at <= 36 && TELEGRAM[bytes[end] as number] === 1) end++
  const isIt = end - at === 36 && isRandom(bytes, at + 3, end)
  out.start = isIt ? start : at
  out.end = isIt ? end : at
  out.reached = end === limit
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isHex(text: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const byte = text[i] as number
    if (!(isDigit(byte) || (byte >= 0x61 && byte <= 0x66))) return false
  }
  return isRandom(text, 0, length)
}

/** 32 hexadecimal digits and a data centre: `us12`. */
function isMailchimp(text: Uint8Array, length: number): boolean {
  return length >= 35 && text[32] === 0x75 && text[33] === 0x73 && isHex(text, 32)
}

function isOkta(text: Uint8Array, length: number): boolean {
  return text[0] === 0x30 && text[1] === 0x30 && isRandom(text, 2, length)
}

const HTTPS = Buffer.from('https://')

/** A host and a path that nobody else knows, with the scheme where it stands there. */
function webhook(literal: string, alphabet: string, min: number, max: number): AnchorShape {
  const set = toSet(alphabet)
  return {
    kind: 'anchor',
    literal,
    reach: HTTPS.length,
    before: 'htps:/',
    rest: alphabet,
    extent: (bytes, at, floor, limit, out) => {
      const from = at + literal.length
      let end = from
      while (end < limit && end - from <= max && set[bytes[end] as number] === 1) end++
      out.start = at
      out.end = at
      out.reached = end === limit
      if (end - from < min || end - from > max || !isRandom(bytes, from, end)) return
      const scheme = at - HTTPS.length
      const hasScheme = scheme >= floor && HTTPS.every((byte, i) => bytes[scheme + i] === byte)
      out.start = hasScheme ? scheme : at
      out.end = end
    },
  }
}

export const SERVICE_SECRETS: readonly Recognizer[] = [
  secret('slack-token', 'slack', 'prefix, length', [
    prefix(['xoxb-', 'xoxa-', 'xoxp-', 'xoxo-', 'xoxs-', 'xoxr-', 'xoxe-'], 'A-Za-z0-9-', 18, 400),
    prefix(['xoxe.xoxb-', 'xoxe.xoxp-', 'xapp-', 'xoxc-', 'xwfp-'], 'A-Za-z0-9-', 24, 400),
    prefix(['xoxd-'], 'A-Za-z0-9%+/=-', 60, 600),
  ]),
  secret('slack-webhook', 'slack, webhook', 'host and path', [
    webhook('hooks.slack.com/services/', 'A-Za-z0-9+/', 30, 120),
    webhook('hooks.slack.com/workflows/', 'A-Za-z0-9+/', 30, 120),
    webhook('hooks.slack.com/triggers/', 'A-Za-z0-9+/', 30, 120),
  ]),
  secret('discord-webhook', 'discord, webhook', 'host and path', [
    webhook('discord.com/api/webhooks/', 'A-Za-z0-9_/-', 70, 120),
    webhook('discordapp.com/api/webhooks/', 'A-Za-z0-9_/-', 70, 120),
  ]),
  secret('telegram-token', 'telegram, bot', 'digits, infix, length', [
    {
      kind: 'anchor',
      literal: ':AA',
      reach: 11,
      before: 'A-Za-z0-9_-',
      extent: telegramExtent,
      rest: BASE64URL,
    },
  ]),
  secret('stripe-key', 'stripe', 'prefix, length', [
    prefix(
      [
        ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'sk_prod_', 'rk_prod_'],
        ...['sk_org_live_', 'sk_org_test_', 'rk_org_live_', 'rk_org_test_'],
      ],
      ALNUM,
      16,
      120,
    ),
    prefix(['whsec_'], BASE64, 32, 64),
  ]),
  secret('square-token', 'square', 'prefix, length', [
    prefix(['sq0atp-', 'sq0csp-', 'sq0idp-'], BASE64URL, 22, 60),
    prefix(['EAAA'], BASE64URL, 60),
  ]),
  secret('braintree-token', 'braintree, paypal', 'literal, length', [
    sequence('access_token$production$', '$', [run('a-z0-9', 16), run(HEX, 32)]),
    sequence('access_token$sandbox$', '$', [run('a-z0-9', 16), run(HEX, 32)]),
  ]),
  secret('flutterwave-key', 'flutterwave', 'prefix, length', [
    prefix(['FLWSECK_TEST-', 'FLWSECK-'], 'A-Za-z0-9-', 12, 40),
  ]),
  secret('shopify-token', 'shopify', 'prefix, length', [
    prefix(['shpat_', 'shpca_', 'shppa_', 'shpss_', 'shpua_', 'shptka_'], 'A-Fa-f0-9', 32),
  ]),
  secret('easypost-key', 'easypost', 'prefix, length', [prefix(['EZAK', 'EZTK'], ALNUM, 54)]),
  secret('shippo-token', 'shippo', 'prefix, length', [
    prefix(['shippo_live_', 'shippo_test_'], HEX, 40),
  ]),
  secret('duffel-token', 'duffel', 'prefix, length', [
    prefix(['duffel_live_', 'duffel_test_'], 'A-Za-z0-9_=-', 43),
  ]),
  secret('sendgrid-key', 'sendgrid', 'prefix, groups', [
    sequence('SG.', '.', [run(BASE64URL, 22), run(BASE64URL, 43)]),
  ]),
  secret('mailgun-key', 'mailgun, mail, api key', 'prefix, length', [
    { ...prefix(['key-'], HEX, 32), readiness: 'context' },
  ]),
  secret('mailchimp-key', 'mailchimp, mandrill', 'length, data centre', [
    {
      kind: 'pattern',
      layouts: [`${'x'.repeat(32)}-aa9`, `${'x'.repeat(32)}-aa99`],
      valid: isMailchimp,
    },
  ]),
  secret('brevo-key', 'brevo, sendinblue', 'prefix, groups', [
    sequence('xkeysib-', '-', [run(HEX, 64), run(ALNUM, 16)]),
    sequence('xsmtpsib-', '-', [run(HEX, 64), run(ALNUM, 16)]),
  ]),
  secret('resend-key', 'resend', 'prefix, groups', [
    sequence('re_', '_', [run(ALNUM, 8), run(ALNUM, 24)]),
  ]),
  secret('twilio-key', 'twilio, sid, api key', 'prefix, length', [
    { ...prefix(['SK'], HEX, 32), readiness: 'context' },
  ]),
  secret('airtable-token', 'airtable', 'prefix, groups', [
    sequence('pat', '.', [run(ALNUM, 14), run(HEX, 64)]),
  ]),
  secret('notion-token', 'notion', 'prefix, length', [
    prefix(['ntn_'], ALNUM, 40, 50),
    prefix(['secret_'], ALNUM, 43, 43, (bytes, _start, end) => isMixed(bytes, end - 43, end)),
    { ...prefix(['secret_'], ALNUM, 43), readiness: 'context' },
  ]),
  secret('linear-key', 'linear', 'prefix, length', [
    prefix(['lin_api_', 'lin_oauth_'], ALNUM, 40, 64),
  ]),
  secret(
    'asana-token',
    'asana',
    'prefix, groups',
    [sequence('2/', '/', [run('0-9', 12, 20), run('0-9', 12, 20), run(HEX, 32)])],
    'context',
  ),
  secret('hubspot-token', 'hubspot', 'prefix, groups', [
    prefix(['pat-na1-', 'pat-na2-', 'pat-eu1-'], 'a-f0-9-', 36),
  ]),
  secret('grafana-token', 'grafana', 'prefix, length', [
    prefix(['glc_'], BASE64, 32, 400),
    sequence('glsa_', '_', [run(ALNUM, 32), run('A-Fa-f0-9', 8)]),
  ]),
  secret('sentry-token', 'sentry', 'prefix, length', [
    prefix(['sntryu_'], HEX, 64),
    prefix(['sntrys_'], 'A-Za-z0-9+/=_', 80, 500),
  ]),
  secret('newrelic-key', 'new relic, newrelic', 'prefix, length', [
    prefix(['NRAK-', 'NRII-', 'NRIQ-'], BASE64URL, 27, 40),
    prefix(['NRJS-'], HEX, 19),
  ]),
  secret(
    'datadog-key',
    'datadog, dd api key, dd app key',
    'length, base 16',
    [{ kind: 'pattern', layouts: ['x'.repeat(32), 'x'.repeat(40)], valid: isHex }],
    'context',
  ),
  secret('dynatrace-token', 'dynatrace', 'prefix, groups', [
    sequence('dt0c01.', '.', [run('A-Z0-9', 24), run('A-Z0-9', 64)]),
    sequence('dt0s16.', '.', [run('A-Z0-9', 8), run('A-Z0-9', 64)]),
  ]),
  secret(
    'okta-token',
    'okta, ssws',
    'prefix, length',
    [{ kind: 'pattern', layouts: ['x'.repeat(42)], valid: isOkta }, prefix(['00'], BASE64URL, 40)],
    'context',
  ),
  secret('facebook-token', 'facebook, meta', 'prefix, length', [
    prefix(['EAA'], ALNUM, 80, 400, (bytes, start, end) => isMixed(bytes, start, end)),
  ]),
  secret('adobe-secret', 'adobe', 'prefix, length', [prefix(['p8e-'], BASE64URL, 32)]),
  secret('mapbox-token', 'mapbox', 'prefix, groups', [
    sequence('sk.eyJ', '.', [run(BASE64URL, 40, 300), run(BASE64URL, 22)]),
  ]),
  secret('typeform-token', 'typeform', 'prefix, length', [
    prefix(['tfp_'], 'A-Za-z0-9_.-', 40, 64),
  ]),
  secret('frameio-token', 'frameio', 'prefix, length', [prefix(['fio-u-'], 'A-Za-z0-9_=-', 64)]),
  secret('harness-token', 'harness', 'prefix, groups', [
    sequence('pat.', '.', [run(BASE64URL, 22), run(ALNUM, 24), run(ALNUM, 20)]),
    sequence('sat.', '.', [run(BASE64URL, 22), run(ALNUM, 24), run(ALNUM, 20)]),
  ]),
  secret('tailscale-key', 'tailscale', 'prefix, groups', [
    sequence('tskey-auth-', '-', [run(ALNUM, 10, 24), run(ALNUM, 20, 40)]),
    sequence('tskey-api-', '-', [run(ALNUM, 10, 24), run(ALNUM, 20, 40)]),
    sequence('tskey-client-', '-', [run(ALNUM, 10, 24), run(ALNUM, 20, 40)]),
  ]),
  secret('supabase-key', 'supabase', 'prefix, length', [
    prefix(['sbp_'], HEX, 40),
    prefix(['sb_secret_'], BASE64URL, 31, 50),
  ]),
]
