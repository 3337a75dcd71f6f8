/** Where programs keep the roots they trust, as far as that can be looked at without running them. */

import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runBounded } from '../run-bounded.ts'
import { whereIs } from '../where-is.ts'
import { type Finding, ok, skip, warn } from './finding.ts'

const SETS = 'eval "$(cordon env)" in its environment sets'

const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/** The bundle that Go, Rust and others read. @param pem our certificate */
export function lookAtBundle(pem: string): Finding {
  for (const file of [process.env.SSL_CERT_FILE, ...BUNDLES]) {
    const holds = file ? holdsCertificate(file, pem) : null
    if (holds === null) continue
    return holds
      ? ok('bundle', `${file} holds the CA`)
      : warn(
          'bundle',
          `${file} does not hold the CA: Go, Rust and others read it`,
          `${SETS} SSL_CERT_FILE`,
        )
  }
  return skip('bundle', 'no file of roots was found', null)
}

interface Reader {
  readonly name: string
  readonly program: string
  readonly variable: string
  /** Whether it reads the system's bundle without the variable, or roots that it brings along. */
  readonly readsSystem: boolean
}

/** Rust and what is built on it has no way to be asked, but is known for what it reads. */
const READERS: readonly Reader[] = [
  { name: 'cargo', program: 'cargo', variable: 'CARGO_HTTP_CAINFO', readsSystem: true },
  { name: 'uv', program: 'uv', variable: 'SSL_CERT_FILE', readsSystem: false },
]

export function lookAtReaders(pem: string): readonly Finding[] {
  return READERS.flatMap(({ name, program, variable, readsSystem }) => {
    if (whereIs(program) === null) return []
    const files = [process.env[variable], ...(readsSystem ? BUNDLES : [])]
    const file = files.find((each) => each && holdsCertificate(each, pem) !== null)
    if (file && holdsCertificate(file, pem)) return [ok(name, `reads ${file}, which holds the CA`)]
    const found = `reads ${file ?? 'roots that it brings along'}: the CA is not there`
    return [warn(name, found, `${SETS} ${variable}`)]
  })
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
/** Certificates of a store that are looked at: people have few of their own. */
const MAX_CERTIFICATES = 50

/** Chromium, Firefox and what else uses NSS. @param file of our certificate */
export async function lookAtNss(file: string, fingerprint: string): Promise<readonly Finding[]> {
  const browser = BROWSERS.find((name) => whereIs(name) !== null)
  const own = join(homedir(), '.pki/nssdb')
  const stores = [...(browser || isStore(own) ? [own] : []), ...firefoxStores()]
  if (stores.length === 0) return []
  return await Promise.all(
    stores.map(async (store) => {
      const make = isStore(store)
        ? ''
        : `mkdir -p ${store} && certutil -N --empty-password -d sql:${store} && `
      const mend = `${make}certutil -A -d sql:${store} -n Cordon -t C,, -i ${file}`
      if (!isStore(store)) {
        return warn('NSS', `${browser} reads ${store}, and there is none`, mend)
      }
      if (whereIs('certutil') === null) {
        const hint = 'certutil is in libnss3-tools (Debian) or nss-tools (Fedora)'
        return skip('NSS', `${store} cannot be looked at without certutil`, hint)
      }
      return (await holdsTrusted(store, fingerprint))
        ? ok('NSS', `${store} trusts the CA`)
        : warn('NSS', `${store} does not trust the CA`, mend)
    }),
  )
}

async function holdsTrusted(store: string, fingerprint: string): Promise<boolean> {
  const { said } = await runBounded('certutil', ['-L', '-d', `sql:${store}`])
  // A name, and what it is trusted for: C is for servers.
  const names = said.split('\n').flatMap((line) => {
    const [, name, trust = ''] = /^(.+?)\s+([a-zA-Z]*),[a-zA-Z]*,[a-zA-Z]*\s*$/.exec(line) ?? []
    return name && trust.includes('C') ? [name] : []
  })
  for (const name of names.slice(0, MAX_CERTIFICATES)) {
    const shown = await runBounded('certutil', ['-L', '-d', `sql:${store}`, '-n', name, '-a'])
    if (fingerprintOf(shown.said) === fingerprint) return true
  }
  return false
}

function firefoxStores(): readonly string[] {
  return ['.mozilla/firefox', 'snap/firefox/common/.mozilla/firefox'].flatMap((path) => {
    const folder = join(homedir(), path)
    const profiles = existsSync(folder) ? readdirSync(folder) : []
    return profiles.map((name) => join(folder, name)).filter(isStore)
  })
}

function isStore(folder: string): boolean {
  return existsSync(join(folder, 'cert9.db'))
}

function fingerprintOf(pem: string): string | null {
  try {
    return new X509Certificate(pem).fingerprint256
  } catch {
    return null
  }
}

/** Null where it cannot be read. */
function holdsCertificate(file: string, pem: string): boolean | null {
  try {
    return readFileSync(file, 'utf8').replaceAll(/\s/g, '').includes(pem.replaceAll(/\s/g, ''))
  } catch {
    return null
  }
}
