/**
 * One call of a model as an agent makes it, with the SDK named first: what comes, and how it ends, is told as lines of JSON.
 * argv: sdk, base URL, and JSON of `{ stream, retries }`; without `retries` as the SDK does it by itself.
 */

import { Agent } from 'node:https'
import Anthropic from '@anthropic-ai/sdk'
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import OpenAI, { toFile } from 'openai'

interface Options {
  readonly stream?: boolean
  readonly retries?: number
}

const [, , sdk = '', url = '', json = '{}'] = process.argv
const { stream = false, retries }: Options = JSON.parse(json)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const question = 'where are you?'
const messages = [{ role: 'user' as const, content: question }]
const again = retries === undefined ? {} : { maxRetries: retries }

async function openai(): Promise<void> {
  const client = new OpenAI({ apiKey: 'sk-lab', baseURL: `${url}/v1`, ...again })
  const model = 'gpt-lab'
  if (stream) {
    const events = await client.chat.completions.create({ model, messages, stream })
    for await (const { choices } of events) say({ event: choices[0]?.delta.content })
  } else {
    const { choices } = await client.chat.completions.create({ model, messages })
    say({ answer: choices[0]?.message.content })
  }
}

/** A form, whose boundary is another at each try. */
async function openaiFile(): Promise<void> {
  const client = new OpenAI({ apiKey: 'sk-lab', baseURL: `${url}/v1`, ...again })
  const file = await toFile(Buffer.from('{"a":1}\r\n--not-a-boundary\r\n'), 'a.jsonl')
  const { id } = await client.files.create({ file, purpose: 'batch' })
  say({ answer: id })
}

async function anthropic(): Promise<void> {
  const client = new Anthropic({ apiKey: 'sk-lab', baseURL: url, ...again })
  const asked = { model: 'claude-lab', max_tokens: 100, messages }
  if (stream) {
    for await (const event of await client.messages.create({ ...asked, stream })) {
      if (event.type !== 'content_block_delta') continue
      if (event.delta.type === 'text_delta') say({ event: event.delta.text })
    }
  } else {
    const { content } = await client.messages.create(asked)
    say({ answer: content[0]?.type === 'text' ? content[0].text : null })
  }
}

async function bedrock(): Promise<void> {
  // By itself this client speaks HTTP/2 and knows of no proxy.
  const requestHandler = new NodeHttpHandler({
    httpsAgent: new Agent({ proxyEnv: process.env, keepAlive: true }),
  })
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: url,
    credentials: { accessKeyId: 'AKIALAB', secretAccessKey: 'lab' },
    requestHandler,
    ...(retries === undefined ? {} : { maxAttempts: retries + 1 }),
  })
  const asked = {
    modelId: 'amazon.nova-lite-v1:0',
    messages: [{ role: 'user' as const, content: [{ text: question }] }],
  }
  if (stream) {
    const { stream: events } = await client.send(new ConverseStreamCommand(asked))
    for await (const event of events ?? []) {
      const text = event.contentBlockDelta?.delta?.text
      if (text !== undefined) say({ event: text })
    }
  } else {
    const { output } = await client.send(new ConverseCommand(asked))
    say({ answer: output?.message?.content?.[0]?.text })
  }
}

const SDKS: Readonly<Record<string, () => Promise<void>>> = {
  openai,
  'openai-file': openaiFile,
  anthropic,
  bedrock,
}

try {
  await SDKS[sdk]?.()
} catch (error) {
  const { name, message } = error as Error
  say({ error: `${name}: ${message}` })
}
