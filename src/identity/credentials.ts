/** What a client shows in Proxy-Authorization (RFC 9110 section 11.7): a bearer token, or the same token as a Basic password. */

/** Longer credentials are not tokens of ours. */
const MAX_LENGTH = 8_192

/** @returns the token, null when the field holds nothing that could be one. The Basic user name is not looked at. */
export function readToken(field: string): string | null {
  if (field.length > MAX_LENGTH) return null
  const match = /^(bearer|basic) +([A-Za-z0-9+/=._~-]+)$/i.exec(field)
  const value = match?.[2]
  if (value === undefined) return null
  if (match?.[1]?.toLowerCase() === 'bearer') return value
  // RFC 7617: everything behind the first colon is the password.
  const pair = Buffer.from(value, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon < 0 ? null : pair.slice(colon + 1)
}
