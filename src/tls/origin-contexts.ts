/**
 * How to speak TLS with each origin: whom to believe there, and which certificate of ours to show (mutual TLS). Files are read at the start
 * and again when they have changed. INVARIANT: what is in force was read whole, its key belongs to its certificate, and nothing of a
 * private key is ever in a message.
 */

import { createHash, createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import tls from 'node:tls'
import type { Host } from '../model/authority.ts'
import type { HostPattern } from '../model/declaration.ts'
import { parseCertificates } from './certificate.ts'
import { readTextFile, TlsFileError } from './files.ts'

/** What the operator wants for some hosts. Paths of PEM files. */
export interface OriginFiles {
  readonly pattern: HostPattern
  /** The certificate to show, with its chain, and its key; null: none. */
  readonly identity: { readonly certificate: string; readonly key: string } | null
  /** The only roots to believe there; empty: the ones believed everywhere. */
  readonly roots: readonly string[]
}

export interface OriginContext {
  readonly context: tls.SecureContext
  /** Another one whenever another certificate is shown or other roots are believed; empty for what holds everywhere. */
  readonly id: string
}

export interface OriginContextsOptions {
  readonly files: readonly OriginFiles[]
  /** Roots believed where nothing else was said, as PEM, and the context made of them. */
  readonly roots: readonly string[]
  readonly trust: tls.SecureContext
  readonly clock: { now(): number }
  /** Tells the operator. */
  warn(text: string): void
}

interface Entry {
  readonly files: OriginFiles
  current: OriginContext
  stamp: string
}

/** Hosts whose entry is remembered. */
const MAX_KNOWN = 10_000

export class OriginContexts {
  readonly #options: OriginContextsOptions
  readonly #everywhere: OriginContext
  /** The most specific one first. */
  readonly #entries: readonly Entry[]
  readonly #known = new Map<string, Entry | null>()

  private constructor(options: OriginContextsOptions, entries: readonly Entry[]) {
    this.#options = options
    this.#everywhere = { context: options.trust, id: '' }
    this.#entries = entries
  }

  /** @throws TlsFileError */
  static async open(options: OriginContextsOptions): Promise<OriginContexts> {
    const entries: Entry[] = []
    for (const files of options.files) {
      const stamp = await stampOf(files)
      entries.push({ files, stamp, current: await readContext(files, options) })
    }
    const bySpecificity = (a: Entry, b: Entry) =>
      b.files.pattern.specificity - a.files.pattern.specificity
    return new OriginContexts(options, entries.sort(bySpecificity))
  }

  for({ text }: Host): OriginContext {
    if (this.#entries.length === 0) return this.#everywhere
    let entry = this.#known.get(text)
    if (entry === undefined) {
      entry = this.#entries.find(({ files }) => files.pattern.matches(text)) ?? null
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.set(text, entry)
    }
    return entry?.current ?? this.#everywhere
  }

  /**
   * Reads what has changed; what cannot be used leaves in force what was. Never rejects.
   *
   * @returns a sentence for each entry that changed
   */
  async renew(): Promise<readonly string[]> {
    const changed: string[] = []
    for (const entry of this.#entries) {
      const stamp = await stampOf(entry.files)
      if (stamp === entry.stamp) continue
      entry.stamp = stamp
      const { text } = entry.files.pattern
      try {
        const { id } = entry.current
        entry.current = await readContext(entry.files, this.#options)
        if (entry.current.id !== id) changed.push(`TLS with \`${text}\` uses its changed files`)
      } catch (error) {
        const why = error instanceof TlsFileError ? error.message : 'its files cannot be read'
        this.#options.warn(`\`origins\` for \`${text}\`: ${why}; what was read before stays in use`)
      }
    }
    return changed
  }
}

async function readContext(
  { pattern, identity, roots }: OriginFiles,
  options: OriginContextsOptions,
): Promise<OriginContext> {
  const own = (await Promise.all(roots.map((path) => readCertificates(path, CA_HINT)))).flat()
  const chain = identity ? await readCertificates(identity.certificate, CERTIFICATE_HINT) : []
  const key = identity ? await readKey(identity.key) : null
  const [leaf] = chain
  if (identity && leaf && key) {
    if (!leaf.checkPrivateKey(key)) throw new TlsFileError(identity.key, NOT_ITS_KEY, KEY_HINT)
    const now = options.clock.now()
    const fault = leaf.validToDate.getTime() <= now ? 'has expired' : 'is not valid yet'
    if (leaf.validToDate.getTime() <= now || leaf.validFromDate.getTime() > now) {
      options.warn(`the certificate for \`${pattern.text}\`, \`${identity.certificate}\`, ${fault}`)
    }
  }
  const context = tls.createSecureContext({
    ca: own.length > 0 ? own.map(String) : [...options.roots],
    minVersion: 'TLSv1.2',
    ...(key ? { key: key.export({ type: 'pkcs8', format: 'pem' }), cert: chain.join('') } : {}),
  })
  const hash = createHash('sha256')
  for (const certificate of [...chain, ...own]) hash.update(certificate.raw)
  return { context, id: `${chain.length} ${hash.digest('hex')}` }
}

async function readCertificates(path: string, hint: string): Promise<readonly X509Certificate[]> {
  const text = await read(path, hint)
  const certificates = parseCertificates(text)
  if (certificates) return certificates
  throw new TlsFileError(path, 'it does not hold certificates in PEM form and nothing else', hint)
}

async function readKey(path: string): Promise<KeyObject> {
  const text = await read(path, KEY_HINT)
  if (/-----BEGIN ENCRYPTED |^Proc-Type:.*ENCRYPTED/m.test(text)) {
    throw new TlsFileError(
      path,
      'its key is encrypted',
      'store it decrypted, readable to cordon alone',
    )
  }
  try {
    return createPrivateKey({ key: text, format: 'pem' })
  } catch {
    // What OpenSSL says of it may hold some of it.
    throw new TlsFileError(path, 'it does not hold one private key in PEM form', KEY_HINT)
  }
}

async function read(path: string, hint: string): Promise<string> {
  const text = await readTextFile(path)
  if (text === null) throw new TlsFileError(path, 'there is no such file', hint)
  return text
}

async function stampOf({ identity, roots }: OriginFiles): Promise<string> {
  const paths = identity ? [identity.certificate, identity.key, ...roots] : roots
  const stamps = paths.map(async (path) => {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(path)
      return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
    } catch {
      return 'missing'
    }
  })
  return (await Promise.all(stamps)).join('\n')
}

const CERTIFICATE_HINT = 'put the certificate first and its chain behind it, in PEM form'
const KEY_HINT = 'name the key of the first certificate in `certificate`'
const CA_HINT = 'list PEM files with `-----BEGIN CERTIFICATE-----` under `ca`'
const NOT_ITS_KEY = 'it is not the key of the certificate'
