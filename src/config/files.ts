/** Reading the files of a configuration, with every problem kept until all are known. */

import { readFileSync, statSync } from 'node:fs'
import { relative } from 'node:path'
import type { z } from 'zod'
import { checkForm } from './schema.ts'
import { type FileProblem, MAX_YAML_BYTES, parseYaml, type YamlFile } from './yaml.ts'

export class FileReader {
  readonly problems: FileProblem[] = []
  /** Absolute paths of all files that were asked for. */
  readonly files: string[] = []
  readonly #cwd: string

  /** @param cwd problems name files relative to it. */
  constructor(cwd: string) {
    this.#cwd = cwd
  }

  /** @param path absolute. @returns null when it cannot be read or parsed; the reason is in `problems`. */
  read(path: string): YamlFile | null {
    this.files.push(path)
    const file = this.nameOf(path)
    let text: string
    try {
      if (statSync(path).size > MAX_YAML_BYTES) {
        this.fail(file, `the file is larger than ${MAX_YAML_BYTES} bytes`)
        return null
      }
      text = readFileSync(path, 'utf8')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      this.fail(file, code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`)
      return null
    }
    const yaml = parseYaml(text, file)
    if ('value' in yaml) return yaml
    this.problems.push(...yaml)
    return null
  }

  check<T>(yaml: YamlFile | null, schema: z.ZodType<T>): T | null {
    if (!yaml) return null
    const result = checkForm(schema, yaml.value)
    if ('value' in result) return result.value
    for (const { path, message, hint } of result.problems) {
      this.problems.push(yaml.problemAt(path, message, hint))
    }
    return null
  }

  fail(file: string, message: string, hint: string | null = null): void {
    this.problems.push({ file, line: null, column: null, message, hint })
  }

  /** As a person in the working directory would write it. */
  nameOf(path: string): string {
    const name = relative(this.#cwd, path)
    return name.startsWith('..') ? path : name
  }
}
