/** What is left as it is. */

import type { Reader } from './reader.ts'

export class Unread implements Reader {
  decided = 0

  push(bytes: Buffer): void {
    this.decided += bytes.length
  }

  settle(): void {}

  end(): void {}
}
