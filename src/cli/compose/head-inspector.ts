/** What finds data in heads and takes it out: the same scanners and operators as for bodies, other readers. */

import { ISSUED_TOKEN } from '../../inspect/operators/issued-token.ts'
import { toLabel } from '../../inspect/operators/replace.ts'
import type { Recognition } from '../../inspect/recognizers/recognition.ts'
import { Findings } from '../../inspect/redact/findings.ts'
import {
  type HeadJobs,
  rewriteFields,
  rewritePathPlainly,
  rewriteTarget,
} from '../../inspect/redact/head/head.ts'
import { type Job, REDACT_LIMITS, type Replace } from '../../inspect/redact/reader.ts'
import type { Scanner } from '../../inspect/scan/scanner.ts'
import type { Found, Inspector } from '../../inspector.ts'
import type { Operator } from '../../model/finding.ts'

type Plan = ReadonlyMap<string, Operator>

export interface HeadMeans {
  /** For all kinds that are not off. */
  readonly everything: Scanner
  /** For what a plan takes out of requests. */
  outgoing(plan: Plan): Scanner
  /** For what a plan takes out of answers, and what is restored in them. */
  incoming(plan: Plan): Scanner
  readonly recognition: Recognition
  replacing(plan: Plan, agent: string): Replace
}

export function inspectHeads({
  everything,
  outgoing,
  incoming,
  recognition,
  replacing,
}: HeadMeans): Pick<Inspector, 'lookAtHead' | 'showPath' | 'redactHead' | 'redactFields'> {
  const isSecret = (type: string) => recognition.classOf(type) === 'secret'
  const showPath = (path: string, scan: Scanner) => rewritePathPlainly(toJob(scan, LABEL), path)
  const pathOf = (target: string) => target.split('?', 1)[0] ?? ''

  return {
    lookAtHead({ target, fields }, { host }) {
      const data = new Set<string>()
      const job = toJob(everything, (type, value, { path }) => {
        if (recognition.allow.allows(value.toString(), path)) return null
        data.add(type)
        data.add(recognition.classOf(type))
        return null
      })
      const unseen = without(job, isSecret)
      const jobs = { job, fields: unseen, authentication: unseen, parameters: job, host }
      rewriteTarget(jobs, target)
      rewriteFields(jobs, fields)
      return data
    },

    showPath: (target) => showPath(pathOf(target), everything),

    redactHead({ target, fields }, { out, named }, { agent, host }) {
      if (out.size === 0) return null
      const scan = outgoing(out)
      const job = toJob(scan, replacing(out, agent))
      const credentials = without(job, (type) => isSecret(type) && !named.has(type))
      const jobs: HeadJobs = {
        job,
        fields: credentials,
        authentication: without(job, isSecret),
        parameters: credentials,
        host,
      }
      const rewritten = {
        target: rewriteTarget(jobs, target),
        fields: rewriteFields(jobs, fields),
      }
      const found = job.findings.toList()
      if (found.length === 0) return null
      const shownPath = showPath(showPath(pathOf(target), scan), everything)
      return { ...rewritten, found, shownPath }
    },

    redactFields(fields, plan, { agent }) {
      const read = toJob(incoming(plan), replacing(plan, agent))
      // Whoever answers would have the caller take the value to wherever it leads.
      const leads = (type: string, path: string) => type === ISSUED_TOKEN.type && LEADS.test(path)
      const job = without(read, leads)
      const credentials = without(job, isSecret)
      const jobs = {
        job,
        fields: credentials,
        authentication: credentials,
        parameters: job,
        host: '',
      }
      const rewritten = rewriteFields(jobs, fields)
      return { fields: rewritten, found: job.findings.toList().filter(isFound) }
    },
  }
}

/** Fields of answers that a client follows to another place. */
const LEADS = /^header\.(?:location|content-location|link|refresh)(?![\w-])/

const LABEL: Replace = (type) => Buffer.from(toLabel(type))

function isFound({ type }: Found): boolean {
  return type !== ISSUED_TOKEN.type
}

function toJob(scan: Scanner, replace: Replace): Job {
  return { scan, replace, limits: REDACT_LIMITS, findings: new Findings(), sealed: 'read' }
}

/** The same, with some kinds left where they are. */
function without(job: Job, isLeft: (type: string, path: string) => boolean): Job {
  return {
    ...job,
    replace: (type, value, place) =>
      isLeft(type, place.path) ? null : job.replace(type, value, place),
  }
}
