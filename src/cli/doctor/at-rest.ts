/** What can be told from the files of a proxy, running or not. */

import { existsSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AuditError } from '../../audit/database.ts'
import { AuditReader } from '../../audit/read.ts'
import type { Operation } from '../../config/operation.ts'
import { openAuthority } from '../../tls/authority.ts'
import { TlsFileError } from '../../tls/files.ts'
import { auditPath, clock } from '../compose/process.ts'
import { type Finding, fail, ok, skip, warn } from './finding.ts'

const DAY_MS = 86_400_000
/** A root is carried to hosts by hand: that takes a while. */
const CA_WARN_DAYS = 90
/** Bytes: below the first somebody should look, below the second the log is about to stop, and with it all traffic. */
const DISK_WARN = 1024 ** 3
const DISK_FAIL = 100 * 1024 ** 2

export async function lookAtRest(operation: Operation): Promise<readonly Finding[]> {
  return [
    await lookAtCa(operation),
    lookAtKey(operation),
    lookAtLog(operation),
    lookAtDisk(operation),
  ]
}

async function lookAtCa({ caDir }: Operation): Promise<Finding> {
  if (!existsSync(join(caDir, 'ca.pem')) && !existsSync(join(caDir, 'ca.key'))) {
    return skip('CA', `there is none in \`${caDir}\` yet`, 'the first `cordon start` makes one')
  }
  try {
    const { fingerprint, notAfter } = await openAuthority(caDir, { now: clock.now() })
    const days = Math.floor((notAfter - clock.now()) / DAY_MS)
    const found = `SHA-256 ${fingerprint.slice(0, 23)}…, valid for ${days} more days`
    return days < CA_WARN_DAYS
      ? warn('CA', found, '`cordon ca rotate` makes a new one; clients have to trust it first')
      : ok('CA', found)
  } catch (error) {
    if (error instanceof TlsFileError) return fail('CA', error.message, error.hint)
    throw error
  }
}

/** Whoever can read it can pass for any host to every client that trusts the CA. */
function lookAtKey({ caDir }: Operation): Finding {
  const path = join(caDir, 'ca.key')
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return skip('CA key', 'there is none yet', null)
  const mode = stat.mode & 0o777
  const found = `\`${path}\` has mode ${mode.toString(8).padStart(4, '0')}`
  return (mode & 0o077) === 0
    ? ok('CA key', found)
    : fail('CA key', `${found}: others than its owner can use it`, `chmod 600 ${path}`)
}

function lookAtLog(operation: Operation): Finding {
  const path = auditPath(operation)
  if (!existsSync(path)) {
    return skip('log', `there is none at \`${path}\` yet`, 'the first `cordon start` makes one')
  }
  try {
    using reader = new AuditReader(path)
    const { seq, isThere } = reader.head()
    return isThere
      ? ok('log', `${seq} rows, the last one is what the chain ends with`)
      : fail('log', 'its last row is not what the chain ends with', 'see `cordon audit verify`')
  } catch (error) {
    if (error instanceof AuditError) return fail('log', error.message, error.hint)
    throw error
  }
}

function lookAtDisk({ dataDir }: Operation): Finding {
  if (!existsSync(dataDir)) return skip('disk', `there is no \`${dataDir}\` yet`, null)
  const { bavail, bsize } = statfsSync(dataDir)
  const free = bavail * bsize
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB free for the log`
  const hint = 'when the log cannot be written nothing passes'
  if (free < DISK_FAIL) return fail('disk', found, hint)
  return free < DISK_WARN ? warn('disk', found, hint) : ok('disk', found)
}
