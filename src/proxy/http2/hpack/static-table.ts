/** The static table of HPACK (RFC 7541 appendix A). Its entries are numbered from 1. */

const WITH_VALUES = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
] as const

/** Entries from 17 on, which have no value. */
const NAMES =
  'accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control ' +
  'content-disposition content-encoding content-language content-length content-location content-range ' +
  'content-type cookie date etag expect expires from host if-match if-modified-since if-none-match if-range ' +
  'if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range ' +
  'referer refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary ' +
  'via www-authenticate'

/** By number less one. */
export const STATIC_TABLE: readonly (readonly [name: string, value: string])[] = [
  ...WITH_VALUES,
  ...NAMES.split(' ').map((name) => [name, ''] as const),
]

/** The number of the first entry with that name. */
export const STATIC_NAMES: ReadonlyMap<string, number> = new Map(
  STATIC_TABLE.map(([name], i) => [name, i + 1] as const).reverse(),
)

/** The number of the entry with that name and value, by name. */
export const STATIC_FIELDS: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(
  [...STATIC_NAMES.keys()].map((name) => [
    name,
    new Map(
      STATIC_TABLE.flatMap(([other, value], i) =>
        other === name ? [[value, i + 1] as const] : [],
      ),
    ),
  ]),
)
