/** Secrets by form and by name: found as their vendors give them out, and not where something only looks a little like it. */

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AI_SECRETS } from '../../../src/inspect/recognizers/secrets-ai.ts'
import { CLOUD_SECRETS } from '../../../src/inspect/recognizers/secrets-cloud.ts'
import { CODE_SECRETS } from '../../../src/inspect/recognizers/secrets-code.ts'
import { JWT } from '../../../src/inspect/recognizers/secrets-jwt.ts'
import { KEY_SECRETS } from '../../../src/inspect/recognizers/secrets-keys.ts'
import { NAMED_SECRETS } from '../../../src/inspect/recognizers/secrets-named.ts'
import { PLATFORM_SECRETS } from '../../../src/inspect/recognizers/secrets-platforms.ts'
import { SERVICE_SECRETS } from '../../../src/inspect/recognizers/secrets-services.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { NOWHERE, openStream } from '../../../src/inspect/scan/scanner.ts'
import { FORMS, make } from './secret-forms.ts'

const SECRETS = [
  ...KEY_SECRETS,
  JWT,
  ...CLOUD_SECRETS,
  ...CODE_SECRETS,
  ...AI_SECRETS,
  ...SERVICE_SECRETS,
  ...PLATFORM_SECRETS,
  ...NAMED_SECRETS,
]
const SCANNER = createScanner(SECRETS)

interface Found {
  readonly type: string
  readonly text: string
}

function scan(text: string, name?: string): Found[] {
  const bytes = Buffer.from(text)
  const found: Found[] = []
  const context = name === undefined ? NOWHERE : SCANNER.under(name)
  SCANNER.scan(bytes, 0, bytes.length, context, (start, end, type) => {
    found.push({ type, text: bytes.toString('utf8', start, end) })
  })
  return found
}

/** The same, a few bytes more each time; pieces of one find put together. */
function scanInPieces(text: string, size: number): Found[] {
  const bytes = Buffer.from(text)
  const stream = openStream()
  const found: { type: string; start: number; end: number }[] = []
  let done = 0
  for (let end = size; ; end += size) {
    stream.ended = end >= bytes.length
    const isOpen = (last: { type: string; end: number } | undefined, start: number, type: string) =>
      last !== undefined && last.end === start && last.type === type
    const sink = (start: number, stop: number, type: string) => {
      const last = found.at(-1)
      if (last && isOpen(last, start, type)) last.end = stop
      else found.push({ type, start, end: stop })
    }
    done = SCANNER.scan(bytes, done, Math.min(end, bytes.length), NOWHERE, sink, stream)
    if (stream.ended) break
  }
  return found.map(({ type, start, end }) => ({ type, text: bytes.toString('utf8', start, end) }))
}

test('there are more than forty vendors', () => {
  expect(new Set(FORMS.map(([type]) => type)).size).toBeGreaterThan(60)
  const types = SECRETS.map(({ type }) => type)
  expect(new Set(types).size).toBe(types.length)
  expect(SECRETS.every((recognizer) => recognizer.class === 'secret')).toBe(true)
})

