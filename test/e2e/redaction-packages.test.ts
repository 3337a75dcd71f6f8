/** Source and packages come byte for byte through a proxy that redacts answers: git and npm against servers of the test's own. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type http from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveCgi } from '../support/cgi.ts'
import { curl, runProgram, throughProxy } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'

const MAIL = 'erika.mustermann@example.org'

const CONFIG = `
rules:
  - { id: in, because: nobody needs it here, when: { scheme: [http, https] }, redact: { in: [personal, secret] } }
  - { id: out, because: personal data stays, when: { host: api.fr.test }, redact: { out: [personal] } }
`

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ config: CONFIG, https: { handler: serve } })
})
afterAll(() => lab[Symbol.asyncDispose]())

interface File {
  readonly type: string
  readonly bytes: Buffer
  readonly coding?: string
}

/** By path, what the registry has. */
const files = new Map<string, File>()
/** Statuses of what was asked of it. */
const answered: string[] = []

function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.url?.startsWith('/repo.git/')) {
    const env = { GIT_PROJECT_ROOT: lab.dir, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'lab' }
    return serveCgi(['git', 'http-backend'], env, request, response)
  }
  const file = files.get(request.url ?? '')
  if (!file) {
    response.writeHead(404).end()
    return
  }
  const { bytes, type, coding } = file
  const tag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}"`
  const isKnown = request.headers['if-none-match']?.includes(tag) ?? false
  answered.push(`${request.url} ${isKnown ? 304 : 200}`)
  response.setHeader('ETag', tag)
  if (isKnown) {
    response.writeHead(304).end()
    return
  }
  response.setHeader('Content-Type', type)
  if (coding) response.setHeader('Content-Encoding', coding)
  response.end(coding ? gzipSync(bytes) : bytes)
}

const url = (path: string, host = 'api.de.test') => `https://${host}:${lab.https.port}${path}`

describe.skipIf(missing(program('git', '--version')))('git', () => {
  const git = (...args: string[]) =>
    runProgram('git', ['-c', 'user.name=Erika', '-c', `user.email=${MAIL}`, ...args], {
      env: { ...throughProxy(lab.proxy), GIT_TERMINAL_PROMPT: '0' },
      cwd: lab.dir,
    })
  const local = (...args: string[]) => execFileSync('git', args, { cwd: lab.dir }).toString()

  beforeAll(async () => {
    local('init', '-q', '--bare', '-b', 'main', 'repo.git')
    local('init', '-q', '-b', 'main', 'work')
    writeFileSync(join(lab.dir, 'work', 'README'), `write to ${MAIL}\n`)
    const noise = createHash('shake256', { outputLength: 3_000_000 }).update('noise').digest()
    writeFileSync(join(lab.dir, 'work', 'noise'), noise)
    local('-C', 'work', 'add', '.')
    await git('-C', 'work', 'commit', '-q', '-m', `by ${MAIL}`)
    // Names that go over the wire as text, with their lengths before them.
    for (let i = 0; i < 50; i++) local('-C', 'work', 'branch', `for/${MAIL}/${i}`)
    local('-C', 'work', 'push', '-q', '../repo.git', '--all')
  })

  test.each(['0', '1', '2'])('a clone, by version %s of its protocol', async (version) => {
    const at = `clone-${version}`
    const before = lab.proxy.flows().length
    const ran = await git('-c', `protocol.version=${version}`, 'clone', '-q', url('/repo.git'), at)
    expect(ran).toMatchObject({ code: 0, err: '' })
    for (const file of ['README', 'noise']) {
      const read = (folder: string) => readFileSync(join(lab.dir, folder, file))
      expect(read(at).equals(read('work'))).toBe(true)
    }
    expect(local('-C', at, 'branch', '-r').match(/erika/g)).toHaveLength(50)
    expect(await git('-C', at, 'fsck', '--strict')).toMatchObject({ code: 0 })
    // Passed, and said to be unread.
    expect(await lab.proxy.settled(before + 2)).toMatchObject({
      ...{ path: '/repo.git/git-upload-pack', inspection: 'headers', redactions_in: 0 },
    })
  })

  test('where requests are redacted nobody can read them: they are refused', async () => {
    const { code, err } = await git('clone', '-q', url('/repo.git', 'api.fr.test'), 'refused')
    expect(code).not.toBe(0)
    expect(err).toContain('403')
  })
})

