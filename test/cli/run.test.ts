/** `cordon env` and `cordon run`: programs that know nothing of the proxy go through it. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runProgram } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { cordon } from './cordon.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab({ config: 'agents: [{ id: crawler, zones: [US] }]' })
  // The commands read the configuration: tell it where the proxy came to listen.
  const file = join(lab.dir, 'cordon.yaml')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(
      'proxy: "127.0.0.1:0"',
      `proxy: "127.0.0.1:${lab.proxy.port}"`,
    ),
  )
})
afterAll(() => lab[Symbol.asyncDispose]())

const us = () => `https://api.us.test:${lab.https.port}/`
const fetchIt = (url: string) => [
  process.execPath,
  '-e',
  `fetch('${url}').then(async (r) => console.log(r.status, await r.text()))`,
]

describe('cordon env', () => {
  test.skipIf(missing(program('curl', '--version')))(
    'sh: a shell that evaluates it sends curl through the proxy',
    async () => {
      const { out } = await cordon(lab.dir, ['env'])
      const url = `https://api.de.test:${lab.https.port}/hello`
      const ran = await runProgram('sh', ['-c', `${out}\ncurl -sS ${url}`])
      expect(ran.out).toContain('"url":"/hello"')
    },
  )

  test('json: names and values, with paths that exist', async () => {
    const { out } = await cordon(lab.dir, ['env', '--shell', 'json'])
    const variables = JSON.parse(out) as Record<string, string>
    expect(variables).toMatchObject({
      HTTPS_PROXY: lab.proxy.url,
      https_proxy: lab.proxy.url,
      NODE_USE_ENV_PROXY: '1',
    })
    expect(readFileSync(variables.NODE_EXTRA_CA_CERTS ?? '', 'utf8')).toContain('BEGIN CERTIFICATE')
    expect(
      readFileSync(variables.SSL_CERT_FILE ?? '', 'utf8').match(/BEGIN CERT/g)?.length,
    ).toBeGreaterThan(10)
  })

  test('fish: quoted for fish', async () => {
    const { out } = await cordon(lab.dir, ['env', '--shell', 'fish'])
    expect(out).toContain(`set -gx HTTPS_PROXY '${lab.proxy.url}'\n`)
  })

  test('before there is a CA it says what to do', async () => {
    await using folder = await temporaryFolder()
    const { code, out, err } = await cordon(folder.path, ['env'])
    // A shell that evaluates it has to fail as well: the agent would go out by itself.
    expect({ code, out }).toEqual({ code: 1, out: 'false\n' })
    expect(err).toMatch(/^cordon: error: there is no CA in .*\ncordon: hint: /)
  })
})

describe('cordon run', () => {
  test('a program’s calls are decided and recorded', async () => {
    const { out, code } = await cordon(lab.dir, ['run', '--', ...fetchIt(us())], {
      env: { NO_PROXY: '' },
    })
    expect(code).toBe(0)
    expect(out).toMatch(/^403 .*placement-outside/)
  })

  test('as an agent it uses that agent’s zones, by a token of its own', async () => {
    const { out } = await cordon(lab.dir, ['run', '--agent', 'crawler', '--', ...fetchIt(us())])
    expect(out).toMatch(/^200 /)
    expect(await lab.proxy.settled(lab.proxy.flows().length)).toMatchObject({ agent: 'crawler' })
    const actions = lab.proxy.query<{ action: string; subject: string }>(
      "SELECT action, subject FROM admin_actions WHERE action = 'token-issue'",
    )
    expect(actions).toEqual([{ action: 'token-issue', subject: 'crawler' }])
  })

  test('streams, arguments, exit code and signal are the program’s own', async () => {
    const script =
      'process.stdin.on("data", (d) => process.stdout.write(d)); process.stdin.on("end", () => { console.error(process.argv[1]); process.exit(42) })'
    const ran = await cordon(
      lab.dir,
      ['run', '--', process.execPath, '-e', script, '--', '--flag=x y'],
      {
        input: 'through',
      },
    )
    expect(ran).toEqual({ code: 42, out: 'through', err: '--flag=x y\n' })
    const killed = await cordon(lab.dir, ['run', '--', 'sh', '-c', 'kill -TERM $$'])
    expect(killed.code).toBe(143)
  })

  test.each([
    [
      'a program that does not exist',
      ['run', '--', '/no/such/program'],
      1,
      'there is no such program',
    ],
    ['no program', ['run'], 3, 'missing required argument'],
    [
      'an agent that cannot be',
      ['run', '--agent', 'a b', '--', 'true'],
      3,
      'cannot be the name of an agent',
    ],
  ])('%s', async (_, args, code, message) => {
    const ran = await cordon(lab.dir, args)
    expect(ran.code).toBe(code)
    expect(ran.err).toContain(`cordon: error: `)
    expect(ran.err).toContain(message)
  })

  test('without a proxy it says so, instead of letting the program fail in its own way', async () => {
    await using other = await openLab()
    await other.proxy.stop()
    const file = join(other.dir, 'cordon.yaml')
    const { writeFileSync } = await import('node:fs')
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(
        'proxy: "127.0.0.1:0"',
        `proxy: "127.0.0.1:${other.proxy.port}"`,
      ),
    )
    const { code, err } = await cordon(other.dir, ['run', '--', 'echo', 'ran'])
    expect(code).toBe(1)
    expect(err).toMatch(
      /error: no proxy answers at 127.0.0.1:\d+\ncordon: hint: start it with `cordon start`\n$/,
    )
  })
})

test('an agent does not inherit the token of whoever starts it', async () => {
  const { out } = await cordon(lab.dir, ['run', '--', process.execPath, '-p', 'process.env'], {
    env: { CORDON_TOKEN: 'crv_secret', OTHER: 'kept' },
  })
  expect(out).toContain('kept')
  expect(out).not.toContain('secret')
})
