/** Credentials of clouds and of the tools that run on them. Forms as their vendors document them, or as tokens they give out have. */

import type { AnchorShape, Recognizer } from './recognizer.ts'
import {
  ALNUM,
  BASE64,
  BASE64URL,
  distinct,
  HEX,
  isRandom,
  none,
  prefix,
  run,
  secret,
  sequence,
  toSet,
} from './secret.ts'

const CLIENT_SECRET = toSet('A-Za-z0-9_~.-')

/** Three of the alphabet, a digit, `Q~`, 31 to 34 more. */
const entraExtent: AnchorShape['extent'] = (bytes, at, floor, limit, out) => {
  const start = at - 5
  if (start < floor || bytes[at - 1] !== 0x51 || !isDigit(bytes[at - 2])) return none(out, at)
  for (let i = start; i < at - 2; i++)
    if (CLIENT_SECRET[bytes[i] as number] !== 1) return none(out, at)
  if (start > floor && CLIENT_SECRET[bytes[start - 1] as number] === 1) return none(out, at)
  let end = at + 1
  while (end < limit && end - at <= 36 && CLIENT_SECRET[bytes[end] as number] === 1) end++
  out.start = at
  out.end = at
  out.reached = end === limit
  // The full stop of a sentence.
  if (bytes[end - 1] === 0x2e) end--
  const count = end - at - 1
  if (count < 31 || count > 34) return
  out.start = start
  out.end = end
}

/** So many characters, an infix that all have, and so many more: neither more nor less. */
function infix(literal: string, alphabet: string, before: number, behind: number): AnchorShape {
  const set = toSet(alphabet)
  const size = literal.length
  return {
    kind: 'anchor',
    literal,
    reach: before + 1,
    before: alphabet,
    rest: alphabet,
    extent: (bytes, at, floor, limit, out) => {
      let start = at
      while (start > floor && at - start <= before && set[bytes[start - 1] as number] === 1) start--
      if (at - start !== before) return none(out, at)
      let end = at + size
      while (end < limit && end - at - size <= behind && set[bytes[end] as number] === 1) end++
      const isIt = end - at - size === behind && isRandom(bytes, start, end)
      out.start = isIt ? start : at
      out.end = isIt ? end : at
      out.reached = end === limit
    },
  }
}

const SEARCH = Buffer.from('AzSe')

/** Of Azure AI Search: 42 characters, `AzSe`, 6 more. */
function isSearchKey(text: Uint8Array, length: number): boolean {
  return SEARCH.every((byte, i) => text[42 + i] === byte) && isRandom(text, 0, length)
}

function isAlnum(byte: number): boolean {
  return isDigit(byte) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a)
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

/** Ends as base64 of 32 bytes does, written as it is or in a URL. */
function endsAsKey(bytes: Uint8Array, _start: number, end: number): boolean {
  if (bytes[end - 1] === 0x3d) return true
  return bytes[end - 3] === 0x25 && bytes[end - 2] === 0x33 && ((bytes[end - 1] ?? 0) | 32) === 0x64
}

/** 40 characters of base 64, as only AWS has them; a path or a hash in hexadecimal is not one. */
function isAwsSecret(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 40) return false
  let slashes = 0
  let isHex = true
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (AWS_SECRET[byte] !== 1) return false
    if (byte === 0x2f) slashes++
    if (!(isDigit(byte) || (byte >= 0x61 && byte <= 0x66))) isHex = false
  }
  return !isHex && slashes <= 5 && distinct(bytes, start, end) >= 14
}

const AWS_SECRET = toSet('A-Za-z0-9+/')

