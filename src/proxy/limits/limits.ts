/** How much of us anybody may use. Everything here can be set under `limits:`; see docs/configuration.md. */

export interface Limits {
  readonly http2: Http2Limits
  /** Bytes of bodies that wait for a slow reader, over all HTTP/2 connections. */
  readonly held: number
}

export interface Http2Limits {
  /** Requests at once on one connection. */
  readonly streams: number
  /** Streams a client may take back, or have broken, at once; and in the long run (CVE-2023-44487, CVE-2025-8671). */
  readonly resets: number
  readonly resetsPerSecond: number
}

export const DEFAULT_LIMITS: Limits = {
  http2: { streams: 128, resets: 500, resetsPerSecond: 50 },
  held: 256 * 1024 * 1024,
}
