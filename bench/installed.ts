/**
 * What this machine has: programs, npm packages, files, and the versions they give themselves.
 * Never installs anything.
 */

import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { cpus, release, totalmem } from 'node:os'
import { delimiter, join, resolve } from 'node:path'

const REPOSITORY = resolve(import.meta.dirname, '..')

/**
 * Of a list of programs on PATH, `npm:NAME`s and files (with a slash, relative to the repository),
 * those not there.
 */
export function missing(needs: readonly string[]): string[] {
  return needs.filter((need) => {
    if (need.startsWith('npm:')) return packageFile(need.slice('npm:'.length)) === null
    return need.includes('/') ? !existsSync(resolve(REPOSITORY, need)) : !isProgram(need)
  })
}

function isProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The package's package.json, looked for as an import from here would be. */
function packageFile(name: string): string | null {
  try {
    return findPackageJSON(name, import.meta.url) ?? null
  } catch {
    return null
  }
}

/**
 * The first thing that looks like a version in what a command prints, on either stream; `unknown`
 * without one.
 */
export function versionSaidBy(program: string, ...args: readonly string[]): string {
  try {
    const shell = ['-c', '"$0" "$@" 2>&1', program, ...args]
    const text = execFileSync('sh', shell, { encoding: 'utf8', timeout: 20_000 })
    return /\d+(\.\d+)+/.exec(text)?.[0] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

export function packageVersion(name: string): string {
  const file = packageFile(name)
  return file === null ? 'unknown' : String(JSON.parse(readFileSync(file, 'utf8')).version)
}

/** The version in package.json and the commit, where there is one. */
export function cordonVersion(): string {
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
  try {
    const head = ['-C', REPOSITORY, 'rev-parse', '--short', 'HEAD']
    return `${version} ${execFileSync('git', head, { encoding: 'utf8', stdio: 'pipe' }).trim()}`
  } catch {
    return String(version)
  }
}

/** What results depend on; no name and no path of the machine. */
export function machine() {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    nodeOpenssl: process.versions.openssl ?? 'unknown',
    openssl: versionSaidBy('openssl', 'version'),
  }
}
