/** argv in, exit code out. */

import { createProgram, sayFailure } from './cli/program.ts'

try {
  await createProgram().parseAsync(process.argv)
} catch (error) {
  process.exitCode = sayFailure(error)
}
