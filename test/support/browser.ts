/** A headless Chromium with a fresh profile that trusts the CA of a proxy and goes through it, loopback included. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { runProgram } from './clients.ts'
import { installed, type Need, program } from './needs.ts'
import type { TestProxy } from './proxy.ts'

export const CHROMIUM = '/usr/bin/chromium'
export const browserNeeds: readonly Need[] = [program(CHROMIUM, '--version'), installed('certutil')]

/** @param home a folder that does not exist yet */
export async function openBrowser(
  proxy: TestProxy,
  home: string,
  args: readonly string[] = [],
): Promise<Browser> {
  const store = join(home, '.pki/nssdb')
  mkdirSync(store, { recursive: true })
  const database = ['-d', `sql:${store}`]
  await runProgram('certutil', [...database, '-N', '--empty-password'])
  const trusted = ['-A', '-t', 'C,,', '-n', 'cordon', '-i', proxy.ca]
  const { code, err } = await runProgram('certutil', [...database, ...trusted])
  if (code !== 0) throw new Error(err)
  return chromium.launch({
    executablePath: CHROMIUM,
    env: { ...process.env, HOME: home } as Record<string, string>,
    proxy: { server: proxy.url, bypass: '<-loopback>' },
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...args,
    ],
  })
}
