/** Where the API is and who asks it: the options that all commands about holds share. */

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Operation } from '../../config/operation.ts'
import { readConsolePlace, toConsoleUrl } from '../console-file.ts'
import { CommandError, EXIT, say } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'
import { ApiClient } from './api-client.ts'
import { askSecret, canAsk } from './ask-secret.ts'

export interface ApiOptions extends ConfigOptions {
  readonly api?: string
  readonly tokenFile?: string
}

/** Never as an argument: that would show it to everybody who lists processes. */
const VARIABLE = 'CORDON_TOKEN'

export function withApi(command: Command): Command {
  return withConfig(command)
    .option('--api <url>', 'the console of the proxy; default: of the one that runs here')
    .option(
      '--token-file <file>',
      `where your token stands; default: ${VARIABLE}, else you are asked`,
    )
}

/** @throws CommandError when no proxy runs, or nobody says who asks */
export async function openApi(options: ApiOptions): Promise<ApiClient> {
  const url = findApi(options)
  if (url === null) {
    const hint = 'start it with `cordon start`, or name the console of another with `--api URL`'
    throw new CommandError(EXIT.failed, 'no proxy runs with this data directory', hint)
  }
  return new ApiClient(url, await findToken(options))
}

/** Where the proxy is by now: one that was started again may have another port. */
export function findAgain(api: ApiClient, options: ApiOptions): ApiClient {
  if (options.api !== undefined) return api
  try {
    return api.at(placeOf(load(options).operation) ?? api.base)
  } catch {
    // The configuration is being changed.
    return api
  }
}

/** @returns null when no proxy runs here. @throws CommandError */
export function findApi({ api, ...options }: ApiOptions): string | null {
  if (api !== undefined) return checkUrl(api)
  return placeOf(load(options).operation)
}

/** Whether somebody says who they are, or can be asked. */
export function hasToken({ tokenFile }: ApiOptions): boolean {
  return tokenFile !== undefined || (process.env[VARIABLE] ?? '') !== '' || canAsk()
}

function placeOf({ dataDir }: Operation): string | null {
  const place = readConsolePlace(dataDir)
  return place && toConsoleUrl(place)
}

function checkUrl(text: string): string {
  const url = URL.parse(text)
  const isUsable =
    url &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.search === '' &&
    url.hash === ''
  if (!isUsable) {
    throw new CommandError(EXIT.invalid, `\`${text}\` is not a URL`, 'write http://127.0.0.1:3130')
  }
  const isNear = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url.protocol === 'http:' && !isNear) {
    say('warning: your token goes over the network in the clear: use https, or a tunnel')
  }
  return url.href.replace(/\/+$/, '')
}

async function findToken({ tokenFile }: ApiOptions): Promise<string> {
  if (tokenFile !== undefined) return checkToken(readToken(tokenFile), `\`${tokenFile}\``)
  const given = process.env[VARIABLE] ?? ''
  if (given !== '') return checkToken(given, VARIABLE)
  if (canAsk()) return checkToken(await askSecret('token (crv_…): '), 'what was typed')
  throw new CommandError(
    EXIT.invalid,
    'nobody says who decides: there is no token',
    `set ${VARIABLE}, or name a file with \`--token-file\`; \`cordon reviewers token NAME\` issues one`,
  )
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(EXIT.invalid, `\`${path}\` cannot be read: ${(error as Error).message}`)
  }
}

/** Only its form: whose it is is said by the proxy. What it is is never said. */
function checkToken(text: string, where: string): string {
  const token = text.trim()
  if (/^[A-Za-z0-9._~+/=-]{1,8192}$/.test(token)) return token
  throw new CommandError(
    EXIT.invalid,
    `${where} is not a token`,
    'reviewers’ tokens begin with crv_',
  )
}
