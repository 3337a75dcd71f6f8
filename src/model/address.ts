/**
 * IP addresses and prefixes as values: strict text to bytes and back (RFC 4291, RFC 5952). Lenient forms
 * (hex, octal, short IPv4) are the business of host parsing in authority.ts; nothing here repairs.
 * Zone ids (`%eth0`) are refused: they name an interface, not a place.
 */

export interface IpAddress {
  readonly version: 4 | 6
  /** 4 or 16 bytes, network order. */
  readonly bytes: Uint8Array
  /** The canonical text: dotted decimal, or RFC 5952. Equal addresses have equal text. */
  readonly text: string
}

export interface Cidr {
  readonly base: IpAddress
  /** Prefix length in bits, 0 to 32 or 128. */
  readonly bits: number
}

/** Parses canonical dotted decimal or RFC 4291 text; null for everything else. */
export function parseIp(text: string): IpAddress | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Makes an address from its 4 or 16 bytes. */
export function toIp(bytes: Uint8Array): IpAddress {
  return bytes.length === 4
    ? { version: 4, bytes, text: bytes.join('.') }
    : { version: 6, bytes, text: formatIpv6(bytes) }
}

/** Parses `address/bits`; a bare address means its full length. Host bits must be zero. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/')
  const base = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (!base) return null
  const width = base.bytes.length * 8
  if (slash < 0) return { base, bits: width }
  const digits = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(digits)) return null
  const bits = Number(digits)
  if (bits > width || !hasZeroTail(base.bytes, bits)) return null
  return { base, bits }
}

/** Whether the address lies in the prefix. Families never mix: unwrap embedded IPv4 first. */
export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.base.version !== address.version) return false
  const whole = cidr.bits >> 3
  for (let i = 0; i < whole; i++) if (cidr.base.bytes[i] !== address.bytes[i]) return false
  const rest = cidr.bits & 7
  if (rest === 0) return true
  const mask = 0xff & (0xff << (8 - rest))
  return ((cidr.base.bytes[whole] ?? 0) & mask) === ((address.bytes[whole] ?? 0) & mask)
}

function parseIpv4(text: string): IpAddress | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (!match) return null
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 4; i++) {
    const part = match[i + 1] ?? ''
    // A leading zero would be octal to some readers and decimal to others.
    if (part.length > 1 && part.startsWith('0')) return null
    const value = Number(part)
    if (value > 255) return null
    bytes[i] = value
  }
  return { version: 4, bytes, text }
}

function parseIpv6(text: string): IpAddress | null {
  if (text.length > 45) return null
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (!head || !tail) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const bytes = new Uint8Array(16)
  groups.forEach((group, i) => {
    bytes[i * 2] = group >> 8
    bytes[i * 2 + 1] = group & 0xff
  })
  return toIp(bytes)
}

/** The 16-bit groups of one side of `::`; the last may be dotted decimal where `mayEndInIpv4`. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part)
      if (!v4) return null
      const [a = 0, b = 0, c = 0, d = 0] = v4.bytes
      groups.push((a << 8) | b, (c << 8) | d)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return null
    }
  }
  return groups
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups becomes `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0))
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) {
      start = i
      length = end - i
    }
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  return start < 0
    ? hex(groups)
    : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function hasZeroTail(bytes: Uint8Array, bits: number): boolean {
  return bytes.every((byte, i) => {
    const kept = Math.min(8, Math.max(0, bits - i * 8))
    return (byte & (0xff >> kept)) === 0
  })
}

/** An IPv4 address that a dual-stack socket shows as `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2), as itself. */
export function unmapIp(address: IpAddress): IpAddress {
  const { bytes } = address
  const mapped =
    bytes.length === 16 && bytes.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff))
  return mapped ? toIp(bytes.slice(12)) : address
}
