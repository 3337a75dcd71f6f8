/**
 * What finds data in bodies and takes it out: scanner, formats and operators put together for one process. What was replaced by a token is
 * put back in answers to the same agent, as one more kind that is found in them.
 */

import { ISSUED_TOKEN } from '../../inspect/operators/issued-token.ts'
import { type AgentKeys, deriveAgentKeys } from '../../inspect/operators/keys.ts'
import { replace } from '../../inspect/operators/replace.ts'
import { restoreText } from '../../inspect/operators/restorer.ts'
import { createVault, type Kept, VAULT_LIMITS, type Vault } from '../../inspect/operators/vault.ts'
import { preview } from '../../inspect/preview.ts'
import { recognitionOf } from '../../inspect/recognizers/recognition.ts'
import { isSealed, parseContentType } from '../../inspect/redact/content-type.ts'
import { Decoding, parseCodings } from '../../inspect/redact/decoding.ts'
import { createMessageRedactor } from '../../inspect/redact/message-redactor.ts'
import type { Replace, Sealed } from '../../inspect/redact/reader.ts'
import { createRedactor, type Redactor } from '../../inspect/redact/redactor.ts'
import { NOWHERE, type Scanner } from '../../inspect/scan/scanner.ts'
import type {
  BodyRedactor,
  Found,
  Inspector,
  InspectorFor,
  MessageRedactor,
  Parties,
  Replaced,
} from '../../inspector.ts'
import type { Direction, Operator } from '../../model/finding.ts'
import { type BodyView, isCoded } from '../../model/request-view.ts'
import type { Policy } from '../../policy/compile.ts'
import type { Decoder } from '../../ports.ts'
import { inspectHeads } from './head-inspector.ts'
import { Scanners } from './scanners.ts'
import { inspectStatements } from './statement-inspector.ts'

type Plan = ReadonlyMap<string, Operator>

/** How processes tell each other which token stands for which value. */
export interface TokenSharing {
  /** Called once, with where to put what others say. */
  open(vault: Vault): void
  keep(kept: Kept): void
  /** Resolves when all others have what was kept in this turn of the event loop, or it takes them too long. */
  shared(): Promise<void>
}

/** Agents whose keys are at hand: to derive them costs as much as to look at a request. */
const MAX_KNOWN = 1000

const ALONE: TokenSharing = { open: () => {}, keep: () => {}, shared: async () => {} }

/**
 * @param openKey gives the key of hashes, surrogates and tokens; called at first use
 * @param ratio how many times its size a body may become that is decoded as it passes
 */
export function composeInspector(
  openKey: () => Buffer,
  decoder: Decoder,
  ratio: number,
  sharing: TokenSharing = ALONE,
): InspectorFor {
  let master: Buffer | null = null
  const known = new Map<string, AgentKeys>()
  const keysOf = (agent: string) => {
    const before = known.get(agent)
    if (before) return before
    master ??= openKey()
    const keys = deriveAgentKeys(master, agent)
    if (known.size === MAX_KNOWN) known.clear()
    known.set(agent, keys)
    return keys
  }
  const now = () => performance.now()
  const vault = createVault(keysOf, VAULT_LIMITS, now, (kept) => sharing.keep(kept))
  sharing.open(vault)
  const shared = { keysOf, vault, decoder, ratio, sharing, scanners: new Scanners() }
  const made = new WeakMap<Policy, Inspector>()
  return (policy) => {
    const inspector = made.get(policy) ?? inspectUnder(policy, shared)
    made.set(policy, inspector)
    return inspector
  }
}

/** The same under each policy: what is replaced by a token under one is restored under the next. */
interface Shared {
  keysOf(agent: string): AgentKeys
  readonly vault: Vault
  readonly decoder: Decoder
  readonly ratio: number
  readonly sharing: TokenSharing
  readonly scanners: Scanners
}