describe.each(FORMS.map(([type, form, word]) => ({ type, form, word })))(
  '$type $form',
  ({ type, form, word }) => {
    const value = make(form)
    const near = word ?? 'see'

    test('is found', () => {
      for (let seed = 1; seed <= 40; seed++) {
        const made = make(form, seed)
        expect(scan(`${near} ${made}, thanks`)).toEqual([{ type, text: made }])
      }
    })

    test('alone, in quotes, at the end of a sentence and of a line', () => {
      if (word === undefined) expect(scan(value)).toEqual([{ type, text: value }])
      for (const [before, behind] of [
        [`${near} "`, '"'],
        [`${near} `, '.'],
        [`${near} (`, ')\n'],
      ]) {
        expect(scan(`${before}${value}${behind}`)).toEqual([{ type, text: value }])
      }
    })

    test('however it is cut', () => {
      const text = `${near} ${value} and ${near} ${make(form, 2)} there`
      for (const size of [1, 7, 64]) expect(scanInPieces(text, size)).toEqual(scan(text))
    })

    test('not its beginning, not within a word, not a row of x', () => {
      const [first = ''] = /\{\d+:\w+\}/.exec(form) ?? []
      const cut = make(form.slice(0, form.indexOf(first) + first.length)).slice(0, 12)
      expect(scan(`${near} ${cut} `)).toEqual([])
      expect(scan(`${near} a${value}`).filter((found) => found.text === value)).toEqual([])
      const blank = form.replace(/\{(\d+):\w+\}/g, (_all, count: string) =>
        'x'.repeat(Number(count)),
      )
      expect(scan(`${near} ${blank}`)).toEqual([])
    })
  },
)

test('without the checksum: by itself where it is random, else where something says what it is', () => {
  const wrong = make('ghp_{36:alnum}')
  expect(scan(`commit ${wrong} here`)).toEqual([{ type: 'github-token', text: wrong }])
  const flat = `ghp_${make('{36:hex}')}`
  expect(scan(`commit ${flat} here`)).toEqual([])
  expect(scan(flat, 'GITHUB_TOKEN')).toEqual([{ type: 'github-token', text: flat }])
})

describe('in a sentence', () => {
  const key = make('{40:alnum}')
  const openai = make('sk-{48:alnum}')
  test.each([
    ['My password is Summer8733!, thanks', 'password', 'Summer8733!'],
    ['Das Passwort lautet Zebra-42#x.', 'password', 'Zebra-42#x'],
    ['la contraseña es Verano2024$', 'password', 'Verano2024$'],
    ['mot de passe : Hiver2024!', 'password', 'Hiver2024!'],
    ['contraseña: Verano2024$', 'password', 'Verano2024$'],
    ['password "correct-horse-7!"', 'password', 'correct-horse-7!'],
    [`the key is \`${key}\``, 'secret-key', key],
    [`API key: ${key}`, 'secret-key', key],
    [`**API key**: ${key}`, 'secret-key', key],
    [`my key is ${openai}.`, 'openai-key', openai],
    ['PASSWORD=ab;cd&9(x)', 'password', 'ab;cd&9(x)'],
    ['password: hunter22!.', 'password', 'hunter22!'],
    ['the password for the admin account is Winter2024!', 'password', 'Winter2024!'],
    ['Das Passwort für den Server lautet Zebra-42#x.', 'password', 'Zebra-42#x'],
    ['the password should be Zebra-42#x now', 'password', 'Zebra-42#x'],
    ['Password:\n  Zebra-42#x\n', 'password', 'Zebra-42#x'],
    [`use token ${key} to log in`, 'secret-key', key],
    [`the access token for staging is ${key}`, 'secret-key', key],
    [`API key ${make('{40:hex}')}`, 'secret-key', make('{40:hex}')],
    [
      'my token is hiXEzAXBQCUTnbphfU18QuePNerkuwNkKQRfn2Yj',
      'secret-key',
      'hiXEzAXBQCUTnbphfU18QuePNerkuwNkKQRfn2Yj',
    ],
    [
      'refresh_token: /DCrm3q7x6YrDf9lscxrgZaH5rNfyFFBa7xT2DZavzy=',
      'secret-key',
      '/DCrm3q7x6YrDf9lscxrgZaH5rNfyFFBa7xT2DZavzy=',
    ],
  ])('%s', (text, type, value) => {
    expect(scan(text)).toEqual([{ type, text: value }])
  })

  test.each([
    ['The password is stored in the vault.'],
    ['a password is at least 12 characters'],
    ['the key is configured by KEY_PATH'],
    ['token is expired'],
    ['the primary key is user_id2'],
    ['accessToken: resolveAwsSdkSigV4Config'],
    ['apiKey: ApiKeyConfig2'],
    ['client secret: /run/secrets/db2'],
    ['password to be changed'],
    ['the password for this account is stored in vault2 or so'],
    ['use key Control2'],
    ['password - at least 12 characters'],
  ])('%s: none', (text) => {
    expect(scan(text)).toEqual([])
  })
})

