/** Entries of the policy that are for users of this host: whether the system says who they are. */

import type { Settings } from '../../config/load.ts'
import { type Finding, ok, warn } from './finding.ts'

const CHECK = 'users'

export async function lookAtUsers({ policy }: Settings): Promise<readonly Finding[]> {
  if (!policy.asksForUsers) return []
  const count = policy.agents.filter(({ uids }) => uids.length > 0).length
  try {
    const { openSocketOwners } = await import('../../linux/socket-owner.ts')
    openSocketOwners()
    return [ok(CHECK, `${count} agents are known by their user on this host`)]
  } catch (error) {
    const found = `${count} agents are to be known by their user, and are not: ${(error as Error).message}`
    return [
      warn(CHECK, found, 'give them tokens (`cordon agents token NAME`), or match their `source`'),
    ]
  }
}
