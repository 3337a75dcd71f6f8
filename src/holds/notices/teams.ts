/**
 * The shape that a Teams workflow (`When a webhook request is received`) takes: a message with one Adaptive Card. What others have
 * written stands in text runs alone, which know neither Markdown nor HTML; only what looks like one of their functions is broken.
 */

import type { Notice } from './notice.ts'
import { toWording } from './wording.ts'

/** Characters of one fact: a message may have 28 KB in all. */
const MAX_TEXT = 1_000

export function toTeams(notice: Notice): unknown {
  const { title, facts } = toWording(notice)
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            runs({ text: title, weight: 'Bolder', size: 'Medium' }),
            ...facts.map(([label, text]) =>
              runs({ text: `${label}: `, weight: 'Bolder' }, { text }),
            ),
          ],
          actions: notice.link
            ? [{ type: 'Action.OpenUrl', title: 'Look at it and decide', url: notice.link.url }]
            : [],
        },
      },
    ],
  }
}

interface Run {
  readonly text: string
  readonly weight?: 'Bolder'
  readonly size?: 'Medium'
}

function runs(...inlines: readonly Run[]) {
  return {
    type: 'RichTextBlock',
    inlines: inlines.map((run) => ({ type: 'TextRun', ...run, text: toRun(run.text) })),
  }
}

/** `{{DATE(…)}}` would show a date that nobody has written. */
function toRun(text: string): string {
  const broken = text.replace(/\{(?=\{)/g, '{ ').replace(/\}(?=\})/g, '} ')
  return broken.length <= MAX_TEXT ? broken : `${broken.slice(0, MAX_TEXT - 1).toWellFormed()}…`
}
