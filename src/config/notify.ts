/** `notify:` in `cordon.yaml`: who is told what happens to holds, and how they are reached. Its form, and what the rest of Cordon makes of it. */

import { z } from 'zod'
import { parseIp } from '../model/address.ts'
import { parseAuthority, parseHost } from '../model/authority.ts'
import { HOLD_EVENTS, type HoldEvent } from '../model/hold.ts'
import type { Reviewer } from '../model/reviewer.ts'
import { nearest } from '../model/spelling.ts'
import type { PolicyProblem } from '../policy/references.ts'
import { id } from './scalars.ts'

const DEFAULT_EVENTS = ['opened', 'agreed', 'approved', 'denied', 'expired'] as const

const name = z.string().min(1).max(256)

/** What opens a door is named in the configuration, not written down there. */
const secret = z
  .strictObject(
    {
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: 'not the name of a variable' })
        .optional(),
      file: name.optional(),
    },
    {
      error: ({ code }) =>
        code === 'invalid_type'
          ? 'a credential is named, not written down here: { env: NAME } or { file: PATH }'
          : undefined,
    },
  )
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
    error: 'name one of `env` and `file`',
  })

const mailbox = z
  .string()
  .max(254)
  .regex(/^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/, {
    error: 'an address is written like cordon@example.com',
  })

const common = {
  id,
  on: z.array(z.enum(HOLD_EVENTS)).min(1).optional(),
  reviewers: z.array(name).min(1).max(100).optional(),
}

const webhook = { ...common, url: secret, secret: secret.optional() }

const smtp = z
  .strictObject({
    host: name.refine((text) => 'value' in parseHost(text), { error: 'not a host name' }),
    port: z.int().min(1).max(65_535),
    tls: z.enum(['implicit', 'starttls', 'none'], {
      error:
        'implicit: TLS from the first byte (usually port 465); starttls: TLS before anything is said (usually 587); none: only on this host',
    }),
    user: secret.optional(),
    password: secret.optional(),
  })
  .refine(({ tls, host }) => tls !== 'none' || isThisHost(host), {
    error: 'without TLS only a mail server on this host is used; write `implicit` or `starttls`',
    path: ['tls'],
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    error: '`user` and `password` belong together',
  })

const receiver = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('slack'), ...webhook }),
    z.strictObject({ kind: z.literal('teams'), ...webhook }),
    z.strictObject({ kind: z.literal('json'), ...webhook, secret }),
    z.strictObject({
      kind: z.literal('mail'),
      ...common,
      smtp,
      from: mailbox,
      to: z.array(mailbox).min(1).max(50),
    }),
  ],
  { error: '`kind` is one of slack, teams, json and mail' },
)

export const notifyForm = z.strictObject({
  link_base: z
    .string()
    .max(500)
    .refine((text) => toLinkBase(text) !== null, {
      error:
        'where reviewers reach the console is written like https://cordon.example.com; http:// only for this host',
    })
    .optional()
    .meta({
      description:
        'Where reviewers reach the console, for the links in notices. Default: where it listens.',
    }),
  to: z
    .array(receiver)
    .min(1)
    .max(32)
    .refine((all) => new Set(all.map((one) => one.id)).size === all.length, {
      error: 'two receivers have the same id',
    }),
})

/** Where a credential stands: path of a file, or name of a variable. */
export type SecretNamed = { readonly file: string } | { readonly env: string }

interface ReceiverCommon {
  readonly id: string
  readonly on: readonly HoldEvent['kind'][]
  readonly reviewers: readonly string[] | null
}

export interface WebhookNamed extends ReceiverCommon {
  readonly kind: 'slack' | 'teams' | 'json'
  readonly url: SecretNamed
  readonly secret: SecretNamed | null
}

export interface MailNamed extends ReceiverCommon {
  readonly kind: 'mail'
  readonly host: string
  readonly port: number
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly credentials: { readonly user: SecretNamed; readonly password: SecretNamed } | null
  readonly from: string
  readonly to: readonly string[]
}

export interface NotifyNamed {
  /** Without a slash at its end; null: where the console listens. */
  readonly linkBase: string | null
  readonly to: readonly (WebhookNamed | MailNamed)[]
}

/** Names of reviewers that mean nobody: whoever wrote them would wait for notices that never come. */
export function checkReceivers(
  form: z.infer<typeof notifyForm> | undefined,
  reviewers: readonly Reviewer[],
): readonly PolicyProblem[] {
  const known = new Set(reviewers.flatMap((each) => [each.id, ...each.groups]))
  return (form?.to ?? []).flatMap(({ reviewers: named = [] }, i) =>
    named.flatMap((name, j) => {
      if (known.has(name)) return []
      const meant = nearest(name, known)
      const hint = meant === null ? 'name them under `reviewers`' : `did you mean \`${meant}\`?`
      const message = `\`${name}\` is neither a reviewer nor a group of them`
      return [{ path: ['notify', 'to', i, 'reviewers', j], message, hint }]
    }),
  )
}

/** @param path makes the path of a file absolute */
export function toNotify(
  form: z.infer<typeof notifyForm> | undefined,
  path: (name: string) => string,
): NotifyNamed | null {
  if (!form) return null
  const named = ({ env, file }: z.infer<typeof secret>): SecretNamed =>
    env === undefined ? { file: path(file ?? '') } : { env }
  const to = form.to.map((one) => {
    const { id, on = DEFAULT_EVENTS, reviewers = null } = one
    const common = { id, on, reviewers }
    if (one.kind !== 'mail') {
      const { kind, url, secret = null } = one
      return { ...common, kind, url: named(url), secret: secret && named(secret) }
    }
    const { kind, from, to, smtp } = one
    const { host, port, tls, user, password } = smtp
    const credentials = user && password ? { user: named(user), password: named(password) } : null
    return { ...common, kind, host, port, tls, credentials, from, to }
  })
  return { linkBase: toLinkBase(form.link_base ?? ''), to }
}

/** An origin, or a folder of one; null for anything else. */
function toLinkBase(text: string): string | null {
  const match = /^(https?):\/\/([^/?#@\s]+)((?:\/[A-Za-z0-9._~-]+)*)\/?$/.exec(text)
  const [, scheme = '', at = '', folder = ''] = match ?? []
  const authority = parseAuthority(at, scheme === 'http' ? 80 : 443)
  if (!match || 'fault' in authority) return null
  if (scheme === 'http' && !isThisHost(authority.value.host.text)) return null
  return `${scheme}://${at}${folder}`
}

/** As far as the name says so: names that others resolve do not count. */
function isThisHost(text: string): boolean {
  const ip = parseIp(text.replace(/^\[|\]$/g, ''))
  if (ip === null) return text.toLowerCase() === 'localhost'
  return ip.version === 4 ? ip.text.startsWith('127.') : ip.text === '::1'
}
