/** Programs, what they are built of, and what they write. */

import type { Random } from '../random.ts'
import { prose, WORDS } from './prose.ts'

const address = (random: Random) =>
  `10.${random.below(255)}.${random.below(255)}.${random.below(255)}`

export const PROGRAMS: Readonly<Record<string, (random: Random) => string>> = {
  'types with fields of secrets': (random) =>
    `export interface ${random.pick(['Login', 'Account', 'Session'])}Input {\n  password: string\n  passwordHash?: Buffer\n  apiKey: ApiKeyConfig2\n  readonly secret: SecretRef\n  accessToken: AccessTokenV2 | null\n  firstName: string\n  dateOfBirth?: Date\n  phoneNumber: PhoneNumber\n}\n`,
  'calls with secrets': (random) =>
    `const { password, apiKey } = await load${random.pick(['Config', 'Env'])}()\nclient.login({ password: config.auth.password, token: process.env.TOKEN_${random.below(9)}, secret: getSecret('db/${random.pick(WORDS)}') })\nif (password.length < ${8 + random.below(8)}) throw new Error('password must have ${8 + random.below(8)} characters')\n`,
  'minified scripts': (random) =>
    Array.from(
      { length: 20 },
      () =>
        `function ${random.chars('abcdefgh', 2)}(e,t){return e.${random.chars('abcdefgh', 3)}(${random.below(1e6)},0x${random.hex(6)})?t[${random.below(999)}]:1e${random.below(9)}+(${random.below(1e8)}-65536*n)}`,
    ).join(';'),
  'styles and drawings': (random) =>
    `.a${random.hex(3)}{color:#${random.hex(6)};margin:${random.below(99)}px ${random.below(99)}px;background:url(data:image/png;base64,${random.base64(60)})}<path d="M${random.below(999)}.${random.digits(2)} ${random.below(99)}c${random.below(9)}-${random.below(99)} ${random.below(99)}.${random.digits(1)}-${random.below(99)}.${random.digits(2)}z" fill="#${random.hex(6)}"/>`,
  'lock files': (random) =>
    `${random.pick(WORDS)}@^${random.below(9)}.${random.below(20)}.${random.below(20)}:\n  version "${random.below(9)}.${random.below(20)}.${random.below(20)}"\n  resolved "https://packages.example/${random.pick(WORDS)}/-/${random.pick(WORDS)}-1.2.3.tgz#${random.hex(40)}"\n  integrity sha512-${random.base64(86)}==\n`,
  'versions and paths': (random) =>
    `/usr/lib/x86_64-linux-gnu/lib${random.pick(WORDS)}.so.${random.below(9)}.${random.below(99)}.${random.below(99)} ${random.below(9)}.${random.below(99)}.${random.below(99)}-${random.below(9)}ubuntu0.22.04.${random.below(9)} go1.22.${random.below(9)} sha256:${random.hex(64)}`,
  'logs of web servers': (random) =>
    `${address(random)} - - [30/Nov/2025:10:${10 + random.below(49)}:${10 + random.below(49)} +0000] "GET /${random.pick(WORDS)}/${random.below(1e8)}?page=${random.below(99)}&sig=${random.hex(12)} HTTP/1.1" 200 ${random.below(1e6)} "-" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.${random.below(9)}" rt=0.${random.digits(3)}`,
  'logs of systems': (random) =>
    `Nov 30 10:${10 + random.below(49)}:${10 + random.below(49)} host-${random.below(99)} kernel: [${random.below(99999)}.${random.digits(6)}] ${random.pick(['usb', 'eth0', 'nvme0n1'])}: ${prose(random, 5)} (pid ${random.below(99999)}) 0x${random.hex(16)}`,
  traces: (random) =>
    JSON.stringify({
      resourceSpans: [
        {
          traceId: random.hex(32),
          spanId: random.hex(16),
          startTimeUnixNano: `17${random.digits(17)}`,
          attributes: [
            { key: 'http.status_code', value: { intValue: '200' } },
            { key: 'thread.id', value: { intValue: random.below(99999) } },
            { key: 'net.peer.ip', value: { stringValue: address(random) } },
            { key: 'session.count', value: { intValue: random.below(99) } },
          ],
        },
      ],
    }),
  'stack traces': (random) =>
    `Error: ${prose(random, 4)}\n    at ${random.pick(WORDS)}.${random.pick(WORDS)} (/srv/app/dist/${random.pick(WORDS)}.js:${random.below(999)}:${random.below(99)})\n    at processTicksAndRejections (node:internal/process/task_queues:95:5)\n`,
  metrics: (random) =>
    `http_request_duration_seconds_bucket{le="0.${random.digits(2)}",path="/${random.pick(WORDS)}",pod="web-${random.hex(10)}-${random.chars('bcdfghjklm', 5)}"} ${random.below(1e9)} ${1_700_000_000_000 + random.below(9e10)}`,
  'history of a repository': (random) =>
    `commit ${random.hex(40)}\nAuthor: bot\nDate:   Sun Nov 30 10:${10 + random.below(49)}:00 2025 +0100\n\n    ${prose(random, 9)} (#${random.below(9999)})\n\n index ${random.hex(7)}..${random.hex(7)} 100644\n@@ -${random.below(999)},7 +${random.below(999)},${random.below(99)} @@\n+${random.below(99999)}\n`,
  'images in base 64': (random) => `data:image/png;base64,iVBORw0KGgo${random.base64(1200)}`,
  'pages about secrets': (random) =>
    `## Password and token rotation\n\nThe password is stored in the vault and the API key is read from the environment. Set \`DB_PASSWORD\` to the value of your secret, e.g. \`password: \${DB_PASSWORD}\` or \`token: <your-token>\`. A token expires after ${random.below(99)} days. Call the phone service ${random.below(99)} times. ${prose(random, 20)}\n`,
}
