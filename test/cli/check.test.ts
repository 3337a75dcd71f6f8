/** `cordon check` as people run it, and what holds for every command: exit codes, streams, help. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { PROJECT } from '../support/proxy.ts'
import { cordon as run } from './cordon.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  dir = folder.path
  write(dir, {
    'good.yaml': 'version: 1\nhome: DE\n',
    'bad.yaml': 'version: 1\nhoem: DE\nmode: on\n',
    'zones.yaml': 'version: 1\nhome: de\n',
    'a.scenarios.yaml': 'version: 1\nscenarios: []\n',
    'b.scenarios.yaml': 'version: 1\n',
  })
})
afterAll(() => folder[Symbol.asyncDispose]())

const cordon = (...args: string[]) => run(dir, args)

describe('check', () => {
  test('nothing wrong: nothing to answer, 0', async () => {
    expect(await cordon('check')).toEqual({ code: 0, out: '', err: 'cordon: no mistakes found\n' })
    expect(await cordon('check', 'good.yaml', 'a.scenarios.yaml')).toMatchObject({
      code: 0,
      out: '',
    })
    expect(await cordon('check', '--config', 'good.yaml')).toMatchObject({ code: 0, out: '' })
  })

  test('mistakes are the answer, as file:line:column, 3', async () => {
    expect(
      await cordon('check', 'bad.yaml', 'good.yaml', 'zones.yaml', 'b.scenarios.yaml'),
    ).toEqual({
      code: 3,
      out: [
        'bad.yaml:3:7: invalid option: expected one of "enforce"|"observe"',
        'bad.yaml:2:1: unknown key `hoem`',
        '  hint: did you mean `home`?',
        'zones.yaml:2:7: `de` is neither a zone nor a country code',
        '  hint: did you mean `DE`?',
        'b.scenarios.yaml:1:1: `scenarios` is missing',
        '',
      ].join('\n'),
      err: '',
    })
  })

  test('--json: the same as data', async () => {
    const { code, out, err } = await cordon('check', '--json', 'zones.yaml')
    expect({ code, err }).toEqual({ code: 3, err: '' })
    expect(JSON.parse(out)).toEqual([
      {
        file: 'zones.yaml',
        line: 2,
        column: 7,
        message: '`de` is neither a zone nor a country code',
        hint: 'did you mean `DE`?',
      },
    ])
    expect(await cordon('check', '--json', 'good.yaml')).toEqual({ code: 0, out: '[]\n', err: '' })
  })

  test('the configuration in the container is one that starts', async () => {
    const text = readFileSync(join(PROJECT, 'docs/container.yaml'), 'utf8')
    write(dir, { 'container.yaml': text.replaceAll('/app/', `${PROJECT}/`) })
    expect(await cordon('check', '--config', 'container.yaml')).toMatchObject({ code: 0, out: '' })
  })

  test('a file that is not there', async () => {
    expect(await cordon('check', 'missing.yaml')).toEqual({
      code: 3,
      out: 'missing.yaml: there is no such file\n',
      err: '',
    })
  })
})

describe('what is wrong with the command line is said on stderr, with 3', () => {
  test.each([
    [['chekc'], "cordon: error: unknown command 'chekc'\n(Did you mean check?)\n"],
    [['check', '--jsno'], "cordon: error: unknown option '--jsno'\n(Did you mean --json?)\n"],
    [['check', '--config'], "cordon: error: option '-c, --config <file>' argument missing\n"],
    [['agents', 'token'], "cordon: error: missing required argument 'name'\n"],
  ])('%j', async (args, err) => {
    expect(await cordon(...args)).toEqual({ code: 3, out: '', err })
  })

  test('a configuration that is wrong: each mistake with its hint', async () => {
    expect(await cordon('agents', '--config', 'bad.yaml')).toEqual({
      code: 3,
      out: '',
      err: [
        'cordon: error: bad.yaml:3:7: invalid option: expected one of "enforce"|"observe"',
        'cordon: error: bad.yaml:2:1: unknown key `hoem`',
        'cordon: hint: did you mean `home`?',
        '',
      ].join('\n'),
    })
  })
})

describe('help', () => {
  const commandsOf = (help: string) =>
    [...(help.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '').matchAll(/^ {2}([a-z]+)/gm)]
      .map((match) => match[1] ?? '')
      .filter((name) => name !== 'help')

  /** Help of a command, with an example of it that has only options the help names; and help of those below it. */
  async function checkHelp(command: string): Promise<void> {
    const { code, out, err } = await cordon(command, '--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const below = commandsOf(out)
    const helps = await Promise.all(below.map((next) => cordon(command, next, '--help')))
    expect(helps.map((help) => help.code)).toEqual(below.map(() => 0))
    const known = [out, ...helps.map((help) => help.out)].join('\n')
    const name = `cordon ${command}`
    const examples = known
      .split('\n')
      .filter((line) => line.startsWith('  ') && line.includes(name))
    expect(examples, `an example of \`${name}\``).not.toEqual([])
    for (const example of examples) {
      const [own = ''] = example.slice(example.indexOf(name)).split(/ -- | && |\)/)
      for (const option of own.match(/--[a-z-]+/g) ?? []) expect(known).toContain(`${option} `)
    }
  }

  test('is an answer; every command has one, with an example that fits it', async () => {
    const { code, out, err } = await cordon('--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const commands = commandsOf(out)
    expect(commands).toEqual(
      expect.arrayContaining(['start', 'init', 'check', 'test', 'explain', 'agents']),
    )
    for (const command of commands) await checkHelp(command)
  })

  test('the version', async () => {
    expect(await cordon('--version')).toMatchObject({ code: 0, err: '' })
  })
})
