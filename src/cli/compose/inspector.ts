/**
 * What finds data in bodies and takes it out: scanner, formats and operators put together for one process. What was replaced by a token is
 * put back in answers to the same agent, as one more kind that is found in them.
 */

import { ISSUED_TOKEN } from '../../inspect/operators/issued-token.ts'
import { deriveAgentKeys } from '../../inspect/operators/keys.ts'
import { replace } from '../../inspect/operators/replace.ts'
import { restoreText } from '../../inspect/operators/restorer.ts'
import { createVault, VAULT_LIMITS } from '../../inspect/operators/vault.ts'
import type { Recognizer } from '../../inspect/recognizers/recognizer.ts'
import { KINDS, RECOGNIZERS } from '../../inspect/recognizers/registry.ts'
import type { Replace } from '../../inspect/redact/reader.ts'
import { createRedactor, type Redactor } from '../../inspect/redact/redactor.ts'
import { createScanner } from '../../inspect/scan/create-scanner.ts'
import { NOWHERE, type Scanner } from '../../inspect/scan/scanner.ts'
import type { Operator } from '../../model/finding.ts'
import { type BodyView, isCoded } from '../../model/request-view.ts'
import type { AnswerRedactor, Decoder, Found, Inspector, Replaced } from '../../ports.ts'
import { inspectHeads } from './head-inspector.ts'

type Plan = ReadonlyMap<string, Operator>

/** @param openKey gives the key of hashes, surrogates and tokens; called at first use */
export function composeInspector(openKey: () => Buffer, decoder: Decoder): Inspector {
  let master: Buffer | null = null
  const keysOf = (agent: string) => {
    master ??= openKey()
    return deriveAgentKeys(master, agent)
  }
  const vault = createVault(keysOf, VAULT_LIMITS, () => performance.now())
  const everything = createScanner(RECOGNIZERS)
  const scanners = new WeakMap<Plan, Scanner>()
  const scannerFor = (plan: Plan, recognizers: readonly Recognizer[]) => {
    let scanner = scanners.get(plan)
    if (!scanner) {
      scanner = createScanner(recognizers, { types: new Set([...plan.keys(), ISSUED_TOKEN.type]) })
      scanners.set(plan, scanner)
    }
    return scanner
  }
  const isReal = (type: string, text: string) => {
    let found = false
    const bytes = Buffer.from(text)
    everything.scan(bytes, 0, bytes.length, NOWHERE, (_start, _end, each) => {
      found ||= each === type
    })
    return found
  }

  const replacing = (plan: Plan, agent: string): Replace => {
    const own = vault.for(agent)
    const means = { keys: keysOf(agent), vault: own, isReal }
    return (type, bytes, { kind }) => {
      const value = bytes.toString()
      if (type === ISSUED_TOKEN.type) return Buffer.from(restoreText(value, own))
      const operator = plan.get(type) ?? { kind: 'label' }
      const of = KINDS.get(type) ?? 'secret'
      const layer = kind === 'number' ? 'number' : 'text'
      return Buffer.from(replace({ type, class: of, value }, operator, layer, means))
    }
  }
  const open = (scan: Scanner, contentType: string | null, plan: Plan, agent: string): Redactor =>
    createRedactor({ contentType, scan, replace: replacing(plan, agent) })

  return {
    look: (body) =>
      readPlain(decoder, body, async (plain) => {
        const data = new Set<string>()
        const redactor = createRedactor({
          contentType: plain.contentType,
          scan: everything,
          replace: (type, value) => {
            data.add(type)
            data.add(KINDS.get(type) ?? type)
            return value
          },
        })
        redactor.push(Buffer.from(plain.bytes))
        redactor.end()
        return { data: redactor.unscannable.length > 0 ? null : data }
      }).then((looked) => looked ?? { data: null }),

    ...inspectHeads({
      everything,
      outgoing: (plan) => scannerFor(plan, RECOGNIZERS),
      incoming: (plan) => scannerFor(plan, [...RECOGNIZERS, ISSUED_TOKEN]),
      classOf: (type) => KINDS.get(type) ?? 'secret',
      replacing,
    }),

    redact: (body, plan, agent) =>
      readPlain(decoder, body, async (plain): Promise<Replaced> => {
        const redactor = open(scannerFor(plan, RECOGNIZERS), plain.contentType, plan, agent)
        const pieces = [...redactor.push(Buffer.from(plain.bytes)), ...redactor.end()]
        const [unreadable] = redactor.unscannable
        const found = toFound(redactor)
        return {
          bytes: found.length > 0 ? Buffer.concat(pieces) : null,
          found,
          unscanned: unreadable ? `${unreadable.reason} at ${unreadable.path}` : null,
        }
      }).then((replaced) => replaced ?? { bytes: null, found: [], unscanned: UNREAD }),

    open({ contentType, contentEncoding }, plan, agent): AnswerRedactor | null {
      if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') return null
      const scan = scannerFor(plan, [...RECOGNIZERS, ISSUED_TOKEN])
      const redactor = open(scan, contentType, plan, agent)
      return {
        push: (chunk) => redactor.push(chunk),
        end: () => redactor.end(),
        get found() {
          return toFound(redactor)
        },
        get isPartial() {
          return redactor.unscannable.length > 0
        },
      }
    },
  }
}

const UNREAD = 'it is too large, or compressed in a way that cannot be read'

/** @returns null where not all of it can be read */
async function readPlain<T>(
  decoder: Decoder,
  body: BodyView,
  read: (plain: BodyView) => Promise<T>,
): Promise<T | null> {
  const use = async (plain: BodyView) =>
    plain.complete && !isCoded(plain) ? await read(plain) : null
  return isCoded(body) ? decoder.decode(body, use) : use(body)
}

function toFound({ findings }: Redactor): readonly Found[] {
  return findings.filter(({ type }) => type !== ISSUED_TOKEN.type)
}
