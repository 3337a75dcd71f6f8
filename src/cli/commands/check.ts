/** `cordon check`: reads and compiles configuration and rules, and lists every mistake with its place. */

import type { Command } from 'commander'
import { checkConfig, checkFiles } from '../../config/check.ts'
import type { FileProblem } from '../../config/yaml.ts'
import { EXIT, print, printJson, say } from '../output.ts'
import { type ConfigOptions, toLoadOptions, withConfig } from '../settings.ts'

export function addCheck(program: Command): void {
  withConfig(program.command('check'))
    .description('check configuration, rules and scenarios')
    .argument('[files...]', 'default: the configuration that `start` would use')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon check\n  cordon check rules/*.yaml')
    .action((files: string[], options: ConfigOptions & { readonly json?: boolean }) => {
      const load = toLoadOptions(options, true)
      const problems = files.length > 0 ? checkFiles(files, load) : checkConfig(load)
      if (options.json) printJson(problems)
      else for (const problem of problems) print(sayProblem(problem))
      if (problems.length === 0 && !options.json) say('no mistakes found')
      process.exitCode = problems.length > 0 ? EXIT.invalid : EXIT.ok
    })
}

/** `file:line:column: message`, as compilers write it, and the hint on a line of its own. */
export function sayProblem({ file, line, column, message, hint }: FileProblem): string {
  const place = line === null ? file : `${file}:${line}:${column}`
  return `${place}: ${message}${hint ? `\n  hint: ${hint}` : ''}`
}
