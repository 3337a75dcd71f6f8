/**
 * Who may decide, as the policy names them. A name that means nobody, and a demand that nobody could ever meet, are mistakes:
 * otherwise calls would wait for people who do not exist.
 */

import { isAgentName } from '../model/agent.ts'
import type { Approval } from '../model/hold.ts'
import { ADMIN, isAmong, type Reviewer } from '../model/reviewer.ts'
import { nearest } from '../model/spelling.ts'
import { type AgentEntry, type HoldEntry, type PolicyDocument, toList } from './document.ts'
import type { Path, References } from './references.ts'

export interface People {
  /** `ADMIN` first. */
  readonly reviewers: readonly Reviewer[]
  /** The owner of an agent as it is; one who is no reviewer is reported. */
  ownerAt(name: string, path: Path): string
  /** What has to be met; what cannot be is reported. @param usual stands in for what the entry does not say */
  approvalAt(entry: Demand, usual: Approval, path: Path): Approval
  /** Reports a demand that calls of these agents could not meet, because who answers for an agent may not decide about it. */
  checkOwners(approval: Approval, agents: readonly string[], path: Path): void
}

type Demand = Pick<HoldEntry, 'reviewers' | 'quorum'>

export function createPeople(document: PolicyDocument, references: References): People {
  const { report } = references
  const reviewers = compileReviewers(document, references)
  const ids = new Set(reviewers.map(({ id }) => id))
  const groups = new Set(reviewers.flatMap((each) => each.groups))
  const amongThem = (approval: Approval) => reviewers.filter((each) => isAmong(approval, each))
  const suggest = (name: string, known: Iterable<string>) => {
    const meant = nearest(name, known)
    return meant === null ? 'name them under `reviewers`' : `did you mean \`${meant}\`?`
  }

  return {
    reviewers,
    ownerAt(name, path) {
      if (groups.has(name) && !ids.has(name)) {
        report(path, `\`${name}\` is a group of reviewers: an owner is one of them`)
      } else if (!ids.has(name)) {
        report(path, `\`${name}\` is not a reviewer`, suggest(name, ids))
      }
      return name
    },
    approvalAt({ reviewers: named, quorum }, usual, path) {
      const unknown = toList(named).map((name) => !ids.has(name) && !groups.has(name))
      for (const [i, name] of toList(named).entries()) {
        if (!unknown[i]) continue
        const hint = suggest(name, [...ids, ...groups])
        report(
          [...path, 'reviewers', i],
          `\`${name}\` is neither a reviewer nor a group of them`,
          hint,
        )
      }
      const approval = {
        reviewers: named === undefined ? usual.reviewers : [...new Set(toList(named))].sort(),
        quorum: quorum ?? usual.quorum,
      }
      const people = amongThem(approval)
      const says = named !== undefined || quorum !== undefined
      if (says && !unknown.includes(true) && people.length < approval.quorum) {
        const whom = `${people.length} (${people.map(({ id }) => id).join(', ')})`
        const message = `this could never be approved: ${approval.quorum} have to agree, and there are only ${whom}`
        report([...path, quorum === undefined ? 'reviewers' : 'quorum'], message, MORE)
      }
      return approval
    },
    checkOwners(approval, agents, path) {
      const people = amongThem(approval)
      // That is reported already.
      if (people.length < approval.quorum) return
      for (const id of agents) {
        const owner = document.agents?.find((agent: AgentEntry) => agent.id === id)?.owner
        const barred = people.filter((each) => each.id === owner || each.id === id)
        if (people.length - barred.length >= approval.quorum) continue
        const who = barred.map((each) => `\`${each.id}\``).join(' and ')
        const message = `calls of \`${id}\` could never be approved: ${approval.quorum} have to agree, and ${who} may not decide about it`
        report(path, message, MORE)
      }
    },
  }
}

const MORE = 'name more people under `reviewers`, or a lower `quorum`'

function compileReviewers(
  { reviewers = [] }: PolicyDocument,
  { report, unique, namesAt }: References,
): readonly Reviewer[] {
  const named = reviewers.map(({ id, groups = [] }, i) => {
    const path: Path = ['reviewers', i]
    unique('reviewer', id, [...path, 'id'])
    if (id === ADMIN.id) {
      const hint = 'give the person another name'
      report([...path, 'id'], `\`${id}\` is built in: who has the token of the first start`, hint)
    } else if (!isAgentName(id)) {
      report([...path, 'id'], `\`${id}\` cannot be the name of a reviewer`)
    }
    namesAt('group', groups, [...path, 'groups'])
    return { id, groups: [...new Set(groups)].sort() }
  })
  const ids = new Set([ADMIN.id, ...named.map(({ id }) => id)])
  for (const [i, { groups = [] }] of reviewers.entries()) {
    for (const [j, group] of groups.entries()) {
      if (!ids.has(group)) continue
      report(
        ['reviewers', i, 'groups', j],
        `\`${group}\` is a reviewer, and cannot be a group as well`,
      )
    }
  }
  return [ADMIN, ...named]
}
