/** `cordon env`: the variables that send a host's programs through the proxy and make them trust its CA. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { Operation } from '../../config/operation.ts'
import { CommandError, EXIT, print, printJson } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'

interface EnvOptions extends ConfigOptions {
  readonly shell: 'sh' | 'fish' | 'json'
}

export function addEnv(program: Command): void {
  withConfig(program.command('env'))
    .description('print the environment an agent host needs')
    .addOption(
      new Option('--shell <kind>', 'form of the output')
        .choices(['sh', 'fish', 'json'])
        .default('sh'),
    )
    .addHelpText('after', '\nExample:\n  eval "$(cordon env)"\n  cordon env --shell fish | source')
    .action((options: EnvOptions) => {
      const variables = variablesOf(options)
      if (options.shell === 'json') return printJson(variables)
      for (const [name, value] of Object.entries(variables)) {
        const quoted = `'${value.replaceAll("'", "'\\''")}'`
        print(options.shell === 'fish' ? `set -gx ${name} ${quoted}` : `export ${name}=${quoted}`)
      }
    })
}

/** What a shell evaluates is what decides there: of an error it would not hear, and the agent would go out by itself. */
function variablesOf(options: EnvOptions): Record<string, string> {
  try {
    return toEnvironment(load(options).operation, null)
  } catch (error) {
    if (options.shell !== 'json') print('false')
    throw error
  }
}

/**
 * @param token sent as password of the proxy URL; null for none.
 * @throws CommandError when there is no CA yet.
 */
export function toEnvironment(operation: Operation, token: string | null): Record<string, string> {
  const ca = join(operation.caDir, 'ca.pem')
  const bundle = join(operation.caDir, 'bundle.pem')
  if (!existsSync(ca) || !existsSync(bundle)) {
    throw new CommandError(
      EXIT.failed,
      `there is no CA in \`${operation.caDir}\` yet`,
      'it is made by the first `cordon start`, or by `cordon init`',
    )
  }
  const proxy = `http://${token === null ? '' : `agent:${token}@`}${toReachable(operation.proxy)}`
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    // What never leaves the host need not be asked about.
    NO_PROXY: 'localhost,127.0.0.1,::1',
    no_proxy: 'localhost,127.0.0.1,::1',
    NODE_USE_ENV_PROXY: '1',
    // These add to the roots a program has.
    NODE_EXTRA_CA_CERTS: ca,
    DENO_CERT: ca,
    // These replace them, so they get the system's and ours.
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    AWS_CA_BUNDLE: bundle,
    GIT_SSL_CAINFO: bundle,
    PIP_CERT: bundle,
    CARGO_HTTP_CAINFO: bundle,
    NPM_CONFIG_CAFILE: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
    PGSSLROOTCERT: bundle,
    // TLS ends at the proxy, so that nothing can be bound to it.
    PGCHANNELBINDING: 'disable',
  }
}

/** A proxy that listens on all addresses is reached on this host through loopback. */
function toReachable(listen: string): string {
  return listen.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
}
