/**
 * Trust in our CA for programs that take no variable for it: files of ours take the place of those they read. Nothing of the host is changed but
 * that `~/.pki/nssdb` is made where it is missing.
 */

import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { whereIs } from '../where-is.ts'
import type { Bind } from './plan.ts'

/** Where OpenSSL, GnuTLS, Go and Rust look, on the distributions there are. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** What Java's own store is locked with everywhere. */
const JAVA_PASSWORD = 'changeit'

/**
 * @param ca the certificate
 * @param bundle the system's roots and ours
 * @param dir for files of ours; they have to stay as long as the program runs
 */
export function trustBinds(ca: string, bundle: string, dir: string): readonly Bind[] {
  const files = new Set(
    BUNDLES.filter((path) => existsSync(path)).map((path) => realpathSync(path)),
  )
  const binds = [...files].map((over) => ({ from: bundle, over }))
  return [...binds, ...trustOfJava(ca, dir), ...trustOfNss(ca, dir)]
}

function trustOfJava(ca: string, dir: string): readonly Bind[] {
  const java = whereIs('java')
  const homes = [process.env.JAVA_HOME ?? null, java && dirname(dirname(realpathSync(java)))]
  const stores = new Set<string>()
  for (const home of homes) {
    const store = home && join(home, 'lib/security/cacerts')
    if (store && existsSync(store)) stores.add(realpathSync(store))
  }
  const keytool = whereIs('keytool') ?? (java && join(dirname(realpathSync(java)), 'keytool'))
  if (!keytool || !existsSync(keytool)) return []
  return [...stores].flatMap((over, i) => {
    const from = join(dir, `cacerts-${i}`)
    copyFileSync(over, from)
    const store = ['-keystore', from, '-storepass', JAVA_PASSWORD]
    const args = [
      '-importcert',
      '-noprompt',
      '-trustcacerts',
      '-alias',
      'cordon',
      '-file',
      ca,
      ...store,
    ]
    return succeeds(keytool, args) ? [{ from, over }] : []
  })
}

/** Chromium and what else uses NSS has its roots in a folder of the user's. */
function trustOfNss(ca: string, dir: string): readonly Bind[] {
  const certutil = whereIs('certutil')
  if (!certutil) return []
  const over = join(homedir(), '.pki/nssdb')
  const from = join(dir, 'nssdb')
  if (existsSync(join(over, 'cert9.db'))) cpSync(over, from, { recursive: true })
  else {
    mkdirSync(from)
    if (!succeeds(certutil, ['-N', '--empty-password', '-d', `sql:${from}`])) return []
  }
  const args = ['-A', '-n', 'Cordon', '-t', 'C,,', '-i', ca, '-d', `sql:${from}`]
  if (!succeeds(certutil, args)) return []
  mkdirSync(over, { recursive: true, mode: 0o700 })
  return [{ from, over }]
}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}