const pem = (type: 'rsa' | 'ec', format: 'pkcs1' | 'pkcs8' | 'sec1', cipher?: string): string => {
  const { privateKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const options = cipher ? { cipher, passphrase: 'for a test' } : {}
  return String(privateKey.export({ type: format as 'pkcs8', format: 'pem', ...options })).trim()
}

describe('private keys', () => {
  const begin = (label: string) => `-----BEGIN ${label}-----`
  const end = (label: string) => `-----END ${label}-----`
  const body = (lines: number) =>
    Array.from({ length: lines }, (_, i) => make('{64:b64}', i + 1)).join('\n')
  const keys: readonly [string, string][] = [
    ['RSA', pem('rsa', 'pkcs1')],
    ['PKCS 8', pem('rsa', 'pkcs8')],
    ['EC', pem('ec', 'sec1')],
    ['encrypted', pem('rsa', 'pkcs8', 'aes-256-cbc')],
    ['encrypted, with fields', pem('rsa', 'pkcs1', 'aes-256-cbc')],
    [
      'OpenSSH',
      [begin('OPENSSH PRIVATE KEY'), body(6), make('{23:b64}='), end('OPENSSH PRIVATE KEY')].join(
        '\n',
      ),
    ],
    [
      'PGP',
      [
        begin('PGP PRIVATE KEY BLOCK'),
        'Version: GnuPG v2',
        '',
        body(20),
        make('{30:b64}=='),
        make('={4:b64}'),
        end('PGP PRIVATE KEY BLOCK'),
      ].join('\n'),
    ],
    [
      'on one line',
      [begin('PRIVATE KEY'), body(12), make('{40:b64}=='), end('PRIVATE KEY')]
        .join(' ')
        .replaceAll('\n', ' '),
    ],
    [
      'escaped',
      [begin('PRIVATE KEY'), body(12), make('{40:b64}=='), end('PRIVATE KEY')]
        .join('\\n')
        .replaceAll('\n', '\\n'),
    ],
    [
      'Windows lines',
      [begin('RSA PRIVATE KEY'), body(12), make('{7:b64}'), end('RSA PRIVATE KEY')].join('\r\n'),
    ],
    [
      'PuTTY',
      [
        'PuTTY-User-Key-File-3: ssh-ed25519',
        'Encryption: none',
        'Comment: for a test',
        'Public-Lines: 2',
        body(2),
        'Private-Lines: 1',
        make('{44:b64}'),
        make('Private-MAC: {64:hex}'),
      ].join('\n'),
    ],
  ]
  test.each(keys)('%s', (_name, key) => {
    const text = `here it is:\n${key}\nand this stays`
    expect(scan(text)).toEqual([{ type: 'private-key', text: key }])
    for (const size of [1, 3, 100, 1000]) expect(scanInPieces(text, size)).toEqual(scan(text))
  })

  test('cut off: all of what there is', () => {
    const half = [begin('RSA PRIVATE KEY'), body(3), make('{30:b64}')].join('\n')
    expect(scan(`x ${half}`)).toEqual([{ type: 'private-key', text: half }])
    expect(scan(`${half}\n\nBest regards, Anna`)).toEqual([{ type: 'private-key', text: half }])
  })

  test('a public key, a certificate and a word are none', () => {
    for (const label of ['PUBLIC KEY', 'CERTIFICATE', 'PGP MESSAGE'])
      expect(scan([begin(label), body(3), end(label)].join('\n'))).toEqual([])
    expect(scan('-----BEGIN PRIVATE')).toEqual([])
    expect(scan('put it between -----BEGIN and -----END')).toEqual([])
  })

  test('many beginnings without an end take time in proportion', () => {
    const text = `${begin('PRIVATE KEY')}\n`.repeat(20_000)
    expect(scan(text).length).toBeLessThanOrEqual(1)
  })

  test('the private number of a JWK', () => {
    const d = make('{43:url}')
    expect(scan(d, 'd')).toEqual([{ type: 'private-key', text: d }])
    expect(scan('2026-01-01', 'd')).toEqual([])
  })
})

describe('JSON Web Tokens', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = part({ sub: 'anna', iat: 1_700_000_000 })
  const jws = [part({ alg: 'RS256', typ: 'JWT' }), claims, make('{342:url}')].join('.')
  const rows: readonly [string, string][] = [
    ['signed', jws],
    [
      'other order',
      [part({ typ: 'JWT', kid: '1', alg: 'ES256' }), claims, make('{86:url}')].join('.'),
    ],
    ['unsigned', `${part({ alg: 'none' })}.${claims}.`],
    [
      'encrypted',
      [
        part({ alg: 'dir', enc: 'A256GCM' }),
        '',
        make('{16:url}'),
        make('{60:url}'),
        make('{22:url}'),
      ].join('.'),
    ],
  ]
  test.each(rows)('%s', (_name, token) => {
    expect(scan(`cookie=${token}; path=/`)).toEqual([{ type: 'jwt', text: token }])
    const text = `see ${token} there`
    for (const size of [1, 50]) expect(scanInPieces(text, size)).toEqual(scan(text))
  })
  test('a full stop behind it stays', () => {
    expect(scan(`It is ${jws}.`)).toEqual([{ type: 'jwt', text: jws }])
  })
  test.each([
    ['JSON in base 64 that is no header', `${part({ id: 1, name: 'anna' })}.${claims}.x`],
    ['a header alone', part({ alg: 'RS256', typ: 'JWT' })],
    ['the beginning of one', 'eyJ'],
    ['an image', `data:image/png;base64,${make('{400:b64}')}`],
  ])('not %s', (_name, text) => {
    expect(scan(`see ${text} there`)).toEqual([])
  })
})

