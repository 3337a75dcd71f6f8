/** The form of frames that control a connection: RFC 9113 section 6, clause by clause. */

import { expect, test } from 'vitest'
import { controlFault } from '../../../src/proxy/http2/control-frames.ts'
import { ERROR, FLAG, FRAME } from '../../../src/proxy/http2/frames.ts'

const { protocol, frameSize } = ERROR

test.each<[string, number, number, number, number, number | null]>([
  ['PRIORITY', FRAME.priority, 0, 1, 5, null],
  ['PRIORITY of the connection', FRAME.priority, 0, 0, 5, protocol],
  ['PRIORITY of another length', FRAME.priority, 0, 1, 4, frameSize],
  ['RST_STREAM', FRAME.reset, 0, 1, 4, null],
  ['RST_STREAM of another length', FRAME.reset, 0, 1, 5, frameSize],
  ['WINDOW_UPDATE', FRAME.windowUpdate, 0, 0, 4, null],
  ['WINDOW_UPDATE of another length', FRAME.windowUpdate, 0, 0, 0, frameSize],
  ['SETTINGS', FRAME.settings, 0, 0, 12, null],
  ['SETTINGS without any', FRAME.settings, 0, 0, 0, null],
  ['SETTINGS cut', FRAME.settings, 0, 0, 11, frameSize],
  ['SETTINGS of a stream', FRAME.settings, 0, 1, 6, protocol],
  ['an answer to SETTINGS', FRAME.settings, FLAG.ack, 0, 0, null],
  ['an answer to SETTINGS that says something', FRAME.settings, FLAG.ack, 0, 6, frameSize],
  ['PING', FRAME.ping, 0, 0, 8, null],
  ['PING of a stream', FRAME.ping, 0, 1, 8, protocol],
  ['PING of another length', FRAME.ping, FLAG.ack, 0, 7, frameSize],
  ['GOAWAY', FRAME.goAway, 0, 0, 8, null],
  ['GOAWAY with words', FRAME.goAway, 0, 0, 100, null],
  ['GOAWAY cut', FRAME.goAway, 0, 0, 7, frameSize],
  ['GOAWAY of a stream', FRAME.goAway, 0, 1, 8, protocol],
  ['HEADERS, which are for others', FRAME.headers, 0, 0, 0, null],
  ['what nobody knows', 99, 0, 7, 3, null],
])('%s', (_, type, flags, stream, length, want) => {
  expect(controlFault(type, flags, stream, length)?.code ?? null).toBe(want)
})
