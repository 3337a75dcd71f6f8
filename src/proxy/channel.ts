/** Bytes both ways: a socket, TLS on one, or a stream of HTTP/2 that stands for one. */

import type { Duplex } from 'node:stream'

export interface Channel extends Duplex {
  /** Ends it once everything was sent. */
  destroySoon(): void
}
