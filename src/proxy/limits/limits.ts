/** How much of us anybody may use. Everything here can be set under `limits:`; see docs/configuration.md. */

export interface Limits {
  /** Client connections at once, in all. */
  readonly connections: number
  /** The same from one address. */
  readonly connectionsPerClient: number
  /** Connections to origins at once, in all and to one authority; what finds no room waits. */
  readonly originConnections: number
  readonly originConnectionsPerAuthority: number
  /** Connections to origins that are kept while nobody uses them. */
  readonly originIdle: number
  /** Bytes of the largest head, request or response. */
  readonly head: number
  /** Bytes of bodies that wait for a slow reader, either way, over all HTTP/2 connections. */
  readonly held: number
  /** Bytes of the largest WebSocket message, and of all that have begun and not ended or wait for a slow reader. */
  readonly websocketMessage: number
  readonly websocketHeld: number
  /**
   * Of a compressed body that is read: bytes it may become, how many times its own size (after 64 KiB), and codings one upon the
   * other.
   */
  readonly decoded: number
  readonly decodedRatio: number
  readonly decodedLayers: number
  /** Requests at once on one HTTP/2 connection. */
  readonly http2Streams: number
  /**
   * Streams that an HTTP/2 client may take back or have broken, at once, and a second in the long run (CVE-2023-44487,
   * CVE-2025-8671).
   */
  readonly http2Resets: number
  readonly http2ResetsPerSecond: number
  /**
   * Certificates made for hosts not seen before, at once and a second in the long run, for all clients and for each. A browser needs
   * a hundred hosts for a page; making one takes well under a millisecond.
   */
  readonly leaves: number
  readonly leavesPerSecond: number
  readonly leavesPerClient: number
  readonly leavesPerClientPerSecond: number
  /**
   * Bytes of names that a client asks for and has not asked for lately, at once and a second in the long run: in all, and under one parent (the last two
   * labels). A thousand new hosts at once are well below.
   */
  readonly namesPerClient: number
  readonly namesPerClientPerSecond: number
  readonly namesPerParent: number
  readonly namesPerParentPerSecond: number
  /**
   * Frames that ask for nothing (PING, SETTINGS, PRIORITY, windows, empty DATA, for streams that are over) on an HTTP/2 connection, at once
   * and a second in the long run; every frame of payload sent to the peer allows some more.
   */
  readonly http2Frames: number
  readonly http2FramesPerSecond: number
}

export const DEFAULT_LIMITS: Limits = {
  connections: 8_192,
  connectionsPerClient: 1_024,
  originConnections: 8_192,
  originConnectionsPerAuthority: 1_024,
  originIdle: 1_024,
  head: 64 * 1024,
  held: 256 * 1024 * 1024,
  websocketMessage: 64 * 1024 * 1024,
  websocketHeld: 256 * 1024 * 1024,
  decoded: 4 * 1024 * 1024,
  decodedRatio: 100,
  decodedLayers: 1,
  http2Streams: 128,
  http2Resets: 500,
  http2ResetsPerSecond: 50,
  leaves: 8_000,
  leavesPerSecond: 200,
  leavesPerClient: 2_000,
  leavesPerClientPerSecond: 20,
  namesPerClient: 256 * 1024,
  namesPerClientPerSecond: 1_024,
  namesPerParent: 32 * 1024,
  namesPerParentPerSecond: 64,
  http2Frames: 2_000,
  http2FramesPerSecond: 100,
}
