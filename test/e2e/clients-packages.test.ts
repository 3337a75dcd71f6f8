/** Programs that fetch source and packages over HTTPS, through the proxy to servers of the test's own: git, npm and apt. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type http from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveCgi } from '../support/cgi.ts'
import { runProgram, throughProxy } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { installed, missing, program } from '../support/needs.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ https: { handler: serve } })
})
afterAll(() => lab[Symbol.asyncDispose]())

/** By path, what the registries have. */
const files = new Map<string, Buffer>()

function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.url?.startsWith('/repo.git/')) {
    // Whoever has a name may push.
    const env = { GIT_PROJECT_ROOT: lab.dir, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'lab' }
    return serveCgi(['git', 'http-backend'], env, request, response)
  }
  const file = files.get(request.url ?? '')
  response.writeHead(file ? 200 : 404).end(file)
}

const url = (path: string, host = 'api.de.test') => `https://${host}:${lab.https.port}${path}`

/** Methods and statuses in the log since then, once nothing is open. */
async function logged(since: number) {
  await lab.proxy.settled(since + 1)
  return lab.proxy.query<{ method: string; path: string; status: number }>(
    'SELECT method, path, status FROM flows WHERE id > ? ORDER BY id',
    since,
  )
}

const lastFlow = () =>
  lab.proxy.query<{ id: number }>('SELECT max(id) AS id FROM flows')[0]?.id ?? 0

describe.skipIf(missing(program('git', '--version')))('git, by its own protocol', () => {
  const git = (...args: string[]) =>
    runProgram('git', ['-c', 'user.name=t', '-c', 'user.email=t@test', ...args], {
      env: { ...throughProxy(lab.proxy), GIT_TERMINAL_PROMPT: '0' },
      cwd: lab.dir,
    })
  const local = (...args: string[]) => execFileSync('git', args, { cwd: lab.dir }).toString()

  beforeAll(async () => {
    local('init', '-q', '--bare', '-b', 'main', 'repo.git')
    local('init', '-q', '-b', 'main', 'work')
    // Enough for packs in several pieces, and for a push that asks first.
    for (let i = 0; i < 10; i++) {
      const noise = createHash('shake256', { outputLength: 200_000 }).update(`${i}`).digest()
      writeFileSync(join(lab.dir, 'work', `file-${i}`), noise)
    }
    local('-C', 'work', 'add', '.')
    await git('-C', 'work', 'commit', '-q', '-m', 'first')
  })

  test('a push of 2 MB, in chunks, and a clone of it', async () => {
    const before = lastFlow()
    expect(await git('-C', 'work', 'push', '-q', url('/repo.git'), 'main')).toMatchObject({
      code: 0,
      err: '',
    })
    expect(local('-C', 'repo.git', 'log', '--format=%s')).toBe('first\n')
    expect(await git('clone', '-q', url('/repo.git'), 'clone')).toMatchObject({ code: 0, err: '' })
    for (let i = 0; i < 10; i++) {
      const file = (folder: string) => readFileSync(join(lab.dir, folder, `file-${i}`))
      expect(file('clone').equals(file('work'))).toBe(true)
    }
    const requests = await logged(before)
    expect(requests).toContainEqual({
      method: 'POST',
      path: '/repo.git/git-receive-pack',
      status: 200,
    })
    expect(requests).toContainEqual({
      method: 'POST',
      path: '/repo.git/git-upload-pack',
      status: 200,
    })
  })

  test('where the data would be abroad: neither', async () => {
    const to = url('/repo.git', 'api.us.test')
    for (const args of [
      ['clone', '-q', to, 'abroad'],
      ['-C', 'work', 'push', '-q', to, 'main'],
    ]) {
      const { code, err } = await git(...args)
      expect(code).not.toBe(0)
      expect(err).toContain('403')
    }
  })
})

