/** Asks for a secret at the terminal without showing what is typed. */

import { CommandError, EXIT } from '../output.ts'

const MAX_LENGTH = 8_192

export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** Only where `canAsk`. @throws CommandError when whoever is asked does not want to say */
export function askSecret(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  return new Promise((resolve, reject) => {
    let text = ''
    const end = () => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
    }
    const onData = (piece: string) => {
      for (const character of piece) {
        if (character === '\r' || character === '\n') {
          end()
          return resolve(text.trim())
        }
        if (character === '\u0003' || character === '\u0004') {
          end()
          return reject(new CommandError(EXIT.invalid, 'no token was given'))
        }
        if (character === '\u007f' || character === '\b') text = text.slice(0, -1)
        else if (character >= ' ' && text.length < MAX_LENGTH) text += character
      }
    }
    stdin.on('data', onData)
  })
}
