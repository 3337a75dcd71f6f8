/** argv in, exit code out. */

import { createProgram, sayFailure } from './cli/program.ts'

// Whoever reads the answer may have had enough: `cordon flows | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  await createProgram().parseAsync(process.argv)
} catch (error) {
  process.exitCode = sayFailure(error)
}
