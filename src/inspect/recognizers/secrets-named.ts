/**
 * Secrets without a form of their own: known by the name they stand under, by `user:password@` in a URL, or by the scheme in front of them
 * (RFC 7617, RFC 6750).
 */

import type { AnchorShape, Recognizer } from './recognizer.ts'
import { distinct, isRandom, none, secret, stop, toSet } from './secret.ts'
import {
  isKey,
  isPassword,
  isPlaceholder,
  isSpokenKey,
  isSpokenPassword,
  isWrittenKey,
  isWrittenPassword,
} from './secret-value.ts'
import { inNameSpellings } from './spelling.ts'
import { spoken } from './spoken.ts'

const PASSWORD_KEYS: readonly string[] = [
  ...['password', 'passwd', 'pwd', 'passphrase', 'passcode', 'user pass', 'db pass', 'pass word'],
  ...inNameSpellings(['passwort', 'kennwort', 'mot de passe', 'contraseña', 'senha', 'wachtwoord']),
  ...inNameSpellings([
    'clave de acceso',
    'clave secreta',
    'palavra passe',
    'parola chiave',
    'parola d ordine',
    'mot de passe admin',
    'passwoord',
  ]),
  ...inNameSpellings(['hasło', 'parola', 'lösenord', 'salasana', 'adgangskode', 'heslo', 'jelszó']),
  ...['пароль', '密码', '密碼', 'パスワード', '비밀번호'],
]
const PASSWORD_NOUNS: readonly string[] = [
  ...['Passwd', 'palavra-passe', 'hasłem', 'clave', 'login password'],
  ...['password', 'passwd', 'passphrase', 'passcode', 'passwort', 'kennwort', 'mot de passe'],
  ...['contraseña', 'senha', 'wachtwoord', 'hasło', 'parola', 'lösenord', 'пароль', '密码'],
]
/** Whose token it is: `next_page_token` is nobody's. */
const OWNERS: readonly string[] = [
  ...['access', 'refresh', 'auth', 'id', 'api', 'session', 'security', 'bearer', 'user', 'secret'],
  ...[
    'admin',
    'service',
    'personal',
    'private',
    'deploy',
    'upload',
    'registry',
    'job',
    'bot',
    'jwt',
  ],
  ...['github', 'gitlab', 'gh', 'npm', 'slack', 'hf', 'vault', 'sentry', 'discord', 'telegram'],
  ...[
    'pypi',
    'docker',
    'hub',
    'cloudflare',
    'digitalocean',
    'heroku',
    'aws session',
    'oauth',
    'app',
  ],
]
/** What is said right before a key: no verb is needed. */
const LED_KEYS: readonly string[] = [
  ...['API key', 'API Key', 'api key', 'API token', 'api token', 'API secret', 'access token'],
  ...['auth token', 'bearer token', 'secret key', 'client secret', 'access key', 'refresh token'],
  ...['use token', 'with token', 'using token', 'use key', 'with key', 'using key', 'the token'],
]
const KEY_KEYS: readonly string[] = [
  ...['secret', 'api key', 'apikey', 'access key', 'secret key', 'private key', 'auth key'],
  ...[
    'client secret',
    'authorization',
    'credential',
    'signing key',
    'encryption key',
    'shared key',
  ],
  ...['master key', 'account key', 'webhook secret', 'service key', 'license key', 'ssh key'],
  ...OWNERS.map((owner) => `${owner} token`),
]

/** No more of a URL's credentials is looked at. */
const MAX_USERINFO = 512
const USERINFO = toSet('!$%&*+,.0-9:;=@A-Za-z_~^{}()|-')

/** The password in `scheme://user:password@host`. */
const urlExtent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
  let colon = -1
  let sign = -1
  let end = at + 3
  for (; end < limit && end - at < MAX_USERINFO; end++) {
    const byte = bytes[end] as number
    if (USERINFO[byte] !== 1 && byte < 128) break
    if (byte === 0x3a && colon < 0 && sign < 0) colon = end
    if (byte === 0x40) sign = end
  }
  if (end === limit && end - at < MAX_USERINFO) {
    stop(out, at)
    if (colon < 0 || sign <= colon + 1 || isHeldOpen(bytes, colon + 1, sign)) return
  } else none(out, at)
  if (colon < 0 || sign <= colon + 1 || isHeldOpen(bytes, colon + 1, sign)) return
  out.start = colon + 1
  out.end = sign
}

function isHeldOpen(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === 0x7b || isPlaceholder(bytes, start, end)
}

const BASE64 = toSet('A-Za-z0-9+/=_-')
const TOKEN68 = toSet('A-Za-z0-9._~+/=-')

