/** Which messages of PostgreSQL there are from each side in which state, how long they may be, and what is looked at. */

import { HANDLING, MessageTable } from './message-reader.ts'
import { BACKEND, FRONTEND } from './messages.ts'

const { pass, count, tell, peek, show } = HANDLING

/** Limits of the server itself (its PQ_SMALL_MESSAGE_LIMIT and PG_MAX_AUTH_TOKEN_LENGTH), and its longest error with some room. */
const SMALL = 10_000
const LONGEST_TOKEN = 65_535
const LONGEST_ERROR = 1024 * 1024
const EMPTY = 4

/** Until the server has let it in, a client answers its requests, or leaves. */
export const CLIENT_BEFORE = new MessageTable()
  .set(FRONTEND.password, show, LONGEST_TOKEN)
  .set(FRONTEND.terminate, tell, EMPTY)

export const CLIENT = new MessageTable()
  .set(FRONTEND.query, show)
  .set(FRONTEND.parse, show)
  .set(FRONTEND.bind, peek)
  .set(FRONTEND.describe, show, SMALL)
  .set(FRONTEND.execute, show, SMALL)
  .set(FRONTEND.close, show, SMALL)
  .set(FRONTEND.functionCall, show)
  .set(FRONTEND.flush, pass, EMPTY)
  .set(FRONTEND.sync, tell, EMPTY)
  .set(FRONTEND.copyData, pass)
  .set(FRONTEND.copyDone, tell, EMPTY)
  .set(FRONTEND.copyFail, tell, SMALL)
  .set(FRONTEND.terminate, tell, EMPTY)

/** The same, where rules want to know what is in values, or take something out of them. */
export const CLIENT_READ = new MessageTable(CLIENT)
  .set(FRONTEND.bind, show)
  .set(FRONTEND.copyData, show)
  .set(FRONTEND.copyDone, show, EMPTY)

export const SERVER_BEFORE = new MessageTable()
  .set(BACKEND.authentication, show, LONGEST_TOKEN)
  .set(BACKEND.negotiateProtocolVersion, show, SMALL)
  .set(BACKEND.noticeResponse, pass, LONGEST_ERROR)
  .set(BACKEND.errorResponse, show, LONGEST_ERROR)

export const SERVER = new MessageTable()
  .set(BACKEND.backendKeyData, show, 8 + 256)
  .set(BACKEND.parameterStatus, show, LONGEST_TOKEN)
  .set(BACKEND.noticeResponse, pass, LONGEST_ERROR)
  .set(BACKEND.notificationResponse, pass, LONGEST_ERROR)
  .set(BACKEND.errorResponse, show, LONGEST_ERROR)
  .set(BACKEND.readyForQuery, show, 5)
  .set(BACKEND.parseComplete, tell, EMPTY)
  .set(BACKEND.bindComplete, tell, EMPTY)
  .set(BACKEND.closeComplete, tell, EMPTY)
  .set(BACKEND.noData, tell, EMPTY)
  .set(BACKEND.emptyQueryResponse, tell, EMPTY)
  .set(BACKEND.portalSuspended, tell, EMPTY)
  .set(BACKEND.commandComplete, tell, SMALL)
  .set(BACKEND.parameterDescription, show)
  .set(BACKEND.rowDescription, tell)
  .set(BACKEND.dataRow, count)
  .set(BACKEND.copyInResponse, tell)
  .set(BACKEND.copyOutResponse, tell)
  .set(BACKEND.copyData, pass)
  .set(BACKEND.copyDone, pass, EMPTY)
  .set(BACKEND.functionCallResponse, tell)

/** The same, where something is taken out of what the server says. */
export const SERVER_REDACTED = new MessageTable(SERVER)
  .set(BACKEND.rowDescription, show)
  .set(BACKEND.noData, show, EMPTY)
  .set(BACKEND.dataRow, show)
  .set(BACKEND.copyOutResponse, show)
  .set(BACKEND.copyData, show)
  .set(BACKEND.copyDone, show, EMPTY)
  .set(BACKEND.functionCallResponse, show)
  .set(BACKEND.noticeResponse, show, LONGEST_ERROR)
  .set(BACKEND.notificationResponse, show, LONGEST_ERROR)
