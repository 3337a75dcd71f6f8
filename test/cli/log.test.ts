/** The commands that read the log: flows, explain --flow, locate, audit verify; and the CA. */

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl, runProgram } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { cordon } from './cordon.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
  for (const host of ['api.de.test', 'api.us.test', 'api.de.test']) {
    await curl(lab.proxy, `https://${host}:${lab.https.port}/v1/x?secret=1`)
  }
  await lab.proxy.settled(3)
})
afterAll(() => lab[Symbol.asyncDispose]())

describe('cordon flows', () => {
  test('--json has the columns of the view, lists as lists', async () => {
    const { out, code } = await cordon(lab.dir, ['flows', '--json'])
    expect(code).toBe(0)
    const flows = JSON.parse(out) as Record<string, unknown>[]
    expect(flows).toHaveLength(3)
    const columns = Object.keys(lab.proxy.flows().at(0) ?? {})
    expect(Object.keys(flows[0] ?? {})).toEqual(columns)
    expect(flows[1]).toMatchObject({
      host: 'api.us.test',
      regions: ['US'],
      outcome: 'blocked',
      groups: [],
    })
  })

  test.each([
    [['--placement', 'outside'], 1],
    [['--host', 'api.de.test'], 2],
    [['--action', 'block'], 1],
    [['--outcome', 'forwarded'], 2],
    [['--agent', 'nobody'], 0],
    [['--hold', 'h-00000000'], 0],
    [['--would', 'block'], 0],
    [['--since', '1h'], 3],
    [['--since', '2090-01-01'], 0],
    [['--limit', '1'], 1],
  ])('%j: %i', async (args, count) => {
    const { out } = await cordon(lab.dir, ['flows', '--json', ...args])
    expect(JSON.parse(out)).toHaveLength(count)
  })

  test('as a table for people', async () => {
    const { out } = await cordon(lab.dir, ['flows'])
    const [head = '', ...rows] = out.trimEnd().split('\n')
    expect(head).toMatch(/^ID +STARTED +AGENT +OUTCOME +STATUS +PLACE +CALL$/)
    expect(rows).toHaveLength(3)
    expect(rows[1]).toContain('blocked placement-outside')
    expect(out).not.toContain('secret')
  })

  test('nothing is said to be nothing', async () => {
    const { code, out, err } = await cordon(lab.dir, ['flows', '--since', '2090-01-01'])
    expect([code, out, err]).toEqual([0, '', 'cordon: no such call is in the log\n'])
  })

  test.each([
    [['--since', 'yesterday'], 3],
    [['--limit', '0'], 3],
    [['--no-such'], 3],
  ])('%j is wrong input', async (args, code) => {
    const ran = await cordon(lab.dir, ['flows', ...args])
    expect(ran.code).toBe(code)
    expect(ran.out).toBe('')
    expect(ran.err).toMatch(/^cordon: error: /)
  })

  test('without a log it says so', async () => {
    await using folder = await temporaryFolder()
    const { code, err } = await cordon(folder.path, ['flows'])
    expect(code).toBe(3)
    expect(err).toContain('audit.db')
    expect(existsSync(join(folder.path, 'data'))).toBe(false)
  })
})

describe('cordon explain --flow', () => {
  test('shows what was recorded, with the exit code of the verdict', async () => {
    const blocked = lab.proxy.flows().find(({ host }) => host === 'api.us.test')
    const { out, code } = await cordon(lab.dir, ['explain', '--flow', String(blocked?.id)])
    expect(code).toBe(2)
    expect(out).toContain('BLOCK, blocked  GET api.us.test')
    expect(out).toContain('lab in the United States')
    const json = await cordon(lab.dir, ['explain', '--flow', String(blocked?.id), '--json'])
    expect(JSON.parse(json.out)).toMatchObject({
      id: blocked?.id,
      regions: ['US'],
      consistent: true,
      today: { action: 'block', regions: ['US'] },
    })
  })

  test('says whether today would decide otherwise', async () => {
    const { id } = lab.proxy.flows().find(({ host }) => host === 'api.us.test') ?? {}
    const explain = async (...args: string[]) =>
      (await cordon(lab.dir, ['explain', '--flow', String(id), ...args])).out
    expect(await explain()).toContain('today      the same')
    // The same addresses under other declarations, with nobody to ask.
    const moved = readFileSync(join(lab.dir, 'cordon.yaml'), 'utf8').replace('[US]', '[FR]')
    writeFileSync(join(lab.dir, 'moved.yaml'), moved)
    const out = await explain('--config', 'moved.yaml')
    expect(out).toContain('today      allow: FR is inside the allowed zone (EEA)')
    expect(JSON.parse(await explain('--config', 'moved.yaml', '--json')).today).toMatchObject({
      action: 'allow',
      placement: 'inside',
      regions: ['FR'],
    })
  })

  test.each(['0', 'x', '999999'])('%s is no flow', async (id) => {
    expect((await cordon(lab.dir, ['explain', '--flow', id])).code).not.toBe(0)
  })
})

