/** Answers of HTTP/2 that could become something else as HTTP/1.1. */

import { expect, test } from 'vitest'
import { toResponse } from '../../../src/proxy/http2/field-list.ts'

const answer = (status: string, ...fields: string[]) =>
  toResponse({ list: [':status', status, ...fields], secret: null, isTooLarge: false })

test.each(['103', '204'])('%s with a length is no answer: it never has a body', (status) => {
  expect(answer(status, 'content-length', '5')).toBeNull()
  expect(answer(status, 'content-length', '0')?.status).toBe(Number(status))
  expect(answer(status)?.status).toBe(Number(status))
})
