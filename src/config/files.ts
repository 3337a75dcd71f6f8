/** Reading the files of a configuration, with every problem kept until all are known. */

import { readFileSync, statSync } from 'node:fs'
import { relative } from 'node:path'
import type { z } from 'zod'
import { Footprint } from './footprint.ts'
import { checkForm } from './form.ts'
import { type FileProblem, MAX_YAML_BYTES, parseYaml, type YamlFile } from './yaml.ts'

export class FileReader {
  readonly problems: FileProblem[] = []
  /** Absolute paths of all files that were asked for. */
  readonly files: string[] = []
  readonly footprint = new Footprint()
  readonly #cwd: string

  /** @param cwd problems name files relative to it. */
  constructor(cwd: string) {
    this.#cwd = cwd
  }

  /** @param path absolute. @returns null when it cannot be read or parsed; the reason is in `problems`. */
  read(path: string): YamlFile | null {
    this.files.push(path)
    this.footprint.addFile(path)
    const file = this.nameOf(path)
    const text = readText(path)
    if ('fault' in text) {
      this.fail(file, text.fault)
      return null
    }
    const yaml = parseYaml(text.value, file)
    if ('value' in yaml) return yaml
    this.problems.push(...yaml)
    return null
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

/** A pipe or a device could keep the reader waiting for ever, so only ordinary files are read. */
function readText(path: string): { readonly value: string } | { readonly fault: string } {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return { fault: 'this is not a file' }
    if (stat.size > MAX_YAML_BYTES) {
      return { fault: `the file is larger than ${MAX_YAML_BYTES} bytes` }
    }
    return { value: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { fault: 'there is no such file' }
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { fault: 'the file is not UTF-8' }
    return { fault: `cannot be read (${code})` }
  }
}