export const CLOUD_SECRETS: readonly Recognizer[] = [
  secret('aws-access-key', 'aws, amazon, access key, access key id', 'prefix, length, base 32', [
    prefix(['AKIA', 'ASIA', 'ABIA', 'ACCA'], 'A-Z0-9', 16),
  ]),
  secret('aws-secret-key', 'aws, amazon, secret access key', 'key, length, alphabet', [
    {
      kind: 'key',
      keys: ['secret access key', 'aws secret key', 'aws secret', 'secret key', 'secretaccesskey'],
      loose: 'word',
      valid: isAwsSecret,
    },
  ]),
  secret('aws-session-token', 'aws, session token, security token', 'what they all begin with', [
    prefix(['IQoJb3JpZ2lu', 'FwoGZXIvYXdz', 'FQoGZXIvYXdz'], BASE64, 100, 3000),
  ]),
  secret('aws-bedrock-key', 'bedrock, aws', 'prefix, length', [
    prefix(['ABSK'], BASE64, 100, 300),
    prefix(['bedrock-api-key-'], BASE64, 60, 3000),
  ]),
  secret('gcp-api-key', 'google, gcp, firebase, api key', 'prefix, length', [
    prefix(['AIza'], BASE64URL, 35),
    prefix(['AQ.Ab8RN6'], BASE64URL, 38, 60),
  ]),
  secret('gcp-oauth-token', 'google, gcp, oauth', 'prefix, length', [
    prefix(['ya29.'], BASE64URL, 30, 2048),
    prefix(['GOCSPX-'], BASE64URL, 28),
    prefix(['1//0'], BASE64URL, 40, 160),
  ]),
  secret('azure-storage-key', 'azure, account key, storage', 'literal, length', [
    sequence('AccountKey=', '=', [run('A-Za-z0-9+/', 86), run('=', 1)], 'behind'),
    sequence('SharedAccessKey=', '=', [run('A-Za-z0-9+/', 43), run('=', 0)], 'behind'),
  ]),
  secret('azure-service-key', 'azure, cognitive, openai key, cosmos', 'infix, length', [
    infix('+ASt', 'A-Za-z0-9+/=', 76, 8),
    { kind: 'pattern', layouts: ['x'.repeat(52)], valid: isSearchKey },
    infix('+ASb', 'A-Za-z0-9+/=', 33, 7),
    infix('+AEh', 'A-Za-z0-9+/=', 33, 7),
  ]),
  secret('azure-sas-signature', 'azure, sas, blob', 'literal, length, end of base 64', [
    { ...prefix(['sig='], 'A-Za-z0-9%+/=', 43, 70, endsAsKey) },
  ]),
  secret('azure-client-secret', 'azure, entra, client secret', 'infix, length', [
    {
      kind: 'anchor',
      literal: '~',
      reach: 6,
      before: 'A-Za-z0-9_~.-',
      extent: entraExtent,
      rest: 'A-Za-z0-9_~.-',
    },
  ]),
  secret(
    'azure-devops-token',
    'azure devops, ado, vsts, azdo',
    'infix, length',
    [prefix(['azdo_'], ALNUM, 52, 84)],
    'context',
  ),
  secret('alibaba-access-key', 'alibaba, aliyun', 'prefix, length', [
    prefix(['LTAI'], ALNUM, 12, 26),
  ]),
  secret('tencent-secret-id', 'tencent', 'prefix, length', [prefix(['AKID'], ALNUM, 32)]),
  secret('digitalocean-token', 'digitalocean', 'prefix, length', [
    prefix(['dop_v1_', 'doo_v1_', 'dor_v1_'], HEX, 64),
  ]),
  secret('heroku-key', 'heroku', 'prefix, length', [prefix(['HRKU-'], BASE64URL, 36, 62)]),
  secret('fly-token', 'fly', 'prefix, length', [
    prefix(['fo1_'], BASE64URL, 43),
    prefix(['fm1r_', 'fm1a_', 'fm2_'], BASE64, 100, 3000),
  ]),
  secret('cloudflare-token', 'cloudflare', 'prefix, length', [
    sequence('v1.0-', '-', [run(HEX, 24), run(HEX, 146)]),
    prefix(['cfut_', 'cfat_', 'cfk_'], ALNUM, 40, 60),
  ]),
  secret('planetscale-token', 'planetscale', 'prefix, length', [
    prefix(['pscale_tkn_', 'pscale_oauth_', 'pscale_pw_'], BASE64URL, 32, 64),
  ]),
  secret('databricks-token', 'databricks', 'prefix, length', [
    prefix(['dapi', 'dose', 'dkea'], 'a-f0-9-', 32, 34),
  ]),
  secret('vault-token', 'vault, hashicorp', 'prefix, length', [
    prefix(['hvs.'], BASE64URL, 24, 130),
    prefix(['hvb.'], BASE64URL, 100, 400),
    prefix(['hvr.'], BASE64URL, 24, 400),
  ]),
  secret('terraform-token', 'terraform, tfe', 'infix, length', [
    {
      kind: 'anchor',
      literal: '.atlasv1.',
      reach: 15,
      before: ALNUM,
      rest: BASE64URL,
      extent: (bytes, at, floor, limit, out) => {
        let start = at
        while (start > floor && at - start < 15 && isAlnum(bytes[start - 1] as number)) start--
        let end = at + 9
        while (end < limit && end - at < 90 && TERRAFORM[bytes[end] as number] === 1) end++
        const count = end - at - 9
        const isIt = at - start === 14 && count >= 60 && count <= 70 && isRandom(bytes, start, end)
        out.start = isIt ? start : at
        out.end = isIt ? end : at
        out.reached = end === limit && at - start === 14
      },
    },
  ]),
  secret('pulumi-token', 'pulumi', 'prefix, length', [prefix(['pul-'], HEX, 40)]),
  secret('doppler-token', 'doppler', 'prefix, length', [
    prefix(['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.', 'dp.scim.', 'dp.audit.'], ALNUM, 40, 44),
  ]),
  secret('onepassword-key', '1password, onepassword', 'prefix, groups', [
    sequence('A3-', '-', [
      run('A-Z0-9', 6),
      run('A-Z0-9', 6),
      run('A-Z0-9', 5),
      run('A-Z0-9', 5),
      run('A-Z0-9', 5),
      run('A-Z0-9', 5),
    ]),
    prefix(['ops_eyJ'], BASE64, 100, 3000),
  ]),
  secret('openshift-token', 'openshift', 'prefix, length', [prefix(['sha256~'], BASE64URL, 43)]),
]

const TERRAFORM = toSet('A-Za-z0-9_=-')
