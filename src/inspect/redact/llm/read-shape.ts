/** Events of the streams of models, by what they look like: who else speaks like that is read like that. */

import type { EventShape, ReadShape } from '../event-queue.ts'
import { readMessagesEvent } from './anthropic.ts'
import { readConverseEvent } from './bedrock.ts'
import { readGeminiChunk, readLiveMessage } from './gemini.ts'
import { readChatChunk } from './openai-chat.ts'
import { readResponsesEvent } from './openai-responses.ts'
import { readCohereEvent, readDeltaEvent, readOllamaLine, readTokenEvent } from './others.ts'

const READERS: readonly ReadShape[] = [
  readChatChunk,
  readResponsesEvent,
  readMessagesEvent,
  readGeminiChunk,
  readLiveMessage,
  readConverseEvent,
  readCohereEvent,
  readOllamaLine,
  readTokenEvent,
  readDeltaEvent,
]

export function readModelEvent(event: unknown, name: string): EventShape | null {
  for (const read of READERS) {
    const shape = read(event, name)
    if (shape) return shape
  }
  return null
}
