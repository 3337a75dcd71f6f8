/** A command on a terminal of its own: keys go in, pictures come out. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { PROJECT } from './proxy.ts'
import { eventually } from './wait.ts'

export interface Terminal extends AsyncDisposable {
  type(keys: string): void
  resize(rows: number, columns: number): void
  /** The picture that is shown now: its lines, without attributes. */
  lines(): readonly string[]
  /** Waits for a picture with this in it. */
  shows(what: string | RegExp): Promise<readonly string[]>
  /** Waits for a picture without it. */
  showsNo(what: string | RegExp): Promise<readonly string[]>
  /** Every byte that was written so far. */
  readonly raw: () => string
  /** The exit code. */
  readonly ended: Promise<number | null>
}

export function openTerminal(
  command: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Terminal {
  const script = join(PROJECT, 'test/support/programs/terminal.py')
  const child = spawn('python3', [script, ...command], {
    cwd: options.cwd,
    env: { ...process.env, TERM: 'xterm-256color', ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let raw = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    raw += text
  })
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const order = (what: object) => child.stdin.write(`${JSON.stringify(what)}\n`)
  const lines = () => toLines(raw)
  const has = (what: string | RegExp) => {
    const text = lines().join('\n')
    return typeof what === 'string' ? text.includes(what) : what.test(text)
  }
  const wait = (what: string | RegExp, want: boolean) =>
    eventually(`${want ? '' : 'no '}${what} on the terminal`, () =>
      has(what) === want ? lines() : null,
    ).catch((error: Error) => {
      throw new Error(
        `${error.message}:\n${lines().join('\n')}\n${JSON.stringify(raw.slice(-2_000))}`,
      )
    })
  return {
    type: (keys) => order({ keys }),
    resize: (rows, columns) => order({ size: [rows, columns] }),
    lines,
    shows: (what) => wait(what, true),
    showsNo: (what) => wait(what, false),
    raw: () => raw,
    ended,
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}

/** The last whole picture: from the top left corner to where the rest is cleared. */
function toLines(raw: string): readonly string[] {
  const picture = raw.split('\u001b[H').findLast((text) => text.includes('\u001b[J'))
  const [text = ''] = (picture ?? '').split('\u001b[J')
  return text.replace(/\u001b\[[0-9;]*m/g, '').split(/\r+\n/)
}
