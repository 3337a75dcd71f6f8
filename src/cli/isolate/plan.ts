/** What the process outside tells the one inside, and hears from it: messages over the channel that Node gives a child. */

export interface Plan {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Whom the program runs as: who called us. */
  readonly uid: number
  readonly gid: number
  /** Where the proxy is reached inside. */
  readonly port: number
  /** Files of ours in place of those that programs read roots from. */
  readonly binds: readonly Bind[]
  /** What is not to be seen: folders are empty inside, files and sockets nothing that can be opened to any use. */
  readonly hidden: readonly string[]
}

export interface Bind {
  readonly from: string
  readonly over: string
}

export type ToInside =
  | { readonly kind: 'plan'; readonly plan: Plan }
  /** Somebody accepts connections: the program may begin. */
  | { readonly kind: 'go' }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }

export type FromInside =
  | { readonly kind: 'ready' }
  /** Comes with the listening socket. */
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'ended'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
