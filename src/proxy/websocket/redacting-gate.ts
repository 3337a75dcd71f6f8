/** Messages of a WebSocket without what a rule takes out, each way by its own plan; in those to the client, what was replaced for it stands again. */

import { partiesOf } from '../../admission.ts'
import type { MessageRedactor } from '../../inspector.ts'
import type { Ending } from '../../model/audit-record.ts'
import type { Direction } from '../../model/finding.ts'
import type { Permit } from '../../release.ts'
import type { ProxyContext } from '../proxy.ts'
import { CLOSE, MAX_CONTROL_BYTES, OPCODE } from './frames.ts'
import type { Message, MessageGate, Passage } from './message.ts'

export interface RedactingGates {
  readonly out: RedactingGate | null
  readonly in: RedactingGate | null
}

export function openGates(
  { inspector }: Pick<ProxyContext, 'inspector'>,
  { plan, redact, admission }: Permit,
): RedactingGates {
  const parties = partiesOf(admission)
  const { policy } = admission.assessment
  const { onUnscannable } = policy
  const open = (direction: Direction, what: typeof redact) =>
    what &&
    new RedactingGate(
      inspector(policy).openMessages(direction, what, parties),
      direction,
      onUnscannable[direction] !== 'pass',
    )
  return {
    out: plan && plan.out.size > 0 ? open('out', plan.out) : null,
    in: open('in', redact),
  }
}

/** What the log says of it in the end. @param ending with what was taken out of the handshake */
export function withMessages(ending: Ending, gates: RedactingGates): Ending {
  const open = [gates.out, gates.in].filter((gate) => gate !== null)
  const redactions = [...(ending.redactions ?? []), ...open.flatMap(({ found }) => found)]
  const isRead = open.length > 0 && open.every(({ isPartial }) => !isPartial)
  return {
    ...ending,
    ...(redactions.length > 0 && { redactions }),
    ...(isRead && { inspection: 'full' }),
  }
}

class RedactingGate implements MessageGate {
  readonly #redactor: MessageRedactor
  readonly #direction: Direction
  readonly #blocksUnread: boolean

  constructor(redactor: MessageRedactor, direction: Direction, blocksUnread: boolean) {
    this.#redactor = redactor
    this.#direction = direction
    this.#blocksUnread = blocksUnread
  }

  pass({ opcode, payload }: Message): Passage {
    const passed = this.#redactor.push({ isText: opcode === OPCODE.text, bytes: payload })
    const { unscanned } = this.#redactor
    if (unscanned === null || !this.#blocksUnread) return passed.map(toMessage)
    return {
      closeCode: unscanned === 'size' ? CLOSE.tooLarge : CLOSE.policy,
      error: this.#direction === 'out' ? 'body-unscannable' : 'answer-unscannable',
    }
  }

  control(opcode: number, payload: Buffer): Buffer {
    const code = payload.subarray(0, opcode === OPCODE.close ? 2 : 0)
    const before = payload.subarray(code.length)
    const said = this.#redactor.beside(before)
    if (said === before) return payload
    const fits = code.length + said.length <= MAX_CONTROL_BYTES
    return fits ? Buffer.concat([code, said]) : code
  }

  end(): readonly Message[] {
    return this.#redactor.end().map(toMessage)
  }

  get held(): number {
    return this.#redactor.held
  }

  get found(): NonNullable<Ending['redactions']> {
    return this.#redactor.found.map((one) => ({ ...one, direction: this.#direction }))
  }

  /** Whether one of its messages could not be read. */
  get isPartial(): boolean {
    return this.#redactor.unscanned !== null
  }
}

function toMessage({ isText, bytes }: { isText: boolean; bytes: Buffer }): Message {
  return { opcode: isText ? OPCODE.text : OPCODE.binary, payload: bytes }
}
