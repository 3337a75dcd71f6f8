/**
 * What lets root change or read the system from anywhere: its knobs are read-only inside, and of devices only those are there that hold nothing. Others are kept from
 * them by their permissions; root is not, for who was root outside is so for the files of the kernel as well.
 */

import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

/** A pattern of core dumps names a program that the kernel runs, outside of everything. */
const KNOBS = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus', '/proc/fs']

/** Of /dev: what programs use and nothing can be read from, terminals, and what they compute on. */
const DEVICES =
  /^(null|zero|full|u?random|tty|ptmx|pts|shm|mqueue|hugepages|fd|std(in|out|err)|dri|kfd|nvidia.*|fuse)$/

/** @throws Error with what failed */
export function sealKernel(): void {
  for (const path of KNOBS) {
    if (!existsSync(path)) continue
    runProgram('mount', '--bind', path, path)
    runProgram('mount', '-o', 'remount,bind,ro', path)
  }
  for (const path of mountsUnder('/sys')) runProgram('mount', '-o', 'remount,bind,ro', path)
}

/** @param staging an empty folder in which nobody else looks */
export function sealDevices(staging: string): void {
  const names = readdirSync('/dev').filter((name) => DEVICES.test(name))
  runProgram('mount', '--rbind', '/dev', staging)
  runProgram('mount', '-t', 'tmpfs', '-o', 'mode=755,nosuid', 'tmpfs', '/dev')
  for (const name of names) {
    const [from, to] = [join(staging, name), join('/dev', name)]
    const stats = lstatSync(from)
    if (stats.isSymbolicLink()) {
      symlinkSync(readlinkSync(from), to)
      continue
    }
    if (stats.isDirectory()) mkdirSync(to)
    else closeSync(openSync(to, 'w'))
    runProgram('mount', '--rbind', from, to)
  }
  runProgram('umount', '--lazy', staging)
}

/** Where something is mounted there, outermost first. */
function mountsUnder(root: string): readonly string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, digits) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      ),
    )
  return [...new Set(points.filter((path) => path === root || path.startsWith(`${root}/`)))]
}
