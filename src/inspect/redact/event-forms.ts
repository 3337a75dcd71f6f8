/** Forms of the last events of a stream. Learns as long as that pays. */

import type { EventForm } from './event-form.ts'

/** Forms that are known at a time. */
const MANY = 4
/** Forms that are learnt before any was of use. */
const ADVANCE = 6
/** Events by which a form has to be of use on average. */
const WORTH = 8
const BEGINNING = 24

export class EventForms {
  /** The one of most use lately first. */
  readonly #forms: EventForm[] = []
  /** How the last event began of which no form was known. */
  #last: Buffer = Buffer.alloc(0)
  #learnt = 0
  #used = 0

  /** @returns the form that an event has, with where its values are; null for none that is known */
  find(data: Buffer, name: string): EventForm | null {
    const forms = this.#forms
    for (let i = 0; i < forms.length; i++) {
      const form = forms[i] as EventForm
      if (!form.fits(data, name)) continue
      this.#used++
      if (i > 0) {
        forms.splice(i, 1)
        forms.unshift(form)
      }
      return form
    }
    return null
  }

  /** Whether to learn the form of an event that has none that is known: when it looks like the last such. */
  wants(data: Buffer): boolean {
    const last = this.#last
    this.#last = Buffer.from(data.subarray(0, BEGINNING))
    if (!last.equals(this.#last)) return false
    return this.#learnt <= ADVANCE + this.#used / WORTH
  }

  add(form: EventForm | null): void {
    this.#learnt++
    if (!form) return
    if (this.#forms.length === MANY) this.#forms.pop()
    this.#forms.unshift(form)
  }
}
