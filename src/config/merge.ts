/**
 * Several policy files as one document. Each may add zones, agents, destinations, reviewers and rules; home, each placement and each key of `hold` and `redaction` are said once.
 * Remembers where every part came from, so that a problem found later is reported in the file it stands in.
 */

import type { PolicyDocument } from '../policy/document.ts'
import type { PolicyProblem } from '../policy/references.ts'
import type { FileProblem, YamlFile } from './yaml.ts'

export interface PolicySource {
  readonly yaml: YamlFile
  readonly document: PolicyDocument
}

export interface Merged {
  readonly document: PolicyDocument
  readonly problems: readonly FileProblem[]
  /** Where a problem of the merged document stands in the files. */
  locate(problem: PolicyProblem): FileProblem
}

const LISTS = ['agents', 'destinations', 'rules', 'reviewers'] as const
/** Sections of which each key is said once. */
const SECTIONS = ['placement', 'hold', 'redaction'] as const

interface Origin {
  readonly yaml: YamlFile
  readonly path: readonly PropertyKey[]
}

/** @param sources at least one; the first is where problems without a place of their own are reported. */
export function mergePolicies(sources: readonly PolicySource[]): Merged {
  const problems: FileProblem[] = []
  const origins = new Map<string, Origin>()
  const lists: Record<(typeof LISTS)[number], unknown[]> = {
    agents: [],
    destinations: [],
    rules: [],
    reviewers: [],
  }
  const zones: Record<string, readonly string[]> = {}
  const sections: Record<(typeof SECTIONS)[number], Record<string, unknown>> = {
    placement: {},
    hold: {},
    redaction: {},
  }
  let home: PolicyDocument['home']

  /** Notes where a part stands; a part that is said once may stand in one place only. */
  const claim = (yaml: YamlFile, path: readonly PropertyKey[]) => {
    const key = path.join('.')
    const first = origins.get(key)
    if (first) {
      problems.push(yaml.problemAt(path, `\`${key}\` is already set in ${first.yaml.file}`))
    } else origins.set(key, { yaml, path })
  }

  for (const { yaml, document } of sources) {
    for (const key of LISTS) {
      for (const [i, entry] of (document[key] ?? []).entries()) {
        origins.set(`${key}.${lists[key].length}`, { yaml, path: [key, i] })
        lists[key].push(entry)
      }
    }
    for (const [name, members] of Object.entries(document.zones ?? {})) {
      claim(yaml, ['zones', name])
      zones[name] = members
    }
    for (const section of SECTIONS) {
      for (const [key, value] of Object.entries(document[section] ?? {})) {
        claim(yaml, [section, key])
        sections[section][key] = value
      }
    }
    if (document.home !== undefined) {
      claim(yaml, ['home'])
      home = document.home
    }
  }
  return {
    document: { zones, home, ...sections, ...lists } as PolicyDocument,
    problems,
    locate({ path, message, hint }) {
      for (let length = Math.min(path.length, 2); length > 0; length--) {
        const origin = origins.get(path.slice(0, length).join('.'))
        if (origin) {
          return origin.yaml.problemAt([...origin.path, ...path.slice(length)], message, hint)
        }
      }
      const [first] = sources
      return first
        ? first.yaml.problemAt(path, message, hint)
        : { file: '', line: null, column: null, message, hint: hint ?? null }
    },
  }
}
