/**
 * The form of every file people write, one schema each: zod's door, with `form`. Form only; whether names and patterns mean
 * something is for `policy/compile`. The schemas for editors in `docs/schema` are made from these.
 */

import { z } from 'zod'
import { parseIp } from '../model/address.ts'
import { isAgentName } from '../model/agent.ts'
import { PROTOCOLS } from '../model/flow.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { agentHold, holdSettings, reviewer, ruleHold } from './hold-form.ts'
import { allowed, ownKinds } from './kind-form.ts'
import { operationKeys } from './operation-form.ts'
import { country, id, name, names, oneOrMany, sentence } from './scalars.ts'

const ACTIONS = ['allow', 'block', 'hold'] as const
const PLACEMENTS = ['inside', 'outside', 'straddling', 'unknown'] as const

const agentName = z.string().refine(isAgentName, { error: 'not the name of an agent or group' })
const address = z.string().refine((text) => parseIp(text) !== null, { error: 'not an IP address' })

/** The largest that is one; the next stands for none. */
const MAX_UID = 4_294_967_294
const userRange = z.string().regex(/^(0|[1-9][0-9]{0,9})-(0|[1-9][0-9]{0,9})$/, {
  error: 'users are numbers, or ranges of them such as 2000-2999',
})

const agent = z.strictObject({
  id: name,
  match: z
    .strictObject({
      subject: names.optional(),
      group: names.optional(),
      source: names.optional(),
      certificate: names.optional().meta({
        description:
          'Names that the certificate of a client is for (or its common name), or its SHA-256 as sha256:…: see `identity: client_ca`.',
      }),
      uid: oneOrMany(z.union([z.int().min(0).max(MAX_UID), userRange]))
        .optional()
        .meta({
          description:
            'Users of this host, by number, or ranges of them such as 2000-2999: whose process has made the connection. Linux only.',
        }),
    })
    .optional(),
  groups: z.array(name).optional(),
  zones: names.optional(),
  owner: name.optional().meta({
    description: 'Id of the reviewer who answers for it. May not decide about its calls.',
  }),
  hold: agentHold.optional(),
})

const destination = z.strictObject({
  host: name.optional(),
  cidr: name.optional(),
  region: names.optional(),
  allowed: names.optional(),
  because: sentence.optional(),
  expires: z.string().max(32).optional(),
})

const when = z.strictObject({
  placement: oneOrMany(z.enum(PLACEMENTS)).optional(),
  transit: oneOrMany(z.enum(PLACEMENTS)).optional(),
  creates: oneOrMany(z.enum(PLACEMENTS)).optional(),
  zone: names.optional(),
  host: names.optional(),
  port: oneOrMany(z.int().min(1).max(65535)).optional(),
  scheme: oneOrMany(z.enum(['http', 'https'])).optional(),
  protocol: oneOrMany(z.enum(PROTOCOLS)).optional().meta({
    description: 'What is spoken on the connection: see docs/transparent.md.',
  }),
  statement: names.optional().meta({
    description:
      'What a statement of SQL does: its leading word, or its first two. See docs/transparent.md.',
  }),
  command: names.optional().meta({
    description: 'The same of a command of Redis: `flushall`, or `config set`.',
  }),
  method: names.optional(),
  path: names.optional(),
  data: names.optional().meta({
    description:
      'Kinds of data, or classes of them, that are in the request: see docs/redaction.md.',
  }),
  upgrade: names.optional(),
  agent: names.optional(),
  group: names.optional(),
})

/** What a rule takes out of what passes. */
const ruleRedact = z.strictObject({
  out: names.optional().meta({ description: 'Kinds or classes taken out of requests.' }),
  in: names.optional().meta({ description: 'Kinds or classes taken out of answers.' }),
  with: z.enum(['mask', 'label', 'remove', 'hash', 'surrogate', 'token']).optional(),
  keep: z.int().min(0).max(8).optional(),
})

