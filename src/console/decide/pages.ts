/** The page that a link leads to, in all its states. It shows what the notice has said and no more: whoever has the link can see it, mail scanners included. */

import type { Hold } from '../../model/hold.ts'
import { type Html, html, type Page } from '../html.ts'

/** Of the hold, as the notice has told it. */
export type Facts = readonly (readonly [label: string, text: string])[]

/** @param said what was wrong with the last try; null for none. @param lasts minutes for which a path can be approved; null where it cannot */
export function askPage(
  hold: Hold,
  facts: Facts,
  lasts: number | null,
  said: { readonly status: number; readonly text: string } | null = null,
): Page {
  const isAccess = hold.kind === 'access'
  const path =
    lasts === null
      ? null
      : html`<label><input type="radio" name="decision" value="approve-path"> Approve this method and path for ${lasts} minutes</label>`
  const body = html`${said && html`<p class="said" role="alert">${said.text}</p>`}
${toList(facts)}
<form method="post">
<fieldset>
<legend>Your decision</legend>
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
