/** A notice as a mail: text alone, because what is not HTML cannot be injected into. */

import type { Notice } from './notice.ts'
import { toPlain } from './plain.ts'
import { toWording } from './wording.ts'

export interface MailText {
  readonly subject: string
  readonly text: string
}

const MAX_SUBJECT = 150

export function toMailText(notice: Notice): MailText {
  const { title, facts } = toWording(notice)
  const link = notice.link
    ? ['', 'Look at it and decide (with your own reviewer token):', notice.link.url]
    : []
  const lines = [title, '', ...facts.map(([label, text]) => `${label}: ${text}`), ...link]
  return {
    subject: toPlain(`Cordon: ${title}`, MAX_SUBJECT),
    text: `${lines.join('\n')}\n`,
  }
}
