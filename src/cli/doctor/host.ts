/** What can be told on a host whose traffic is to go through the proxy: are programs sent there, do they trust it, and is there another way out? */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IpAddress } from '../../model/address.ts'
import { toHostPort } from '../endpoints.ts'
import { CommandError, EXIT } from '../output.ts'
import { lookAtClock } from './clock.ts'
import { lookAtEgress, lookAtNameServers } from './egress.ts'
import { type Finding, ok, warn } from './finding.ts'
import { lookAtRuntimes } from './runtimes.ts'
import { lookAtBundle, lookAtNss, lookAtReaders } from './stores.ts'

export interface HostLook {
  /** `host:port` */
  readonly proxy: string
  /** A file: the CA's certificate. */
  readonly ca: string
  readonly targets: readonly IpAddress[]
}

/** @throws CommandError without a certificate: nothing could be told apart */
export async function lookAtHost({ proxy, ca, targets }: HostLook): Promise<readonly Finding[]> {
  const pem = readCertificate(ca)
  const [host, port] = toHostPort(proxy)
  const fingerprint = new X509Certificate(pem).fingerprint256
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return [
    lookAtVariables(),
    ...(await lookAtEgress(targets, pem)),
    await lookAtClock({ host: reached, port }),
    ...(await lookAtNameServers()),
    lookAtBundle(pem),
    ...(await lookAtRuntimes({ host: reached, port, fingerprint })),
    ...lookAtReaders(pem),
    ...(await lookAtNss(ca, fingerprint)),
  ]
}

function readCertificate(file: string): string {
  try {
    return new X509Certificate(readFileSync(file)).toString()
  } catch (error) {
    const message = `\`${file}\` is no certificate that can be read: ${(error as Error).message}`
    const hint = 'name the proxy’s: `cordon ca export --out ca.pem` there, then `--ca ca.pem` here'
    throw new CommandError(EXIT.invalid, message, hint)
  }
}

function lookAtVariables(): Finding {
  const { HTTPS_PROXY, https_proxy } = process.env
  const value = https_proxy ?? HTTPS_PROXY
  if (!value) {
    const hint = 'eval "$(cordon env)", or force it: `cordon firewall`'
    return warn('variables', 'HTTPS_PROXY is not set here', hint)
  }
  // It may hold a token.
  const url = URL.parse(value)
  return ok('variables', `HTTPS_PROXY leads to ${url ? url.host : 'somewhere'}`)
}