function inspectUnder(
  { kinds, askedFor }: Policy,
  { keysOf, vault, decoder, ratio, sharing, scanners }: Shared,
): Inspector {
  const recognition = recognitionOf(kinds)
  const { allow } = recognition
  const onByThemselves = [...recognition].filter(([, { readiness }]) => readiness !== 'off')
  const usual = new Set([...onByThemselves.map(([type]) => type), ...askedFor])
  const everything = scanners.get(recognition, usual, 'look')
  // Kinds that are off are found as well where something is shown to people.
  const others = [...recognition.keys()].filter((type) => !usual.has(type))
  const ofPlans = new WeakMap<Plan, Scanner>()
  const scannerFor = (plan: Plan, direction: Direction) => {
    const scanner = ofPlans.get(plan) ?? scanners.get(recognition, plan.keys(), direction)
    ofPlans.set(plan, scanner)
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
    return (type, bytes, { kind, path }) => {
      const value = bytes.toString()
      if (type === ISSUED_TOKEN.type) return Buffer.from(restoreText(value, own))
      if (allow.allows(value, path)) return null
      const operator = plan.get(type) ?? { kind: 'label' }
      const of = recognition.classOf(type)
      const layer = kind === 'number' ? 'number' : 'text'
      return Buffer.from(replace({ type, class: of, value }, operator, layer, means))
    }
  }
  const open = (
    scan: Scanner,
    contentType: string | null,
    plan: Plan,
    direction: Direction,
    parties: Parties,
  ): Redactor =>
    createRedactor({
      contentType,
      scan,
      replace: replacing(plan, parties.agent),
      sealed: sealedFor(direction, parties),
    })

  return {
    look: (body, parties) =>
      readPlain(decoder, body, async (plain) => {
        if (!plain?.complete || plain.beside === null) return { data: null }
        const data = new Set<string>()
        const replace: Replace = (type, value, { path }) => {
          if (allow.allows(value.toString(), path)) return null
          data.add(type)
          data.add(recognition.classOf(type))
          return value
        }
        const { contentType } = plain
        const sealed = sealedFor('out', parties)
        const redactor = createRedactor({ contentType, scan: everything, sealed, replace })
        redactor.push(Buffer.from(plain.bytes))
        redactor.end()
        if (plain.beside) {
          const besides = createRedactor({ contentType: 'text/plain', scan: everything, replace })
          besides.push(Buffer.from(plain.beside))
          besides.end()
        }
        return { data: redactor.unscannable.length > 0 ? null : data }
      }),

    preview(target, body) {
      const scans = [everything, scanners.get(recognition, others, 'look')]
      const [, query = null] = /\?(.*)$/s.exec(target) ?? []
      if (!body) return Promise.resolve(preview(query, null, scans))
      return readPlain(decoder, body, async (plain) => preview(query, plain, scans))
    },

    ...inspectHeads({
      everything,
      outgoing: (plan) => scannerFor(plan, 'out'),
      incoming: (plan) => scannerFor(plan, 'in'),
      recognition,
      replacing,
    }),
    ...inspectStatements({ everything, scannerFor, replacing, recognition }),

    redact: (body, plan, parties) =>
      readPlain(decoder, body, async (plain): Promise<Replaced> => {
        if (!plain) return { ...NOTHING_FOUND, unscanned: UNDECODED }
        const redactor = open(scannerFor(plan, 'out'), plain.contentType, plan, 'out', parties)
        if (!plain.complete) {
          redactor.push(Buffer.from(plain.bytes.subarray(0, BEGINNING)))
          return { ...NOTHING_FOUND, unscanned: sayUnscanned(redactor), isLarger: true }
        }
        const pieces = [...redactor.push(Buffer.from(plain.bytes)), ...redactor.end()]
        const found = toFound(redactor)
        // Whoever serves what comes back may be another process.
        await sharing.shared()
        // What stands beside the data in its coding does not go on.
        const isBare = plain.beside !== undefined
        const bytes = found.length > 0 || isBare ? Buffer.concat(pieces) : null
        return { bytes, found, unscanned: sayUnscanned(redactor), isLarger: false }
      }),

    open(direction, { contentType, contentEncoding }, plan, parties): BodyRedactor | null {
      const codings = parseCodings(contentEncoding)
      if (!codings || isSealed(parseContentType(contentType).type)) return null
      const redactor = open(scannerFor(plan, direction), contentType, plan, direction, parties)
      return {
        decoding: codings.length > 0 ? new Decoding(codings, ratio) : null,
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

    openMessages(direction, plan, parties): MessageRedactor {
      const scan = scannerFor(plan, direction)
      const redactor = createMessageRedactor({
        scan,
        replace: replacing(plan, parties.agent),
        sealed: sealedFor(direction, parties),
      })
      return {
        push: (message) => redactor.push(message),
        beside: (said) => redactor.beside(said),
        end: () => redactor.end(),
        get held() {
          return redactor.held
        },
        get found() {
          return toFound(redactor)
        },
        get unscanned() {
          const { unscannable } = redactor
          if (unscannable.length === 0) return null
          return unscannable.some(({ reason }) => reason === 'size') ? 'size' : 'form'
        },
      }
    },
  }
}

function sealedFor(direction: Direction, { servesModels }: Parties): Sealed {
  if (!servesModels) return 'read'
  return direction === 'in' ? 'left-in-answers' : 'left'
}

/** Bytes by which it is told whether the rest can be read. */
const BEGINNING = 64 * 1024

const NOTHING_FOUND: Replaced = { bytes: null, found: [], unscanned: null, isLarger: false }
const UNDECODED = 'it is compressed in a way that cannot be read'

/** @param read is given it without content coding, or as much of it as there is; null where that cannot be undone */
function readPlain<T>(
  decoder: Decoder,
  body: BodyView,
  read: (plain: BodyView | null) => Promise<T>,
): Promise<T> {
  if (!isCoded(body)) return read(body)
  return decoder.decode(body, (plain) => read(isCoded(plain) ? null : plain))
}

/** Without the names that lead there: they may be data that nobody asked for. */
function sayUnscanned({ unscannable: [first] }: Redactor): string | null {
  if (!first) return null
  return `${first.reason} ${first.path === 'body' ? 'at' : 'within the'} body`
}

function toFound({ findings }: Pick<Redactor, 'findings'>): readonly Found[] {
  return findings.filter(({ type }) => type !== ISSUED_TOKEN.type)
}
