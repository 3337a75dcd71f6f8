/**
 * The processes that serve, on one port: started, told of what changes, replaced when they end. All of them enforce the same policy: a new
 * one is first read by all, and only then do they go over to it.
 */

import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { Snapshot } from '../../../config/source.ts'
import type { Holds } from '../../../ports.ts'
import { sumUsage } from '../../../proxy/limits/connections.ts'
import { CommandError, EXIT } from '../../output.ts'
import type { Bound, BoundTransparent } from '../traffic.ts'
import { HeldCalls } from './held-calls.ts'
import { KeptTokens } from './kept-tokens.ts'
import { type End, Member, type MemberOptions } from './member.ts'
import type { FromWorker, Start, ToWorker } from './messages.ts'

export interface CrewOptions extends Omit<MemberOptions, 'onMessage'> {
  /** What one of them says without having been asked. */
  onMessage(message: FromWorker): void
  readonly holds: Holds
  readonly size: number
  /** What a process that starts now begins with. */
  start(): Start
  /** One has ended that should not have. */
  onLoss(pid: number, end: End): void
  report(where: string, error: unknown): void
}

export interface Listening {
  readonly bound: Bound
  readonly transparent: BoundTransparent | null
  readonly dns: Bound | null
}

/** How long a process may take to start, to read a policy, and to say what it has counted, in milliseconds. */
const START_MS = 30_000
const POLICY_MS = 10_000
const METRICS_MS = 2_000
/** How long a call waits until all processes know the tokens in it, in milliseconds. */
const TOKENS_MS = 250
/** A process that ends is replaced at once; one that ends again and again, after longer and longer. */
const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 30_000
/** Whoever lived for so long has not failed to start. */
const STABLE_MS = 10_000
/** A process that says nothing for so many looks is ended and replaced: its event loop hangs. A look each second; it says something as often. */
const LOOK_MS = 1_000
const MAX_SILENT = 15
/** Beyond the time that calls get to end. */
const CLOSE_MS = 5_000

const WORKER = fileURLToPath(new URL('../../../worker.ts', import.meta.url))

export class Crew {
  readonly #options: CrewOptions
  readonly #members = new Set<Member>()
  readonly #heldCalls = new WeakMap<Member, HeldCalls>()
  #listening: Listening | null = null
  readonly #tokens = new KeptTokens()
  #stopping = false
  #delay = FIRST_DELAY_MS
  #questions = 0
  #exits = 0
  #looking: NodeJS.Timeout | null = null

  constructor(options: CrewOptions) {
    this.#options = options
    // The kernel hands out connections: nothing has to pass through the process that owns.
    cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({
      exec: WORKER,
      args: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
    })
  }

  /** Those that serve now. */
  get size(): number {
    return this.#members.size
  }

