/** The import rules of ARCHITECTURE.md, read off the sources themselves: a second opinion beside biome.jsonc. */

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NODE } from './support/proxy.ts'

const ROOT = resolve(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

/** Folder, or file of src/ itself, to what it may import from other folders of src/. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  files: [],
  policy: ['model'],
  locate: ['model'],
  inspect: ['model', 'files'],
  tls: ['model'],
  identity: ['model', 'files'],
  audit: ['model'],
  holds: ['model', 'files', 'ports.ts', 'approvals.ts'],
  config: ['model', 'policy', 'inspect'],
  console: ['model', 'ports.ts', 'approvals.ts', 'audit'],
  metrics: ['model', 'ports.ts'],
  linux: [],
  proxy: [
    'model',
    'linux',
    'tls',
    'ports.ts',
    'inspector.ts',
    'enforce.ts',
    'release.ts',
    'hearing.ts',
    'admission.ts',
    'holding.ts',
    'inspection.ts',
  ],
  cli: [
    'model',
    'files',
    'linux',
    'policy',
    'locate',
    'inspect',
    'tls',
    'identity',
    'audit',
    'holds',
    'config',
    'console',
    'metrics',
    'proxy',
    'holds',
    'ports.ts',
    'inspector.ts',
    'approvals.ts',
    'enforce.ts',
    'admission.ts',
    'holding.ts',
    'release.ts',
  ],
  'inspector.ts': ['model', 'policy'],
  'ports.ts': ['model', 'policy', 'inspector.ts'],
  'approvals.ts': ['model'],
  'original.ts': ['model', 'policy', 'ports.ts'],
  'admission.ts': ['model', 'policy', 'ports.ts', 'inspector.ts', 'original.ts'],
  'holding.ts': ['model', 'policy', 'ports.ts', 'admission.ts'],
  'inspection.ts': ['model', 'policy', 'ports.ts', 'inspector.ts', 'admission.ts'],
  'release.ts': ['model', 'policy', 'ports.ts', 'inspector.ts', 'admission.ts', 'holding.ts'],
  'hearing.ts': ['model', 'ports.ts', 'release.ts'],
  'enforce.ts': [
    'model',
    'policy',
    'ports.ts',
    'admission.ts',
    'holding.ts',
    'inspection.ts',
    'release.ts',
    'hearing.ts',
  ],
  'main.ts': ['cli'],
  'worker.ts': ['cli'],
  'cordon.js': ['main.ts'],
}

const DOORS: Readonly<Record<string, readonly string[]>> = {
  'node-forge': ['tls'],
  maxmind: ['locate'],
  'dns-packet': ['locate'],
  jose: ['identity'],
  'better-sqlite3': ['audit'],
  nodemailer: ['holds'],
  koffi: ['linux'],
  zod: ['config'],
  yaml: ['config'],
  commander: ['cli'],
  'prom-client': ['metrics'],
}

interface Import {
  readonly file: string
  readonly from: string
  readonly what: string
}

const IMPORTS: readonly Import[] = globSync('**/*.{ts,js}', { cwd: SRC }).flatMap((file) => {
  const text = readFileSync(join(SRC, file), 'utf8')
  const specifiers = text.matchAll(/\b(?:from |import |import\()'([^']+)'/g)
  return [...specifiers].map((match) => ({ file, from: areaOf(file), what: match[1] ?? '' }))
})

function areaOf(file: string): string {
  return file.split('/')[0] ?? ''
}

test('there are sources to look at', () => {
  expect(IMPORTS.length).toBeGreaterThan(300)
})

test('every folder of src/ has a rule', () => {
  const areas = new Set(globSync('**/*.{ts,js}', { cwd: SRC }).map(areaOf))
  expect([...areas].sort()).toEqual(Object.keys(MAY_IMPORT).sort())
})

describe('imports within src/ follow the rules', () => {
  test.each(Object.keys(MAY_IMPORT))('%s', (area) => {
    const wrong = IMPORTS.filter(({ from, what }) => from === area && what.startsWith('.'))
      .map(({ file, what }) => {
        const target = relative(SRC, resolve(SRC, dirname(file), what))
        return { file, target: areaOf(target) }
      })
      .filter(({ target }) => target !== area && !MAY_IMPORT[area]?.includes(target))
    expect(wrong).toEqual([])
  })
})

test('the C library is loaded where connections are taken over, and only when they are', () => {
  const users = IMPORTS.filter(
    ({ file, what }) => file.startsWith('proxy/') && what.includes('/linux/'),
  )
  expect(users.map(({ file }) => file)).toEqual(['proxy/transparent/sockets.ts'])
  const text = readFileSync(join(SRC, 'proxy/transparent/sockets.ts'), 'utf8')
  expect(text).toContain("await import('../../linux/libc.ts')")
})

test('INVARIANT 6: policy and model know neither node nor any library', () => {
  const wrong = IMPORTS.filter(({ from }) => from === 'model' || from === 'policy').filter(
    ({ what }) => !what.startsWith('.'),
  )
  expect(wrong).toEqual([])
})

test('INVARIANT 6: policy and model do not look at the clock, chance, the environment or the host', () => {
  const forbidden =
    /\b(Date\.now|new Date\(\)|Math\.random|process\.|performance\.|setTimeout|setInterval|fetch\()/
  const wrong = globSync('{model,policy}/**/*.ts', { cwd: SRC }).filter((file) =>
    forbidden.test(readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
  )
  expect(wrong).toEqual([])
})

test('each library has one door', () => {
  const wrong = IMPORTS.filter(({ what }) => !what.startsWith('.') && !what.startsWith('node:'))
    .map(({ file, from, what }) => ({
      file,
      from,
      library: what
        .split('/')
        .slice(0, what.startsWith('@') ? 2 : 1)
        .join('/'),
    }))
    .filter(({ from, library }) => !DOORS[library]?.includes(from))
  expect(wrong).toEqual([])
})

test('no relative import leaves out .ts, and nothing imports test/, bench/ or a folder', () => {
  const wrong = IMPORTS.filter(
    ({ what }) => what.startsWith('.') && !/^(\.\.?\/)+[\w/-]+\.(ts|sql)$/.test(what),
  )
  expect(wrong).toEqual([])
})

test('no folder is called utils or types, and no file is a barrel', () => {
  const files = globSync('**/*', { cwd: SRC })
  expect(
    files.filter((file) => /(^|\/)(utils?|types|helpers|common|index\.ts)(\/|$)/.test(file)),
  ).toEqual([])
})

test('every source opens with what it is for', () => {
  const silent = globSync('**/*.ts', { cwd: SRC }).filter(
    (file) => !readFileSync(join(SRC, file), 'utf8').startsWith('/**'),
  )
  expect(silent).toEqual([])
})

test('ARCHITECTURE.md names every folder, and every test it names exists', () => {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
  for (const area of Object.keys(MAY_IMPORT)) expect(text).toContain(area)
  const named = [...text.matchAll(/`(test\/[\w/.-]+\.ts)`/g)].map((match) => match[1] ?? '')
  expect(named.filter((file) => globSync(file, { cwd: ROOT }).length === 0)).toEqual([])
})

test('whoever starts Node starts it with the flags of src/cordon.js', () => {
  const [, ...flags] = NODE
  expect(flags).not.toEqual([])
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(scripts.start).toBe(`exec node ${flags.join(' ')} src/cordon.js start`)
  const entry = JSON.stringify(['node', ...flags, '/app/src/cordon.js']).replaceAll(',', ', ')
  expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toContain(`ENTRYPOINT ${entry}\n`)
})
