/**
 * The shape that an incoming webhook of Slack takes. What others have written stands in `plain_text` alone, which Slack shows as it is:
 * there are no links, mentions or formats in it. Nothing is unfurled, so nobody fetches what is named.
 */

import type { Notice } from './notice.ts'
import { toWording } from './wording.ts'

/** Characters that Slack takes in a header and in a text; longer ones are refused as a whole. */
const MAX_HEADER = 150
const MAX_TEXT = 3_000

export function toSlack(notice: Notice): unknown {
  const { title, facts } = toWording(notice)
  const lines = facts.map(([label, text]) => `${label}: ${text}`)
  return {
    // For notifications on a screen.
    text: escapeMrkdwn(title),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(title, MAX_HEADER) },
      { type: 'section', text: plain(lines.join('\n'), MAX_TEXT) },
      ...(notice.link ? [toLink(notice.link.url)] : []),
    ],
  }
}

function plain(text: string, max: number) {
  const cut = text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`
  return { type: 'plain_text', emoji: false, text: cut }
}

/** Our own URL: its characters are checked when the configuration is read and the link made. */
function toLink(url: string) {
  const text = `<${escapeMrkdwn(url)}|Look at it and decide>`
  return { type: 'section', text: { type: 'mrkdwn', verbatim: true, text } }
}

/** What would begin a link, a mention or a command; and what would format. */
export function escapeMrkdwn(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('|', '¦')
}
