/**
 * The page that a link leads to, in all its states. It shows what the notice has said and no more: whoever has the link can see it, mail
 * scanners included. What the request says is shown to nobody who has not proved that they may decide.
 */

import type { Hold } from '../../model/hold.ts'
import { type Html, html, type Page } from '../html.ts'

/** Of the hold, as the notice has told it. */
export type Facts = readonly (readonly [label: string, text: string])[]

export interface Asking {
  readonly hold: Hold
  readonly facts: Facts
  /** Minutes for which a path can be approved; null where it cannot. */
  readonly lasts: number | null
  /** Whether there is something that could be shown. */
  readonly hasPreview: boolean
  /** What the request says, for who has shown that they may decide; null for others. */
  readonly preview: string | null
  /** What was wrong with the last try; null for none. */
  readonly said: { readonly status: number; readonly text: string } | null
}

export function askPage({ hold, facts, lasts, hasPreview, preview, said }: Asking): Page {
  const isAccess = hold.kind === 'access'
  const path =
    lasts === null
      ? null
      : html`<label><input type="radio" name="decision" value="approve-path"> Approve this method and path for ${lasts} minutes</label>`
  const show =
    hasPreview &&
    html`<label><input type="radio" name="decision" value="show"> Show me first what it says, without the data that was recognised in it: decides nothing</label>`
  const body = html`${said && html`<p class="said" role="alert">${said.text}</p>`}
${toList(facts)}
${preview === null ? null : toPreview(preview)}
<form method="post">
<fieldset>
<legend>Your decision</legend>
${show || null}
<label><input type="radio" name="decision" value="approve" required> ${isAccess ? 'Approve what was asked for' : 'Approve this request, once'}</label>
${path}
<label><input type="radio" name="decision" value="deny"> Deny</label>
<label>Reason (goes into the log, and to the agent when you deny) <input type="text" name="reason" maxlength="500" autocomplete="off"></label>
</fieldset>
<label>Your reviewer token <input type="password" name="token" required autocomplete="current-password" maxlength="8192"></label>
<p><button type="submit">Decide</button></p>
</form>
<p>The link is good for one decision. Opening it changes nothing.</p>`
  const title = isAccess ? 'Access is asked for' : 'A call waits for a decision'
  return { status: said?.status ?? 200, title, body }
}

/** Written by others: it must not be taken for what the page says. */
function toPreview(text: string): Html {
  return html`<h2>What the agent would send</h2>
<p>Written by the agent or for it, so not to be believed. Kinds in brackets stand for data that was recognised; other data may be left.</p>
<pre>${text}</pre>`
}

/** Where there is nothing to decide, or it could not be done. */
export function saidPage(status: number, text: string, hint: string | null = null): Page {
  const title = 'Nothing is to be decided here'
  return { status, title, body: html`<p class="said">${text}</p>${hint && html`<p>${hint}</p>`}` }
}

/** What came of a decision. */
export function donePage(title: string, facts: Facts): Page {
  return { status: 200, title, body: toList(facts) }
}

function toList(facts: Facts): Html {
  return html`<dl>
${facts.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}
</dl>`
}