const rule = z.strictObject({
  id,
  because: sentence,
  when,
  // biome-ignore lint/suspicious/noThenProperty: the published name of the key
  then: z.enum(ACTIONS).optional(),
  redact: ruleRedact.optional(),
  hold: ruleHold.optional(),
  mode: z.enum(['enforce', 'observe']).optional().meta({
    description:
      'observe: what the rule would have done is recorded, and the call goes on as if it were not there.',
  }),
})

const zoneName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, {
  error: 'the name of a zone has letters, digits, - and _, at most 64, beginning with a letter',
})

const policyKeys = {
  zones: z.record(zoneName, z.array(name).min(1).max(10_000)).optional(),
  home: names.optional(),
  agents: z.array(agent).max(10_000).optional(),
  destinations: z.array(destination).max(100_000).optional(),
  placement: z.partialRecord(z.enum(PLACEMENTS), z.enum(ACTIONS)).optional(),
  reviewers: z.array(reviewer).max(10_000).optional(),
  hold: holdSettings.optional(),
  redaction: z
    .strictObject({
      on_unscannable: z
        .strictObject({
          out: z.enum(['block', 'hold', 'pass-and-record', 'pass']).optional(),
          in: z.enum(['block', 'pass-and-record', 'pass']).optional(),
        })
        .optional()
        .meta({
          description:
            'What becomes of bodies that a rule takes data out of, and that cannot be read. `hold` asks a person; `pass` is short for `pass-and-record`. Default: requests are blocked, answers pass.',
        }),
      kinds: ownKinds.optional(),
      models: z.array(name).max(1_000).optional().meta({
        description:
          'Hosts that models are served at, besides those that the catalogue says: there what their APIs sign or encrypt is left as it is. Such as a gateway of your own.',
      }),
      allow: allowed.optional(),
    })
    .optional(),
}

/** A file under `rules/`. */
export const policyFile = z.strictObject({
  version: z.literal(1),
  ...policyKeys,
  rules: z.array(rule).max(10_000).optional(),
})

/** `cordon.yaml`. */
export const configFile = z.strictObject({
  version: z.literal(1),
  mode: z.enum(['enforce', 'observe']).optional(),
  ...operationKeys,
  ...policyKeys,
  rules: z
    .array(z.union([rule, name]))
    .max(10_000)
    .optional(),
})

/** `geoip/zones.yaml`. */
export const zoneFile = z.strictObject({
  version: z.literal(1),
  zones: z.record(
    z.string(),
    z.strictObject({
      as_of: z.iso.date(),
      source: z.string().min(1),
      countries: z.array(country).min(1),
    }),
  ),
})

/** `rules/NAME.scenarios.yaml`. */
export const scenarioFile = z.strictObject({
  version: z.literal(1),
  scenarios: z.array(
    z.strictObject({
      name,
      request: z.strictObject({
        url: name,
        method: name.optional(),
        statement: names.optional().meta({
          description: 'What is said to a database, as rules name it: `drop table`, `flushall`.',
        }),
        agent: agentName.optional(),
        groups: z.array(agentName).optional(),
        regions: z.array(z.union([country, z.literal('*')])).optional(),
        addresses: z.array(address).optional(),
      }),
      expect: z.strictObject({
        action: z.enum(ACTIONS),
        placement: z.enum(PLACEMENTS).optional(),
        rules: z
          .array(name)
          .optional()
          .meta({ description: 'Ids of all rules that match and decide.' }),
        redacts: z
          .array(name)
          .optional()
          .meta({ description: 'Ids of all rules that match and take data out.' }),
      }),
    }),
  ),
})

export type ConfigFile = z.infer<typeof configFile>
export type PolicyFile = z.infer<typeof policyFile>
export type ScenarioFile = z.infer<typeof scenarioFile>

// The compiler checks here that what the schema lets through is what the policy compiler takes.
policyFile satisfies z.ZodType<PolicyDocument>
