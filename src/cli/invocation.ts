/**
 * How this program is called, as hints have to say it: inside a clone `npx cordon` is this Cordon, and plain `cordon` is not found; anywhere
 * else npx would ask a registry for a package of that name.
 */

import { resolve } from 'node:path'

export const COMMAND: string = commandIn(currentDirectory())

/** @param directory where the command is run; null when that is gone */
export function commandIn(directory: string | null): string {
  return directory === resolve(import.meta.dirname, '../..') ? 'npx cordon' : 'cordon'
}

/** Commands within a text, written as `cordon VERB` in backticks or as `$(cordon VERB)`, as they can be called here. */
export function spellCommands(text: string, command: string = COMMAND): string {
  return text.replace(/(?<=`|\$\()cordon (?=[a-z])/g, () => `${command} `)
}

/** The same for usage and examples of commands, where they stand without backticks. */
export function spellHelp(text: string, command: string = COMMAND): string {
  return text.replace(/(?<=[\s(])cordon (?=[a-z[])/g, () => `${command} `)
}

function currentDirectory(): string | null {
  try {
    return process.cwd()
  } catch {
    return null
  }
}
