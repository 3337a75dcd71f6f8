/**
 * `npm run bench:placement -- DIR [--old DIR]`: how often Cordon is right about where addresses of clouds are. The files in DIR say what is
 * true; the tables are made from the files in the old folder, or from the same. Once more without any table. Only the address
 * counts here: no names, no requests.
 */

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type MeasureOptions, measure } from './measure.ts'
import { sayReport } from './report.ts'

const USAGE = 'usage: npm run bench:placement -- DIR [--old DIR] [--seed N] [--json]'

interface Options extends MeasureOptions {
  readonly json: boolean
}

/** @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (!options) {
    process.stderr.write(`${USAGE}\n`)
    return 3
  }
  const report = await measure(options)
  if (!report) {
    process.stderr.write(`no tables in ${options.dir}\n`)
    return 3
  }
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : sayReport(report))
  return 0
}

function readOptions(args: readonly string[]): Options | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        old: { type: 'string' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
      },
    })
    const [dir, ...more] = positionals
    if (dir === undefined || more.length > 0 || !/^\d{1,9}$/.test(values.seed)) return null
    // npm runs scripts in the folder of the project, and says where it was called.
    const here = (path: string) => resolve(process.env.INIT_CWD ?? '.', path)
    const old = values.old === undefined ? null : here(values.old)
    return { dir: here(dir), old, seed: Number(values.seed), json: values.json }
  } catch {
    return null
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
