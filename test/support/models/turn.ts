/** What a stand-in of a model says in one turn, before it is put into the words of an API. */

export type Block =
  /** Signed: whoever changes a letter of it and sends it back is refused. */
  | { readonly kind: 'thinking'; readonly text: string; readonly signature: string }
  /** Thoughts that nobody can read. */
  | { readonly kind: 'sealed'; readonly data: string }
  /** Said in these pieces. */
  | { readonly kind: 'text'; readonly pieces: readonly string[] }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly name: string
      /** JSON of its arguments. */
      readonly pieces: readonly string[]
    }

export type Turn = readonly Block[]

export interface ModelApi {
  readonly path: RegExp
  readonly streamType: string
  isStream(url: string, body: string): boolean
  /** The same, event by event. */
  stream(turn: Turn): readonly (string | Buffer)[]
  whole(turn: Turn): object
}

export const USAGE = { input_tokens: 12, output_tokens: 34 }

/** @param name of an event; null for a framing without names */
export function sse(name: string | null, data: object | string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${name === null ? '' : `event: ${name}\n`}data: ${text}\n\n`
}

export function argumentsOf(block: Block & { readonly kind: 'call' }): unknown {
  return JSON.parse(block.pieces.join(''))
}