describe.skipIf(missing(program('npm', '--version')))('npm', () => {
  beforeAll(() => {
    const pack = join(lab.dir, 'small')
    mkdirSync(pack)
    writeFileSync(join(pack, 'package.json'), JSON.stringify({ name: 'small', version: '1.2.3' }))
    writeFileSync(join(pack, 'index.js'), 'module.exports = 42\n')
    execFileSync('tar', ['czf', 'small.tgz', '--transform', 's/^small/package/', 'small'], {
      cwd: lab.dir,
    })
    const tarball = readFileSync(join(lab.dir, 'small.tgz'))
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const version = {
      name: 'small',
      version: '1.2.3',
      dist: { tarball: url('/small.tgz'), integrity },
    }
    const packument = {
      name: 'small',
      'dist-tags': { latest: '1.2.3' },
      versions: { '1.2.3': version },
    }
    files.set('/small', Buffer.from(JSON.stringify(packument)))
    files.set('/small.tgz', tarball)
  })

  const install = async (host: string) => {
    const prefix = join(lab.dir, `npm-${host}`)
    mkdirSync(prefix)
    writeFileSync(join(prefix, 'package.json'), '{"name":"user","version":"1.0.0"}')
    writeFileSync(join(prefix, '.npmrc'), '')
    const config = {
      registry: url('/', host),
      cache: join(prefix, 'cache'),
      userconfig: join(prefix, '.npmrc'),
      globalconfig: join(prefix, '.npmrc'),
      cafile: lab.proxy.bundle,
      proxy: lab.proxy.url,
      'https-proxy': lab.proxy.url,
      noproxy: '',
      'fetch-retries': '0',
      audit: 'false',
      fund: 'false',
      'update-notifier': 'false',
    }
    const options = Object.entries(config).map(([name, value]) => `--${name}=${value}`)
    const ran = await runProgram('npm', ['install', 'small', ...options], {
      env: throughProxy(lab.proxy),
      cwd: prefix,
    })
    return { ...ran, prefix }
  }

  test('installs from a registry in Germany', async () => {
    const { code, err, prefix } = await install('api.de.test')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const installed = readFileSync(join(prefix, 'node_modules/small/index.js'), 'utf8')
    expect(installed).toBe('module.exports = 42\n')
  })

  test('is told why not from one in the United States', async () => {
    const { code, err } = await install('api.us.test')
    expect(code).not.toBe(0)
    expect(err).toContain('403 Forbidden (Cordon: placement-outside)')
  })
})

describe.skipIf(missing(program('apt-get', '--version'), installed('dpkg-deb')))('apt', () => {
  const hex = (algorithm: string, bytes: Buffer) =>
    createHash(algorithm).update(bytes).digest('hex')

  /** A repository of one package, as flat as they come; unsigned, which its line says. */
  beforeAll(() => {
    const control = join(lab.dir, 'deb/DEBIAN')
    mkdirSync(control, { recursive: true })
    const about = [
      'Package: lab-small',
      'Version: 1.2',
      'Architecture: all',
      'Maintainer: Lab <lab@test>',
      'Description: a small package',
    ]
    writeFileSync(join(control, 'control'), `${about.join('\n')}\n`)
    execFileSync('dpkg-deb', ['--build', 'deb', 'lab-small.deb'], { cwd: lab.dir, stdio: 'ignore' })
    const deb = readFileSync(join(lab.dir, 'lab-small.deb'))
    const entry = [
      ...about,
      'Filename: ./lab-small.deb',
      `Size: ${deb.length}`,
      `SHA256: ${hex('sha256', deb)}`,
      '',
    ]
    const packages = Buffer.from(`${entry.join('\n')}\n`)
    const release = [
      'Suite: lab',
      'Architectures: all',
      'Date: Fri, 20 Nov 2026 12:00:00 UTC',
      'SHA256:',
      ` ${hex('sha256', packages)} ${packages.length} Packages`,
      '',
    ]
    files.set('/debian/./Release', Buffer.from(release.join('\n')))
    files.set('/debian/./Packages', packages)
    files.set('/debian/./lab-small.deb', deb)
  })

  const apt = async (host: string, ...args: string[]) => {
    const root = join(lab.dir, `apt-${host}`)
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
      mkdirSync(join(root, folder), { recursive: true })
    }
    writeFileSync(join(root, 'sources.list'), `deb [trusted=yes] ${url('/debian/', host)} ./\n`)
    writeFileSync(join(root, 'status'), '')
    const settings = {
      'Dir::State': join(root, 'state'),
      'Dir::State::status': join(root, 'status'),
      'Dir::Cache': join(root, 'cache'),
      'Dir::Etc': join(root, 'etc'),
      'Dir::Etc::SourceList': join(root, 'sources.list'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::Etc::PreferencesParts': '/dev/null',
      'Acquire::https::Proxy': lab.proxy.url,
      'Acquire::https::CAInfo': lab.proxy.bundle,
      'Acquire::Retries': '0',
      'Acquire::Languages': 'none',
      'APT::Sandbox::User': '',
      'APT::Architecture': 'all',
    }
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    return runProgram('apt-get', [...options, ...args], { cwd: lab.dir })
  }

  test('reads a list and downloads a package, from Germany', async () => {
    const update = await apt('api.de.test', 'update')
    expect({ code: update.code, err: update.err }).toEqual({ code: 0, err: '' })
    const download = await apt('api.de.test', 'download', 'lab-small')
    expect({ code: download.code, err: download.err }).toEqual({ code: 0, err: '' })
    const got = readFileSync(join(lab.dir, 'lab-small_1.2_all.deb'))
    expect(got.equals(files.get('/debian/./lab-small.deb') ?? Buffer.alloc(0))).toBe(true)
  })

  test('is told why not, from the United States', async () => {
    const { code, err } = await apt('api.us.test', 'update')
    expect(code).not.toBe(0)
    expect(err).toContain('403  Forbidden')
  })
})
