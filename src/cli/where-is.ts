/** Where a program is found, as a shell finds it; null for nowhere. */

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export function whereIs(program: string): string | null {
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  for (const folder of folders) {
    const path = folder === '' ? program : join(folder, program)
    if (isProgram(path)) return path
  }
  return null
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