  /** Those that take connections. */
  get serving(): number {
    return [...this.#members].filter(({ isServing }) => isServing).length
  }

  /** How many have ended that should not have. */
  get exits(): number {
    return this.#exits
  }

  /** @throws CommandError when one of them cannot start; none is left then */
  async open(): Promise<Listening> {
    try {
      const all = Array.from({ length: this.#options.size }, () => this.#add())
      const [listening] = await Promise.all(all)
      if (!listening) throw new Error('there is nobody to serve')
      this.#listening = listening
      this.#looking = setInterval(() => this.#look(), LOOK_MS)
      this.#looking.unref()
      return listening
    } catch (error) {
      this.#stopping = true
      for (const member of this.#members) member.kill()
      await this.#allEnded()
      throw error
    }
  }

  tellAll(message: ToWorker): void {
    for (const member of this.#members) member.tell(message)
  }

  /**
   * Brings a policy into force in all of them.
   *
   * @throws Error when one cannot read it; then it is in force in none
   */
  async change(snapshot: Snapshot, digest: string): Promise<void> {
    const told = new Set(this.#members)
    const replies = await Promise.all([...told].map((member) => prepare(member, snapshot)))
    const fault = replies.find((reply) => reply?.type === 'unprepared')
    if (fault?.type === 'unprepared') throw new Error(fault.message)
    await Promise.all([...told].map((member) => commit(member, digest)))
    // Who was started meanwhile, in place of one that has ended, has begun with what was in force before.
    for (const member of this.#members) {
      if (told.has(member)) continue
      await prepare(member, snapshot)
      await commit(member, digest)
    }
  }

  /** What each of them has counted; without those that do not answer. */
  async metrics(): Promise<readonly (readonly object[])[]> {
    const ask = async (member: Member) => {
      const id = ++this.#questions
      const fits = (reply: FromWorker) => reply.type === 'metrics' && reply.id === id
      const reply = await member.ask({ type: 'metrics', id }, ['metrics'], METRICS_MS, fits)
      return reply?.type === 'metrics' ? [reply.metrics] : []
    }
    return (await Promise.all([...this.#members].map(ask))).flat()
  }

  /** Lets calls under way end for at most `grace` milliseconds. */
  async close(grace: number): Promise<void> {
    this.#stopping = true
    if (this.#looking) clearInterval(this.#looking)
    this.tellAll({ type: 'close', grace })
    const timer = setTimeout(() => {
      for (const member of this.#members) member.kill()
    }, grace + CLOSE_MS)
    await this.#allEnded()
    clearTimeout(timer)
  }

  #look(): void {
    for (const member of this.#members) {
      if (member.look() >= MAX_SILENT) member.kill(`did not answer for ${MAX_SILENT} seconds`)
    }
  }

  async #add(): Promise<Listening> {
    const { audit, holds, start } = this.#options
    const member = new Member({ audit, onMessage: (message) => this.#onMessage(member, message) })
    this.#heldCalls.set(member, new HeldCalls(holds, (message) => member.tell(message)))
    this.#members.add(member)
    member.ended.then((end) => this.#onEnd(member, end))
    const given = start()
    const order = { type: 'start', start: given } as const
    const starting = member.ask(order, ['listening', 'failed'], START_MS)
    // Read when it has started, and before whatever is told later.
    for (const kept of this.#tokens.batches()) member.tell({ type: 'tokens', id: 0, kept })
    const reply = await starting
    if (reply?.type === 'failed') {
      const { code, message, hint } = reply.failure
      throw new CommandError(code, message, hint)
    }
    if (reply?.type !== 'listening') {
      member.kill()
      throw new CommandError(EXIT.failed, 'a process that serves did not start')
    }
    // Started while the policy was changed: it was asked to come along, but perhaps before it could.
    const { snapshot, digest } = start()
    if (digest !== reply.digest) {
      await prepare(member, snapshot)
      await commit(member, digest)
    }
    return reply
  }

  #onMessage(member: Member, message: FromWorker): void {
    if (message.type === 'hold-ask') this.#heldCalls.get(member)?.ask(message)
    else if (message.type === 'hold-gone') this.#heldCalls.get(member)?.leave(message.id)
    else if (message.type === 'tokens') this.#share(member, message)
    else if (isForOthers(message)) this.#tellOthers(member, message)
    else if (message.type !== 'usage') this.#options.onMessage(message)
    else {
      member.usage = message.usage
      this.#tellUsage(member)
    }
  }

  #tellOthers(from: Member, message: ForOthers): void {
    for (const member of this.#members) if (member !== from) member.tell(message)
  }

  async #share(from: Member, { id, kept }: FromWorker & { readonly type: 'tokens' }) {
    this.#tokens.take(kept)
    const ask = async (member: Member) => {
      const question = { type: 'tokens', id: ++this.#questions, kept } as const
      if (!member.isServing) return member.tell(question)
      const fits = (reply: FromWorker) => reply.type === 'tokens-taken' && reply.id === question.id
      await member.ask(question, ['tokens-taken'], TOKENS_MS, fits)
    }
    await Promise.all([...this.#members].filter((member) => member !== from).map(ask))
    from.tell({ type: 'tokens-shared', id })
  }

  #tellUsage(changed: Member): void {
    for (const member of this.#members) {
      if (member === changed) continue
      const others = [...this.#members].filter((other) => other !== member)
      member.tell({ type: 'usage', usage: sumUsage(others.map(({ usage }) => usage)) })
    }
  }

  #onEnd(member: Member, end: End): void {
    this.#members.delete(member)
    if (this.#stopping) return
    this.#tellUsage(member)
    // Before the first start is done, whoever waits for it hears of it.
    if (this.#listening === null) return
    this.#exits++
    this.#options.onLoss(member.pid, end)
    const isStable = performance.now() - member.bornAt >= STABLE_MS
    const delay = isStable ? 0 : this.#delay
    this.#delay = isStable ? FIRST_DELAY_MS : Math.min(2 * this.#delay, MAX_DELAY_MS)
    setTimeout(() => {
      if (this.#stopping || this.#members.size >= this.#options.size) return
      this.#add().catch((error: unknown) => this.#options.report('worker', error))
    }, delay)
  }

  async #allEnded(): Promise<void> {
    await Promise.all([...this.#members].map(({ ended }) => ended))
  }
}

/** What is passed on as it is. */
type ForOthers = Extract<FromWorker, { type: 'session' | 'acceptance' | 'answer' }>

function isForOthers(message: FromWorker): message is ForOthers {
  return ['session', 'acceptance', 'answer'].includes(message.type)
}

function prepare(member: Member, snapshot: Snapshot): Promise<FromWorker | null> {
  return member.ask({ type: 'prepare', snapshot }, ['prepared', 'unprepared'], POLICY_MS)
}

/** Whoever cannot be relied on to enforce what the others do does not serve any more. */
async function commit(member: Member, digest: string): Promise<void> {
  const reply = await member.ask({ type: 'commit', digest }, ['committed'], POLICY_MS)
  if (reply?.type !== 'committed' || reply.digest !== digest) member.kill()
}