describe.skipIf(missing(program('npm', '--version')))('npm', () => {
  let tarball: Buffer
  beforeAll(() => {
    const pack = join(lab.dir, 'small')
    mkdirSync(pack)
    writeFileSync(join(pack, 'package.json'), JSON.stringify({ name: 'small', version: '1.2.3' }))
    writeFileSync(join(pack, 'index.js'), `// ${MAIL}\nmodule.exports = 42\n`)
    execFileSync('tar', ['czf', 'small.tgz', '--transform', 's/^small/package/', 'small'], {
      cwd: lab.dir,
    })
    tarball = readFileSync(join(lab.dir, 'small.tgz'))
    const digest = (algorithm: string) => createHash(algorithm).update(tarball)
    const version = {
      ...{ name: 'small', version: '1.2.3', maintainers: [{ name: 'erika', email: MAIL }] },
      dist: {
        tarball: url('/small.tgz'),
        integrity: `sha512-${digest('sha512').digest('base64')}`,
        shasum: digest('sha1').digest('hex'),
      },
    }
    const packument = {
      ...{ name: 'small', 'dist-tags': { latest: '1.2.3' }, readme: `by ${MAIL}` },
      ...{ versions: { '1.2.3': version }, maintainers: [{ name: 'erika', email: MAIL }] },
    }
    const bytes = Buffer.from(JSON.stringify(packument))
    files.set('/small', { bytes, type: 'application/vnd.npm.install-v1+json', coding: 'gzip' })
    files.set('/small.tgz', { bytes: tarball, type: 'application/octet-stream' })
  })

  const install = (prefix: string) => {
    const config = {
      registry: url('/'),
      cache: join(lab.dir, 'npm-cache'),
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
      'prefer-online': 'true',
    }
    mkdirSync(prefix)
    writeFileSync(join(prefix, 'package.json'), '{"name":"user","version":"1.0.0"}')
    writeFileSync(join(prefix, '.npmrc'), '')
    const options = Object.entries(config).map(([name, value]) => `--${name}=${value}`)
    const env = throughProxy(lab.proxy)
    return runProgram('npm', ['install', 'small', ...options], { env, cwd: prefix })
  }

  test('installs, checks digests, and knows again what it has', async () => {
    for (const name of ['npm-1', 'npm-2']) {
      const prefix = join(lab.dir, name)
      const { code, err } = await install(prefix)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      const installed = readFileSync(join(prefix, 'node_modules/small/index.js'), 'utf8')
      expect(installed).toBe(`// ${MAIL}\nmodule.exports = 42\n`)
    }
    expect(answered).toContain('/small 304')
  })

  test('what describes it is text, and read', async () => {
    const { body } = await curl(lab.proxy, url('/small'))
    expect(body).not.toContain(MAIL)
    expect(JSON.parse(body)).toMatchObject({ maintainers: [{ email: '[EMAIL]' }] })
  })

  test('a file comes byte for byte, whatever it is called', async () => {
    for (const type of ['application/octet-stream', 'application/gzip', 'text/plain', '']) {
      files.set('/file', { bytes: tarball, type })
      const to = join(lab.dir, 'got')
      expect((await curl(lab.proxy, '-o', to, url('/file'))).status).toBe(200)
      expect(readFileSync(to).equals(tarball)).toBe(true)
    }
  })

  test('what is known by the digest of its bytes is left alone', async () => {
    const bytes = Buffer.from(JSON.stringify({ annotations: { author: MAIL } }))
    for (const type of [
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
    ]) {
      files.set('/manifest', { bytes, type })
      expect((await curl(lab.proxy, '-i', url('/manifest'))).body).toContain(`ETag: "`)
      expect((await curl(lab.proxy, url('/manifest'))).body).toBe(String(bytes))
    }
  })
})
