/**
 * Messages of HTTP/1 out of the bytes that one end has seen, by a reader of the tests' own: it takes well-formed messages apart and
 * loses nothing, neither case nor order nor doubles nor the way a body was framed.
 */

export interface Message {
  /** The first line. */
  readonly start: string
  /** The lines of the header section. */
  readonly lines: readonly string[]
  readonly framing: 'none' | 'length' | 'chunks' | 'close'
  readonly body: string
  readonly trailers: readonly string[]
  /** False when the bytes ended before the message did. */
  readonly complete: boolean
}

/**
 * @param text latin-1
 * @param askedWith the methods that these answer, in order; null when these are requests
 */
export function readMessages(text: string, askedWith: readonly string[] | null): Message[] {
  const messages: Message[] = []
  let answered = 0
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) {
      messages.push({
        start: rest,
        lines: [],
        framing: 'none',
        body: '',
        trailers: [],
        complete: false,
      })
      break
    }
    const [start = '', ...lines] = rest.slice(0, end).split('\r\n')
    const isInterim = askedWith !== null && /^HTTP\/1\.[01] 1/.test(start)
    const isBodiless =
      isInterim ||
      (askedWith !== null &&
        (/^HTTP\/1\.[01] (204|304)/.test(start) || askedWith[answered] === 'HEAD'))
    if (askedWith !== null && !isInterim) answered++
    const { taken, ...message } = readBody(
      rest.slice(end + 4),
      lines,
      isBodiless,
      askedWith !== null,
    )
    messages.push({ start, lines, ...message })
    rest = rest.slice(end + 4 + taken)
  }
  return messages
}

type Body = Omit<Message, 'start' | 'lines'> & { readonly taken: number }

function readBody(
  text: string,
  lines: readonly string[],
  isBodiless: boolean,
  isAnswer: boolean,
): Body {
  const value = (name: string) =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim()
  const length = value('content-length')
  const isChunked = value('transfer-encoding')?.toLowerCase() === 'chunked'
  const none: Body = { framing: 'none', body: '', trailers: [], complete: true, taken: 0 }
  if (isBodiless)
    return { ...none, framing: isChunked ? 'chunks' : length === undefined ? 'none' : 'length' }
  if (isChunked) return readChunks(text)
  if (length !== undefined) {
    const body = text.slice(0, Number(length))
    return {
      ...none,
      framing: 'length',
      body,
      complete: body.length === Number(length),
      taken: body.length,
    }
  }
  return isAnswer ? { ...none, framing: 'close', body: text, taken: text.length } : none
}

function readChunks(text: string): Body {
  let body = ''
  let at = 0
  const cut: Body = { framing: 'chunks', body, trailers: [], complete: false, taken: text.length }
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return { ...cut, body }
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    at = lineEnd + 2
    if (size === 0) break
    body += text.slice(at, at + size)
    at += size + 2
  }
  const end = text.startsWith('\r\n', at) ? at : text.indexOf('\r\n\r\n', at) + 2
  if (end < 2) return { ...cut, body }
  const trailers = end === at ? [] : text.slice(at, end - 2).split('\r\n')
  return { framing: 'chunks', body, trailers, complete: true, taken: end + 2 }
}
