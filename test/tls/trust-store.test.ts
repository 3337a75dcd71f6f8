import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import forge from 'node-forge'
import { beforeAll, describe, expect, test } from 'vitest'
import { createTrustStore } from '../../src/tls/trust-store.ts'
import { missing, program } from '../support/needs.ts'
import { issue, run, temporaryFolder } from './support.ts'

let certificate: X509Certificate
beforeAll(() => {
  certificate = new X509Certificate(issue({ ca: true, name: 'trusted' }).pem)
})

describe('a trust store', () => {
  test('holds the certificate, and its password is checked', () => {
    const bytes = createTrustStore(certificate, 'changeit')
    const decoded = forge.asn1.fromDer(bytes.toString('latin1'))
    const store = forge.pkcs12.pkcs12FromAsn1(decoded, 'changeit')
    const bags = store.safeContents.flatMap(({ safeBags }) => safeBags)
    expect(bags).toHaveLength(1)
    expect(bags[0]?.attributes.friendlyName).toEqual(['cordon'])
    expect(forge.asn1.toDer(bags[0]?.asn1 as forge.asn1.Asn1).getBytes()).toBe(
      certificate.raw.toString('latin1'),
    )
    expect(() => forge.pkcs12.pkcs12FromAsn1(decoded, 'wrong')).toThrow()
  })

  test('cannot be changed without the password', () => {
    const bytes = createTrustStore(certificate, 'changeit')
    const at = bytes.indexOf(certificate.raw.subarray(-8))
    bytes[at] = (bytes[at] ?? 0) ^ 1
    const decoded = forge.asn1.fromDer(bytes.toString('latin1'))
    expect(() => forge.pkcs12.pkcs12FromAsn1(decoded, 'changeit')).toThrow()
  })

  test.skipIf(missing(program('openssl', 'version')))(
    'is read by openssl (skipped where it is not installed)',
    async () => {
      await using folder = await temporaryFolder()
      const path = join(folder.path, 'ca.p12')
      await writeFile(path, createTrustStore(certificate, 'pass wörd'))
      const read = (password: string) =>
        run('openssl', 'pkcs12', '-in', path, '-nokeys', '-passin', `pass:${password}`)
      const { status, output } = await read('pass wörd')
      expect([status, output.match(/BEGIN CERTIFICATE/g)?.length]).toEqual([0, 1])
      expect((await read('wrong')).status).not.toBe(0)
    },
  )

  test.skipIf(missing(program('keytool', '-help')))(
    'has one trusted entry for Java (skipped where keytool is not installed)',
    async () => {
      await using folder = await temporaryFolder()
      const path = join(folder.path, 'ca.p12')
      await writeFile(path, createTrustStore(certificate, 'changeit'))
      const list = ['-list', '-keystore', path, '-storetype', 'PKCS12', '-storepass', 'changeit']
      const { output } = await run('keytool', ...list)
      expect(output).toContain('cordon')
      expect(output).toContain('trustedCertEntry')
      expect(output).toContain(certificate.fingerprint256)
    },
    30_000,
  )
})
