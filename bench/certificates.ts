/**
 * The benchmark's CAs and certificates, made with the openssl command and kept. Their keys protect
 * nothing but loopback; never trust them anywhere else.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const RSA = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
const TEN_YEARS = ['-days', '3650']

/**
 * Into the folder, each as NAME.pem and NAME.key: `mitm-rsa` and `mitm-ec`, the CAs the
 * intercepting peers sign with (some can only use RSA); `upca`, the CA of the upstream; `upstream`,
 * its certificate for *.bench.test; `reverse`, the certificate of the reverse proxies, by `mitm-ec`
 * with the key of `upstream`. `-bundle.pem` holds both halves.
 */
export function makeCertificates(folder: string): void {
  // The bundle is written last, so that a run that was interrupted starts over.
  if (existsSync(join(folder, 'reverse-bundle.pem'))) return
  mkdirSync(folder, { recursive: true })
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

  for (const [name, key] of [
    ['mitm-rsa', RSA],
    ['mitm-ec', P256],
    ['upca', P256],
  ] as const) {
    openssl('genpkey', ...key, '-out', `${name}.key`)
    const extensions = [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign,cRLSign',
    ]
    const subject = [
      '-subj',
      `/O=bench/CN=bench ${name} CA`,
      ...extensions.flatMap((e) => ['-addext', e]),
    ]
    openssl('req', '-x509', '-key', `${name}.key`, ...subject, ...TEN_YEARS, '-out', `${name}.pem`)
  }

  openssl('genpkey', ...P256, '-out', 'upstream.key')
  openssl('req', '-new', '-key', 'upstream.key', '-subj', '/CN=bench.test', '-out', 'leaf.csr')
  writeFileSync(
    join(folder, 'leaf.ext'),
    [
      'subjectAltName=DNS:*.bench.test,IP:127.0.0.1',
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth',
    ].join('\n'),
  )
  for (const [name, ca] of [
    ['upstream', 'upca'],
    ['reverse', 'mitm-ec'],
  ] as const) {
    const signer = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial']
    const request = ['-in', 'leaf.csr', '-extfile', 'leaf.ext']
    openssl('x509', '-req', ...request, ...signer, ...TEN_YEARS, '-out', `${name}.pem`)
  }

  const bundle = (name: string, ...parts: string[]) =>
    writeFileSync(
      join(folder, `${name}-bundle.pem`),
      parts.map((part) => readFileSync(join(folder, part), 'utf8')).join(''),
    )
  bundle('mitm-rsa', 'mitm-rsa.key', 'mitm-rsa.pem')
  bundle('reverse', 'reverse.pem', 'upstream.key')
}
