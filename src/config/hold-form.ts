/** The form of what policies say of holds: who decides, how long a call waits, what a rule demands of its own. */

import { z } from 'zod'
import { durationUpTo, name, names } from './scalars.ts'

/** Clients and the load balancers before them have given up long before. */
const wait = durationUpTo('10m').meta({
  description:
    'How long a client is kept waiting before it is answered 503 and told to come again. Longer than the time-out of the client is of no use.',
})
const expires = durationUpTo('30d').meta({
  description:
    'How long a call can be approved. After that its hold is refused, and the next such call asks anew.',
})
const quorum = z
  .int()
  .min(1)
  .max(20)
  .meta({ description: 'How many different people have to agree.' })
const reviewers = names.meta({
  description: 'Ids and groups of those who may agree. Without it, whoever may decide.',
})
const durable = z.boolean().meta({
  description:
    'Whether a hold stays when its client has left, so that the call passes when it comes again after the approval.',
})
const count = z.int().min(1).max(1_000_000)

export const reviewer = z.strictObject({ id: name, groups: z.array(name).max(100).optional() })

export const agentHold = z.strictObject({ wait: wait.optional() })

export const ruleHold = z.strictObject({
  reviewers: reviewers.optional(),
  quorum: quorum.optional(),
  expires: expires.optional(),
  on_expiry: z
    .literal('block', {
      error: '`on_expiry` is always block: what nobody has decided is not allowed',
    })
    .optional()
    .meta({
      description:
        'What becomes of a call that nobody has decided in time. Only block: if time alone could let a call pass, nobody would have to approve it, and whoever wants it to pass would only have to wait.',
    }),
  durable: durable.optional(),
  wait: wait.optional(),
})

export const holdSettings = z.strictObject({
  wait: wait.optional(),
  expires: expires.optional(),
  reviewers: reviewers.optional(),
  quorum: quorum.optional(),
  durable: durable.optional(),
  grant: z
    .strictObject({
      default: durationUpTo('366d').optional(),
      max: durationUpTo('366d').optional(),
    })
    .optional()
    .meta({ description: 'How long leave lasts when nobody says so, and at most.' }),
  preview: z.boolean().optional().meta({
    description:
      'Whether those who may decide about a call are shown what it says, with the kind in place of whatever is recognised. Default: true.',
  }),
  max_pending: count.optional(),
  max_pending_per_agent: count.optional(),
})
