/** Reading the files of a configuration, with every problem kept until all are known. */

import { relative } from 'node:path'
import type { z } from 'zod'
import type { Parsed } from '../model/errors.ts'
import { Footprint } from './footprint.ts'
import { checkForm } from './form.ts'
import { DISK, type FileSource } from './source.ts'
import { type FileProblem, parseYaml, type YamlFile } from './yaml.ts'

export class FileReader {
  readonly problems: FileProblem[] = []
  /** Absolute paths of all files that were asked for. */
  readonly files: string[] = []
  readonly footprint = new Footprint()
  readonly #cwd: string
  readonly #source: FileSource

  /** @param cwd problems name files relative to it. */
  constructor(cwd: string, source: FileSource = DISK) {
    this.#cwd = cwd
    this.#source = source
  }

  /** @param path absolute. @returns null when it cannot be read or parsed; the reason is in `problems`. */
  read(path: string): YamlFile | null {
    this.files.push(path)
    this.footprint.addFile(path)
    const file = this.nameOf(path)
    const text = this.#source.read(path)
    if ('fault' in text) {
      this.fail(file, text.fault)
      return null
    }
    const yaml = parseYaml(text.value, file)
    if ('value' in yaml) return yaml
    this.problems.push(...yaml)
    return null
  }

  /** The lines of a file that is no YAML. @param most bytes. @returns null when it cannot be read; the fault says why */
  readLines(path: string, most: number): Parsed<readonly string[]> {
    this.files.push(path)
    this.footprint.addFile(path)
    const text = this.#source.read(path, most)
    return 'fault' in text ? text : { value: text.value.split(/\r?\n/) }
  }

  /** Names that match in a folder, sorted. */
  find(pattern: string, base: string): readonly string[] {
    this.footprint.addPattern(pattern, base)
    return this.#source.find(pattern, base)
  }

  check<T>(yaml: YamlFile | null, schema: z.ZodType<T>): T | null {
    if (!yaml) return null
    const result = checkForm(schema, yaml.value)
    if ('value' in result) return result.value
    for (const { path, message, hint, at } of result.problems) {
      this.problems.push(yaml.problemAt(path, message, hint, at))
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
