/** The entry of a process that serves beside others; only ever started by the one that owns. */

import { serveAsWorker } from './cli/compose/cluster/worker.ts'

serveAsWorker()