describe('where it stands', () => {
  const word = make('{14:alnum}')
  const found: readonly [name: string, text: string, type: string, want: string][] = [
    ['in a URL', `postgres://app:${word}@db.example:5432/x`, 'url-password', word],
    ['in a URL, with signs', 'redis://:p@ss/word@h', 'none', ''],
    [
      'in a URL, with an at sign',
      `amqp://u:${word}@${word}@mq.example/`,
      'url-password',
      `${word}@${word}`,
    ],
    [
      'Basic',
      `Authorization: Basic ${Buffer.from(`anna:${word}`).toString('base64')}`,
      'http-credentials',
      Buffer.from(`anna:${word}`).toString('base64'),
    ],
    [
      'Bearer',
      `curl -H "Authorization: Bearer ${make('{40:alnum}')}" x`,
      'http-credentials',
      make('{40:alnum}'),
    ],
    [
      'a connection string',
      make('AccountName=x;AccountKey={86:b64}==;EndpointSuffix=y'),
      'azure-storage-key',
      make('{86:b64}=='),
    ],
    [
      'a signed URL',
      make('https://x.blob.core.windows.net/c?sv=2024&sig={42:alnum}%3D'),
      'azure-sas-signature',
      make('sig={42:alnum}%3D'),
    ],
    ['an assignment', `export DB_PASSWORD=${word}`, 'password', word],
    ['YAML', `  password: "${word}"\n`, 'password', word],
    ['an AWS key', make('aws_secret_access_key = {40:b64}'), 'aws-secret-key', make('{40:b64}')],
    [
      'an environment variable',
      `STRIPE_API_KEY=${make('{32:alnum}')}`,
      'secret-key',
      make('{32:alnum}'),
    ],
  ]
  test.each(found)('%s', (_name, text, type, want) => {
    expect(scan(text)).toEqual(type === 'none' ? [] : [{ type, text: want }])
  })

  const named: readonly [name: string, value: string, type: string | null][] = [
    ['password', 'hunter2', 'password'],
    ['userPassword', 'correct horse battery staple', 'password'],
    ['db_passwd', 'Tr0ub4dor&3', 'password'],
    ['Passwort', 'geheim123', 'password'],
    ['client_secret', make('{40:alnum}'), 'secret-key'],
    ['apiKey', make('{32:hex}'), 'secret-key'],
    ['token', make('{24:alnum}'), 'secret-key'],
    ['refresh_token', make('{64:url}'), 'secret-key'],
    ['password', 'true', null],
    ['password', '********', null],
    ['password', '<redacted>', null],
    ['password', `\${DB_PASSWORD}`, null],
    ['password', '$DB_PASSWORD', null],
    ['password', 'changeme', null],
    ['password', 'Password must be at least 8 characters', null],
    ['password', 'is too short for this', null],
    ['password', '[PASSWORD]', null],
    ['password_length', '12', null],
    ['password_hint', 'the name of my dog', null],
    ['max_tokens', '4096', null],
    ['token', ' Hello', null],
    ['token', 'string', null],
    ['next_page_token', make('{32:alnum}'), null],
    ['api_key', 'your-api-key-goes-here', null],
    ['secret', 'projects/x/secrets/y', null],
    ['secret', make('{8:hex}-{4:hex}-{4:hex}-{4:hex}-{12:hex}'), null],
    ['tokenizer', make('{24:alnum}'), null],
  ]
  test.each(named)('under `%s`: %s', (name, value, type) => {
    expect(scan(value, name)).toEqual(type === null ? [] : [{ type, text: value }])
  })

  test.each([
    ['a call', 'password = getPassword()'],
    ['a type', 'interface Login { password: string; token: Token }'],
    ['a variable', 'const secret = config.auth.secret'],
    ['a word', 'the password: remember it'],
    ['a type with digits', 'token: CachedX509Token, credential: X509Credential'],
    ['a member', 'const apiKey = api_keys_1.ApiKeysResource'],
    [
      'the first line of a key in a program',
      "if (text.indexOf('-----BEGIN PRIVATE KEY-----') !== 0)",
    ],
    ['a call that prints', "console.log('password:', password);"],
    ['a placeholder in a URL', 'postgres://user:password@localhost/db'],
    ['a variable in a URL', `postgres://user:\${PASS}@localhost/db`],
    ['a port', 'http://localhost:8080/path@2'],
    ['prose', 'Basic authentication and Bearer authentication are schemes'],
    [
      'a hash',
      'integrity sha512-oUq0TBgq1cVJyzYsDDBFJ1UmbzhoCPwoWZeDbUPhw4rQgtX2ZYsHaIUkEvLwaJmIQxBUlXVHmCGT+Xk0XzJQ==',
    ],
    ['a commit', 'commit 9b1e7c9f3a2d4b5c6d7e8f90123456789abcdef0'],
    ['an identifier', '6f1c1a52-8d1f-4a0e-9b60-5c2f3f1c9d11'],
  ])('not %s', (_name, text) => {
    expect(scan(text)).toEqual([])
  })
})

test('high entropy is found only where it is asked for', () => {
  const value = make('{40:alnum}')
  expect(scan(`x ${value} y`)).toEqual([])
  const asked = createScanner(SECRETS, { types: new Set(['high-entropy']) })
  const bytes = Buffer.from(`x ${value} y, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`)
  const types: string[] = []
  asked.scan(bytes, 0, bytes.length, NOWHERE, (_start, _end, type) => types.push(type))
  expect(types).toEqual(['high-entropy'])
})
