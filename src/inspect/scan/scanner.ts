/**
 * Bytes in, spans out: one forward pass over text as ASCII with anything between, for all recognisers at once. What a body's format is, is
 * the caller's business: it hands in decoded texts (values of JSON strings, fields, or whole plain texts), each with the name it stands under.
 *
 * INVARIANT: spans are disjoint and in order; the same text gives the same spans however it is cut into pieces; no byte is visited more
 * than a fixed number of times, and clean text allocates nothing.
 */

/** So many bytes of text before `start` are looked at for words; a caller that works in pieces keeps them. */
export const LOOK_BEHIND = 96
/** So many bytes at most are held back because something might begin there that goes on. What is longer is open, see `Stream`. */
export const MAX_HELD = 4096

export interface Scanner {
  /**
   * What the name says that a text stands under: a key, a field, a column, a tag. Kept for names seen before: cheap.
   * @param isLabel it is written for people, who write other things next to it as well: what stands there has to look like what it is
   */
  readonly under: (name: string, isLabel?: boolean) => Context
  /**
   * Scans bytes[start, end). Bytes before `start` are text that was scanned before: they are context, and never in a span.
   *
   * Without `stream`, or with one that has ended, the text ends at `end`. Otherwise more may follow: only what no later byte can change is told.
   * @returns up to where all is decided: at least `end - MAX_HELD`, and `end` where the text ends. The next call starts there, with LOOK_BEHIND bytes before it.
   */
  readonly scan: (
    bytes: Uint8Array,
    start: number,
    end: number,
    context: Context,
    sink: Sink,
    stream?: Stream,
  ) => number
  /** What a place says that any text there is; null where it says nothing. Left out where none does. @param path as findings have it */
  readonly contextAt?: (path: string) => Context | null
}

/** @param open its end was not seen within MAX_HELD bytes: a span of the same type that begins right where it ends is the same find */
export type Sink = (start: number, end: number, type: string, open: boolean) => void

/** A text that comes in pieces: one for each text, from `openStream()`. */
export interface Stream {
  /** Set by the caller for the last piece. */
  ended: boolean
  /** Kept by the scanner: whether a piece was there before, and what goes on from it. */
  begun: boolean
  open: OpenSpan | null
  /** So many bytes before what is undecided ends what a word has led to last; -1 for none that is near. */
  spent: number
  table: TableState | null
}

/** What of tables in it was read in the pieces before. */
export interface TableState {
  /** Bytes behind what was decided that were read. */
  ahead: number
  /** How the line at hand begins: so many bytes of it, and whether there is a bar. */
  line: Buffer
  size: number
  hasBar: boolean
  /** The line before it, where that may be one of heads. */
  heads: Buffer | null
  /** Among rows: what their columns say. */
  columns: readonly (Context | null)[] | null
  /** Of the next cell; -1 where its line has no bar yet. */
  column: number
  /** What the first cell of the row says. */
  label: Context | null
}

export interface OpenSpan {
  /** Index in the scanner's recognisers. */
  readonly recognizer: number
  /** Indexed by byte: whether it goes on with that. */
  readonly eats: Uint8Array
}

export function openStream(): Stream {
  return { ended: false, begun: false, open: null, table: null, spent: -1 }
}

/** From `Scanner.under`; `NOWHERE` for a text without a name. */
export interface Context {
  /** Indexes of recognisers that the name speaks for. */
  readonly hinted: Uint8Array | null
  /** Indexes of key shapes that any value under this name may belong to. */
  readonly keys: readonly number[] | null
  /** The name says that this is a hash, an id of a trace, a version…: bare numbers need a word for them. */
  readonly plain: boolean
}

export const NOWHERE: Context = { hinted: null, keys: null, plain: false }

export interface ScanOptions {
  /** Published types; unless given, all that are not `off`. An `off` one that is named is `on`. */
  readonly types?: ReadonlySet<string>
  /** Places that say what stands there. */
  readonly fields?: readonly PlaceKind[]
}

export interface PlaceKind {
  readonly type: string
  /** @param path as findings have it: `$.messages[].content` */
  readonly matches: (path: string) => boolean
}
