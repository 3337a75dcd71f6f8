/**
 * npm packages that look for data in a text, to stand beside Cordon; none is a dependency of it. They take a text, not a body: nothing of its
 * format is read, and nothing is held between pieces.
 */

import { missing } from '../installed.ts'

export interface Peer {
  readonly name: string
  look(text: string): Promise<void>
}

const PEERS: Readonly<Record<string, () => Promise<Peer['look']>>> = {
  'redact-pii': async () => {
    const { SyncRedactor } = await load('redact-pii')
    const redactor = new (SyncRedactor as new () => { redact(text: string): string })()
    return async (text) => {
      redactor.redact(text)
    }
  },
  openredaction: async () => {
    const { OpenRedaction } = await load('openredaction')
    const redactor = new (OpenRedaction as new () => { detect(text: string): Promise<unknown> })()
    return async (text) => {
      await redactor.detect(text)
    }
  },
  '@secretlint/secretlint-rule-preset-recommend': async () => {
    const id = '@secretlint/secretlint-rule-preset-recommend'
    const { creator: rule } = await load(id)
    const { lintSource } = await load('@secretlint/core')
    const lint = lintSource as (of: unknown) => Promise<unknown>
    return async (content) => {
      await lint({
        source: { filePath: 'body.json', content, ext: '.json', contentType: 'text' },
        options: { config: { rules: [{ id, rule }] }, noPhysicFilePath: true },
      })
    }
  },
}

/** @returns those that are installed, and the names of the others */
export async function openPeers(): Promise<{ peers: readonly Peer[]; missing: readonly string[] }> {
  const names = Object.keys(PEERS)
  const absent = missing(names.map((name) => `npm:${name}`)).map((need) => need.slice(4))
  const peers: Peer[] = []
  for (const [name, open] of Object.entries(PEERS)) {
    if (!absent.includes(name)) peers.push({ name, look: await open() })
  }
  return { peers, missing: absent }
}

/** A name in a variable: types of what may not be there are not asked for. */
async function load(name: string): Promise<Record<string, unknown>> {
  const loaded: { default?: Record<string, unknown> } & Record<string, unknown> = await import(name)
  return { ...loaded.default, ...loaded }
}
