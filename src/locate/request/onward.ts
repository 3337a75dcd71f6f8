/**
 * Hosts a model API will be made to call: URLs in the fields where these APIs take one, MCP servers, and tools that search or
 * fetch on their own (`*`). Only those fields count, not text that happens to hold a URL. `data:` stays in the body.
 */

import type { Call } from './call.ts'
import { looseKey, type Place, walk } from './json-walk.ts'
import { isLocalFile, toOnward } from './onward-url.ts'
import type { Findings } from './view.ts'

const ANY = '*'
const MAX_HOSTS = 64

export function readOnward(call: Call): Findings {
  if (!call.mayHoldFields) return {}
  const found = new Set<string>()
  walk(call.json.root, (place) => {
    for (const host of onwardOf(place)) {
      // More hosts than a person could judge are any host.
      if (host !== call.host) found.add(found.size < MAX_HOSTS ? host : ANY)
    }
  })
  const unread = !call.json.whole
  if (unread) found.add(ANY)
  return { onward: [...found], unread }
}

function onwardOf(place: Place): readonly string[] {
  const { key, value, ownerKey } = place
  if (value.kind === 'string') {
    const isUrl = URL_KEYS.has(key) || (PLAIN_KEYS.has(key) && URL_OWNERS.has(ownerKey))
    if (isUrl) return isLocalFile(value.text) ? [] : toOnward(value.text)
  }
  return isWeb(place) ? [ANY] : []
}

/** Fields that hold a URL wherever they stand, in the spelling of `looseKey`. */
const URL_KEYS: ReadonlySet<string> = new Set([
  'audiourl',
  'callbackurl',
  'documenturl',
  'fileuri',
  'fileurl',
  'imageurl',
  'serverurl',
  'videourl',
  'webhookurl',
])

/** `url` or `uri` alone may be anything, but not in one of these. */
const PLAIN_KEYS: ReadonlySet<string> = new Set(['url', 'uri'])
const URL_OWNERS: ReadonlySet<string> = new Set([
  'audiourl',
  'documenturl',
  'filedata',
  'fileurl',
  'imageurl',
  'mcpservers',
  'source',
  'videourl',
])

/** Tools, options and models that reach out to a web nobody names. */
function isWeb({ key, value, ownerKey, depth }: Place): boolean {
  const text = value.kind === 'string' ? looseKey(value.text) : ''
  if (ownerKey === 'tools') {
    if (key === 'type' && /web(?:search|fetch)|urlcontext/.test(text)) return true
    // A connector is an MCP server that the vendor knows by name.
    if (key === 'connectorid' || WEB_TOOLS.has(key)) return true
  }
  if (ownerKey === 'plugins') return key === 'id' && text === 'web'
  if (depth !== 0) return false
  if (key === 'model') return /:online$|search/.test(text)
  return WEB_OPTIONS.has(key) && value.kind !== 'literal'
}

/** Gemini names a tool by its key. */
const WEB_TOOLS: ReadonlySet<string> = new Set([
  'enterprisewebsearch',
  'googlemaps',
  'googlesearch',
  'googlesearchretrieval',
  'retrieval',
  'urlcontext',
])

const WEB_OPTIONS: ReadonlySet<string> = new Set(['searchparameters', 'websearchoptions'])
