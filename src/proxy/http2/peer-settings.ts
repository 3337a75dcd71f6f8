/** SETTINGS of the other side (RFC 9113 section 6.5.2). */

import { type ConnectionFault, ERROR, MAX_FRAME_BYTES, MAX_WINDOW, SETTING } from './frames.ts'

export interface PeerSettings {
  /** Of each stream's window. */
  initialWindow: number
  /** Streams we may have open. */
  maxStreams: number
  /** Whether the peer is an origin: it has no say in pushes (RFC 9113 section 6.5.2). */
  readonly isOrigin: boolean
  /** Whether extended CONNECT may be used (RFC 8441 section 3). */
  connectProtocol: boolean
}

/**
 * Takes them over into `peer`. Frames are never made larger than everybody has to take, whatever the other side allows.
 *
 * @param payload whose length is a multiple of six
 * @returns how large the compression table may be; null when nothing was said
 */
export function readSettings(
  payload: Buffer,
  peer: PeerSettings,
): { readonly tableSize: number | null } | ConnectionFault {
  let tableSize: number | null = null
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2)
    switch (payload.readUInt16BE(at)) {
      case SETTING.headerTableSize:
        tableSize = value
        break
      case SETTING.enablePush:
        if (value > 1 || (value === 1 && peer.isOrigin)) return WRONG_VALUE
        break
      case SETTING.maxConcurrentStreams:
        peer.maxStreams = value
        break
      case SETTING.initialWindowSize:
        if (value > MAX_WINDOW) return { code: ERROR.flowControl, detail: 'a window is too large' }
        peer.initialWindow = value
        break
      case SETTING.maxFrameSize:
        if (value < MAX_FRAME_BYTES || value > 0xff_ffff) return WRONG_VALUE
        break
      case SETTING.enableConnectProtocol:
        // It cannot be taken back (RFC 8441 section 3).
        if (value > 1 || (value === 0 && peer.connectProtocol)) return WRONG_VALUE
        peer.connectProtocol = value === 1
        break
      default:
        break
    }
  }
  return { tableSize }
}

const WRONG_VALUE: ConnectionFault = {
  code: ERROR.protocol,
  detail: 'a setting has a value it may not have',
}