describe('cordon locate', () => {
  test.each([
    ['api.de.test', 0, ['DE']],
    ['both.test', 0, ['DE', 'US']],
    ['api.unknown.test', 2, []],
    ['metadata.test', 2, []],
    ['absent.test', 2, []],
    ['12.0.0.1', 0, ['US']],
    ['2a02:2e0:3fe:1001:302::', 0, ['DE']],
    ['[2a02:2e0:3fe:1001:302::]', 0, ['DE']],
  ])('%s', async (host, code, regions) => {
    const ran = await cordon(lab.dir, ['locate', host, '--json'])
    expect(ran.code).toBe(code)
    expect(JSON.parse(ran.out)).toMatchObject({ regions })
  })

  test('for people: the place, why, and who says what', async () => {
    const { out } = await cordon(lab.dir, ['locate', 'alias.test'])
    expect(out).toContain('alias.test: DE\n')
    expect(out).toContain('api.de.test -> 127.0.0.10')
    expect(out).toContain('dbip-country')
  })

  test('what is no host is wrong input', async () => {
    expect((await cordon(lab.dir, ['locate', 'a b'])).code).toBe(3)
  })
})

describe('cordon audit verify', () => {
  test('an intact log: 0, with its head; that head is found again', async () => {
    const { out, code } = await cordon(lab.dir, ['audit', 'verify'])
    expect(code).toBe(0)
    const head = /intact: \d+ rows, head (\d+:[0-9a-f]{64})/.exec(out)?.[1] ?? ''
    await curl(lab.proxy, `https://api.de.test:${lab.https.port}/`)
    expect((await cordon(lab.dir, ['audit', 'verify', '--expect', head])).code).toBe(0)
    expect(
      (
        await cordon(lab.dir, [
          'audit',
          'verify',
          '--expect',
          head.replace(/.$/, head.endsWith('0') ? '1' : '0'),
        ])
      ).code,
    ).toBe(4)
    expect((await cordon(lab.dir, ['audit', 'verify', '--expect', 'x'])).code).toBe(3)
  })

  test('a changed log: 4, and where', async () => {
    await using other = await openLab()
    await curl(other.proxy, `https://api.de.test:${other.https.port}/`)
    await other.proxy.settled(1)
    await other.proxy.stop()
    const db = new Database(other.proxy.database)
    db.exec("DROP TRIGGER decisions_update; UPDATE decisions SET path = '/else'")
    db.close()
    const { code, out } = await cordon(other.dir, ['audit', 'verify', '--json'])
    expect(code).toBe(4)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      breaks: [{ what: expect.stringContaining('decisions') }],
    })
  })
})

describe('cordon ca', () => {
  test('show names the certificate that agents trust', async () => {
    const { out } = await cordon(lab.dir, ['ca', 'show', '--json'])
    const { X509Certificate } = await import('node:crypto')
    const certificate = new X509Certificate(readFileSync(lab.proxy.ca))
    expect(JSON.parse(out)).toMatchObject({
      sha256: certificate.fingerprint256,
      path: lab.proxy.ca,
    })
  })

  test('export gives PEM, DER and a trust store, never a key', async () => {
    const pem = await cordon(lab.dir, ['ca', 'export'])
    expect(pem.out).toBe(readFileSync(lab.proxy.ca, 'utf8'))
    await cordon(lab.dir, ['ca', 'export', '--format', 'der', '--out', 'ca.der'])
    expect(statSync(join(lab.dir, 'ca.der')).size).toBeGreaterThan(300)
    expect((await cordon(lab.dir, ['ca', 'export', '--format', 'p12'])).code).toBe(3)
    expect(
      (
        await cordon(lab.dir, [
          'ca',
          'export',
          '--format',
          'p12',
          '--password',
          'x',
          '--out',
          'ca.p12',
        ])
      ).code,
    ).toBe(0)
    for (const name of ['ca.der', 'ca.p12'])
      expect(readFileSync(join(lab.dir, name), 'latin1')).not.toContain('PRIVATE')
  })

  test.skipIf(missing(program('openssl', 'version')))(
    'rotate keeps the old one, makes a new one, and is in the log',
    async () => {
      await using other = await openLab()
      await other.proxy.stop()
      const before = readFileSync(other.proxy.ca, 'utf8')
      const { code } = await cordon(other.dir, ['ca', 'rotate'])
      expect(code).toBe(0)
      expect(readFileSync(other.proxy.ca, 'utf8')).not.toBe(before)
      const verified = await runProgram('openssl', [
        'verify',
        '-CAfile',
        other.proxy.ca,
        other.proxy.ca,
      ])
      expect(verified.out).toContain('OK')
      expect(
        other.proxy.query("SELECT action FROM admin_actions WHERE action = 'ca-rotate'"),
      ).toHaveLength(1)
    },
  )

  test('before there is one it says so, and makes none', async () => {
    await using folder = await temporaryFolder()
    expect((await cordon(folder.path, ['ca', 'show'])).code).toBe(1)
    expect(existsSync(join(folder.path, 'certs'))).toBe(false)
  })
})
