/** The key that signs links back: 32 random bytes in the data directory, for its owner alone. Without the file, all links that were sent are void. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type KeyForm, openKeyFile } from '../../files/key-file.ts'

const BYTES = 32

const FORM: KeyForm<Buffer> = {
  name: 'key of links',
  make: () => `${randomBytes(BYTES).toString('hex')}\n`,
  read: (text) =>
    /^[0-9a-f]{64}\n$/.test(text)
      ? { key: Buffer.from(text.trim(), 'hex') }
      : { fault: 'the key of links is not 64 hexadecimal digits on one line' },
}

/**
 * Loads the key, or makes it when there is none.
 *
 * @throws KeyFileError
 */
export function openLinkKey(dataDir: string): Buffer {
  return openKeyFile(join(dataDir, 'link.key'), FORM)
}
