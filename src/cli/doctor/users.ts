/** Entries of the policy by how callers prove who they are: whether anybody can, by what the proxy asks and the system says. */

import type { Settings } from '../../config/load.ts'
import type { Policy } from '../../policy/compile.ts'
import { type Finding, ok, warn } from './finding.ts'

const CHECK = 'users'

export async function lookAtUsers({ policy, operation }: Settings): Promise<readonly Finding[]> {
  return [...lookAtCertificates({ policy, operation }), ...(await lookAtLocalUsers(policy))]
}

function lookAtCertificates({
  policy,
  operation,
}: Pick<Settings, 'policy' | 'operation'>): readonly Finding[] {
  const named = policy.agents.filter(({ certificates }) => certificates !== null).length
  if (named === 0) return []
  const found = `${named} agents are known by their certificate`
  if (operation.clientCa.length > 0) return [ok('certificates', found)]
  const hint = 'name the authorities: `identity: { client_ca: […] }`'
  return [warn('certificates', `${found}, and nobody is asked for one`, hint)]
}

async function lookAtLocalUsers(policy: Policy): Promise<readonly Finding[]> {
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
