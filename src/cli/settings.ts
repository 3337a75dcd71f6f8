/** The options that decide which configuration a command works with; the same for all of them. */

import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type LoadOptions, loadSettings, type Settings } from '../config/load.ts'
import { isListenAddress } from '../config/operation-form.ts'

export interface ConfigOptions {
  readonly config?: string
  readonly data?: string
  readonly home?: string[]
  readonly observe?: boolean
  /** Where connections are led that were going elsewhere. */
  readonly transparent?: string
  /** Rule files in place of those of the configuration. */
  readonly rules?: string[]
}

/** The folder of the product: rules, region data. */
export const INSTALL_DIR = resolve(import.meta.dirname, '../..')

export function withConfig(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration; default: cordon.yaml here, else built in')
    .option('--data <dir>', 'directory of the audit log and keys')
}

/** @param facts whether verdicts are wanted. */
export function toLoadOptions(
  { config, data, home, observe, transparent, rules }: ConfigOptions,
  facts = false,
): LoadOptions {
  return {
    cwd: process.cwd(),
    installDir: INSTALL_DIR,
    config: config ?? null,
    home: home?.flatMap((text) => text.split(',')).filter((text) => text !== '') ?? null,
    observe: observe ?? false,
    dataDir: data ?? null,
    transparent: transparent ?? null,
    rules: rules ?? null,
    facts,
  }
}

/** @throws ConfigError */
export function load(options: ConfigOptions): Settings {
  return loadSettings(toLoadOptions(options))
}

/** The same with the facts that verdicts need. */
export function loadWithFacts(options: ConfigOptions): Settings {
  return loadSettings(toLoadOptions(options, true))
}

export function toListenAddress(text: string): string {
  if (!isListenAddress(text)) {
    throw new InvalidArgumentError('an address and port is written like 0.0.0.0:3129 or [::]:3129')
  }
  return text
}
