/** Tokens of where code and packages live. Those of GitHub and npm carry a checksum, which tells them from any look-alike. */

import type { PrefixShape, Recognizer } from './recognizer.ts'
import {
  ALNUM,
  BASE64URL,
  HEX,
  isMixed,
  isRandom,
  prefix,
  run,
  secret,
  sequence,
} from './secret.ts'

const CRC = new Uint32Array(256).map((_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  return crc
})

/** The last six are the CRC-32 of the thirty before, in base 62. */
function hasChecksum(bytes: Uint8Array, _start: number, end: number): boolean {
  let crc = 0xffffffff
  for (let i = end - 36; i < end - 6; i++)
    crc = (CRC[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8)
  let rest = (crc ^ 0xffffffff) >>> 0
  for (let i = end - 1; i >= end - 6; i--) {
    if (toBase62(bytes[i] as number) !== rest % 62) return false
    rest = Math.floor(rest / 62)
  }
  return true
}

function toBase62(byte: number): number {
  if (byte < 0x40) return byte - 0x30
  return byte < 0x60 ? byte - 55 : byte - 61
}

/** With the checksum, or without it as copies with a slip in them are: then of all kinds of characters, as names in programs are not. */
function checked(prefixes: readonly string[]): PrefixShape[] {
  return [
    prefix(
      prefixes,
      ALNUM,
      36,
      36,
      (bytes, start, end) => hasChecksum(bytes, start, end) || isMixed(bytes, end - 36, end),
    ),
    { ...prefix(prefixes, ALNUM, 36), readiness: 'context' },
  ]
}

export const CODE_SECRETS: readonly Recognizer[] = [
  secret(
    'github-token',
    'github, gh, token, pat, secret, authorization, bearer',
    'CRC-32 or random characters, length',
    [
      ...checked(['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_']),
      prefix(['github_pat_'], 'A-Za-z0-9_', 82),
      // Of apps, in the form that is a JWT.
      sequence('ghs_', '.', [
        run(BASE64URL, 20, 400),
        run(BASE64URL, 40, 900),
        run(BASE64URL, 40, 700),
      ]),
    ],
  ),
  secret('gitlab-token', 'gitlab', 'prefix, length', [
    prefix(['glpat-', 'gldt-', 'glrt-', 'glft-', 'glffct-', 'glsoat-'], BASE64URL, 20, 64),
    prefix(['glimt-'], BASE64URL, 25),
    prefix(['glagent-'], BASE64URL, 50, 64),
    prefix(['gloas-'], BASE64URL, 64),
    prefix(['glptt-'], HEX, 40),
    prefix(['GR1348941'], BASE64URL, 20),
    // Routable ones say where they lead.
    ...['glpat-', 'glrt-', 'glrtr-', 'gldt-'].map((literal) =>
      sequence(literal, '.', [run(BASE64URL, 27, 300), run('a-z0-9', 2), run('a-z0-9', 9)]),
    ),
    sequence('glcbt-', '_', [run(ALNUM, 1, 5), run(BASE64URL, 20)]),
  ]),
  secret('bitbucket-token', 'bitbucket, atlassian, jira', 'prefix, length', [
    prefix(['ATATT3', 'ATCTT3'], 'A-Za-z0-9_=-', 24, 256),
    prefix(['ATBB'], ALNUM, 32, 32),
  ]),
  secret(
    'npm-token',
    'npm, npmrc, token, authtoken, registry',
    'CRC-32 or random characters, length',
    checked(['npm_']),
  ),
  secret('pypi-token', 'pypi', 'prefix, length', [
    prefix(['pypi-AgEIcHlwaS5vcmc', 'pypi-AgENdGVzdC5weXBpLm9yZw'], BASE64URL, 50, 1000),
  ]),
  secret('rubygems-key', 'rubygems', 'prefix, length', [prefix(['rubygems_'], HEX, 48)]),
  secret('nuget-key', 'nuget', 'prefix, length', [prefix(['oy2'], 'a-z0-9', 43)]),
  secret('docker-token', 'docker', 'prefix, length', [
    prefix(['dckr_pat_', 'dckr_oat_'], BASE64URL, 27, 40),
  ]),
  secret(
    'crates-token',
    'cargo, crates',
    'prefix, length',
    [prefix(['cio'], ALNUM, 32)],
    'context',
  ),
  secret('clojars-token', 'clojars', 'prefix, length', [prefix(['CLOJARS_'], 'a-z0-9', 60)]),
  secret('artifactory-key', 'artifactory, jfrog', 'prefix, length', [
    prefix(['AKCp'], ALNUM, 69),
    prefix(['cmVmd'], ALNUM, 59),
  ]),
  secret('sourcegraph-token', 'sourcegraph', 'prefix, length', [
    prefix(['sgp_'], HEX, 40),
    prefix(['slk_'], HEX, 64),
    sequence('sgp_', '_', [run(`${HEX}A-Z`, 5, 16), run(HEX, 40)]),
  ]),
  secret('postman-key', 'postman', 'prefix, groups', [
    sequence('PMAK-', '-', [run(HEX, 24), run(HEX, 34)]),
  ]),
  secret('readme-key', 'readme', 'prefix, length', [prefix(['rdme_'], 'a-z0-9', 70)]),
  secret('prefect-key', 'prefect', 'prefix, length', [prefix(['pnu_', 'pnb_'], ALNUM, 36)]),
  secret('buildkite-token', 'buildkite', 'prefix, length', [
    prefix(['bkua_', 'bkpt_', 'bkaj_'], HEX, 40),
    prefix(['bkct_'], ALNUM, 40, 80),
  ]),
  secret('circleci-token', 'circleci', 'prefix, length', [
    sequence('CCIPAT_', '_', [run(ALNUM, 20, 24), run(HEX, 40)]),
  ]),
  secret('sonar-token', 'sonar, sonarqube', 'prefix, length', [
    prefix(['sqp_', 'squ_', 'sqa_'], HEX, 40, 40),
  ]),
  secret('snyk-token', 'snyk', 'prefix, length', [
    prefix(['snyk_uat.', 'snyk_sat.'], 'A-Za-z0-9_.-', 36, 300),
  ]),
  secret('figma-token', 'figma', 'prefix, length', [
    prefix(['figd_', 'figoh_'], BASE64URL, 40, 60),
  ]),
  secret('octopus-key', 'octopus', 'prefix, length', [
    prefix(['API-'], 'A-Z0-9', 26, 32, (bytes, start, end) => isRandom(bytes, start + 4, end)),
  ]),
]