/** `Basic ` and what decodes to `user:password`. */
const basicExtent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
  const start = at + 6
  let end = start
  while (end < limit && end - start < 1024 && BASE64[bytes[end] as number] === 1) end++
  if (end === limit && end - start < 8) return stop(out, at)
  if (end - start < 8 || !decodesToPair(bytes, start, end)) return none(out, at)
  out.start = start
  out.end = end
  out.reached = end === limit
}

/** `Bearer ` and a token; not a word of prose. */
const bearerExtent: AnchorShape['extent'] = (bytes, at, _floor, limit, out) => {
  const start = at + 7
  let end = start
  let digits = 0
  for (; end < limit && TOKEN68[bytes[end] as number] === 1; end++)
    if ((bytes[end] as number) >= 0x30 && (bytes[end] as number) <= 0x39) digits++
  out.reached = end === limit
  out.start = at
  out.end = at
  // The full stop of a sentence.
  while (end > start && bytes[end - 1] === 0x2e) end--
  if (end - start < 16 || digits === 0 || isPlaceholder(bytes, start, end)) return
  if (distinct(bytes, start, Math.min(end, start + 256)) < 8) return
  out.start = start
  out.end = end
}

function decodesToPair(bytes: Uint8Array, start: number, end: number): boolean {
  let bits = 0
  let held = 0
  let hasColon = false
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte === 0x3d) break
    bits = ((bits << 6) | (SIX_BITS[byte] as number)) & 0xffff
    held += 6
    if (held < 8) continue
    held -= 8
    const decoded = (bits >> held) & 255
    if (decoded < 0x20 || decoded === 0x7f) return false
    if (decoded === 0x3a) hasColon = true
  }
  return hasColon
}

const SIX_BITS = new Uint8Array(256)
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
for (let i = 0; i < 64; i++) SIX_BITS[CHARACTERS.charCodeAt(i)] = i

const LENGTHS = Array.from({ length: 45 }, (_, i) => 'x'.repeat(20 + i))

export const NAMED_SECRETS: readonly Recognizer[] = [
  secret('password', 'password, passwd, pwd, passphrase', 'key, not a placeholder', [
    { kind: 'key', keys: PASSWORD_KEYS, valid: isPassword },
    { kind: 'key', keys: PASSWORD_KEYS, loose: 'word', valid: isWrittenPassword },
    { kind: 'key', keys: ['pass', 'pw', 'clave', 'mdp', 'motdepasse'], valid: isWrittenPassword },
    {
      kind: 'key',
      keys: ['pass', 'pw', 'clave', 'mdp'],
      loose: 'word',
      valid: (bytes, start, end) => isSpokenPassword(bytes, start, end, false),
    },
    ...spoken(PASSWORD_NOUNS, isSpokenPassword),
  ]),
  secret(
    'secret-key',
    'api key, secret key, client secret, access token, auth token, api token, bearer token, refresh token, secret access key, api secret, app secret',
    'key, length, not a placeholder',
    [
      { kind: 'key', keys: ['token', 'bearer'], whole: true, valid: isKey },
      { kind: 'key', keys: KEY_KEYS, valid: isKey },
      { kind: 'key', keys: ['token', 'bearer'], whole: true, loose: 'word', valid: isWrittenKey },
      { kind: 'key', keys: KEY_KEYS, loose: 'word', valid: isWrittenKey },
      ...spoken(['key', 'token', 'secret', 'schlüssel', 'clé'], isSpokenKey),
      ...spoken(LED_KEYS, (bytes, start, end) => isSpokenKey(bytes, start, end, true)),
      {
        kind: 'pattern',
        layouts: LENGTHS,
        readiness: 'context',
        valid: (text, length) => isWrittenKey(text, 0, length),
      },
    ],
  ),
  secret('url-password', 'url, dsn, connection', 'place in the URL, not a placeholder', [
    { kind: 'anchor', literal: '://', extent: urlExtent, rest: 'A-Za-z0-9' },
  ]),
  secret('http-credentials', 'authorization', 'scheme, decodes', [
    { kind: 'anchor', literal: 'Basic ', extent: basicExtent, rest: 'A-Za-z0-9+/=_-' },
    { kind: 'anchor', literal: 'Bearer ', extent: bearerExtent, rest: 'A-Za-z0-9._~+/=-' },
    { kind: 'anchor', literal: 'bearer ', extent: bearerExtent, rest: 'A-Za-z0-9._~+/=-' },
  ]),
  secret(
    'high-entropy',
    'secret, token, key',
    'variety of characters',
    [
      {
        kind: 'pattern',
        layouts: LENGTHS,
        valid: (text, length) =>
          isRandom(text, 0, length) && distinct(text, 0, length) >= Math.min(16, length * 0.6),
      },
    ],
    'off',
  ),
]
