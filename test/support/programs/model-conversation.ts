/**
 * A conversation of an agent with a model through an SDK: it asks, streamed; calls the tool that the model wants; and sends everything back
 * with what the tool said, not streamed. What the SDK makes of the answers is told as lines of JSON.
 * argv: SDK, base URL, JSON of `Said`.
 */

import { Agent } from 'node:https'
import Anthropic from '@anthropic-ai/sdk'
import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type Message,
} from '@aws-sdk/client-bedrock-runtime'
import { type Content, GoogleGenAI, type Part } from '@google/genai'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import OpenAI from 'openai'

export interface Said {
  readonly system: string
  readonly user: string
  /** Of the tool. */
  readonly description: string
  readonly result: string
  /** Base64 of a picture, and of a text. */
  readonly picture: string
  readonly document: string
}

const [, , sdk = '', url = '', json = '{}'] = process.argv
const { system, user, description, result, picture, document }: Said = JSON.parse(json)
const name = 'send_mail'
const schema = {
  type: 'object' as const,
  properties: { to: { type: 'string', description } },
  additionalProperties: true,
}
let isFirst = true

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The first words, as soon as they are there. */
function hear(text: string | null | undefined): void {
  if (isFirst && text) say({ first: text })
  isFirst &&= !text
}

async function openaiChat(): Promise<void> {
  const client = new OpenAI({ apiKey: 'sk-lab', baseURL: `${url}/v1`, maxRetries: 0 })
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: system },
    {
      role: 'user',
      content: [
        { type: 'text', text: user },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } },
        {
          type: 'file',
          file: { filename: 'a.txt', file_data: `data:text/plain;base64,${document}` },
        },
      ],
    },
  ]
  const tools = [{ type: 'function' as const, function: { name, description, parameters: schema } }]
  const model = 'gpt-5-mini'
  const stream = client.chat.completions.stream({ model, messages, tools })
  stream.on('content', hear)
  const { choices } = await stream.finalChatCompletion()
  const message = choices[0]?.message
  const call = message?.tool_calls?.[0]
  if (!message || call?.type !== 'function') throw new Error('no call')
  say({ text: message.content, args: JSON.parse(call.function.arguments) })
  messages.push(message, { role: 'tool', tool_call_id: call.id, content: result })
  const last = await client.chat.completions.create({ model, messages, tools })
  const { content, tool_calls } = last.choices[0]?.message ?? {}
  const again = tool_calls?.[0]
  const args = again?.type === 'function' ? JSON.parse(again.function.arguments) : null
  say({ text: content, args })
}

async function openaiResponses(): Promise<void> {
  const client = new OpenAI({ apiKey: 'sk-lab', baseURL: `${url}/v1`, maxRetries: 0 })
  const input: OpenAI.Responses.ResponseInput = [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: user },
        { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${picture}` },
        {
          type: 'input_file',
          filename: 'a.txt',
          file_data: `data:text/plain;base64,${document}`,
        },
      ],
    },
  ]
  const asked = {
    model: 'gpt-5-mini',
    instructions: system,
    store: false,
    include: ['reasoning.encrypted_content' as const],
    tools: [{ type: 'function' as const, name, description, parameters: schema, strict: false }],
  }
  const stream = client.responses.stream({ ...asked, input })
  const told: string[] = []
  stream.on('response.output_text.delta', ({ delta }) => hear(delta))
  stream.on('response.output_text.done', ({ text }) => told.push(text))
  stream.on('response.function_call_arguments.done', ({ arguments: all }) => told.push(all))
  const first = await stream.finalResponse()
  const call = first.output.find(({ type }) => type === 'function_call')
  if (call?.type !== 'function_call') throw new Error('no call')
  say({ text: first.output_text, args: JSON.parse(call.arguments), told })
  input.push(...(first.output as OpenAI.Responses.ResponseInputItem[]))
  input.push({ type: 'function_call_output', call_id: call.call_id, output: result })
  const last = await client.responses.create({ ...asked, input })
  const again = last.output.find(({ type }) => type === 'function_call')
  const args = again?.type === 'function_call' ? JSON.parse(again.arguments) : null
  say({ text: last.output_text, args })
}

async function anthropic(): Promise<void> {
  const client = new Anthropic({ apiKey: 'sk-lab', baseURL: url, maxRetries: 0 })
  const messages = firstMessages()
  const stream = client.messages.stream({ ...anthropicAsked, model: 'claude-lab', messages })
  stream.on('text', hear)
  const first = await stream.finalMessage()
  say(toHeard(first.content))
  const last = await client.messages.create({
    ...anthropicAsked,
    model: 'claude-lab',
    messages: nextMessages(messages, first.content),
  })
  say(toHeard(last.content))
}

const anthropicAsked = {
  max_tokens: 1000,
  system: [{ type: 'text' as const, text: system }],
  tools: [{ name, description, input_schema: schema }],
  thinking: { type: 'enabled' as const, budget_tokens: 1024 },
}

function firstMessages(): Anthropic.MessageParam[] {
  const text = { type: 'text' as const, text: user }
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: picture }
  return [{ role: 'user', content: [text, { type: 'image', source }] }]
}

function nextMessages(
  messages: Anthropic.MessageParam[],
  content: Anthropic.ContentBlock[],
): Anthropic.MessageParam[] {
  const call = content.find(({ type }) => type === 'tool_use')
  if (call?.type !== 'tool_use') throw new Error('no call')
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: picture }
  const said = [
    { type: 'text' as const, text: result },
    { type: 'image' as const, source },
  ]
  const answer = { type: 'tool_result' as const, tool_use_id: call.id, content: said }
  return [...messages, { role: 'assistant', content }, { role: 'user', content: [answer] }]
}

function toHeard(content: Anthropic.ContentBlock[]): object {
  const text = content.flatMap((block) => (block.type === 'text' ? block.text : [])).join('')
  const thoughts = content.flatMap((block) => (block.type === 'thinking' ? block.thinking : []))
  const call = content.find(({ type }) => type === 'tool_use')
  return { text, thoughts, args: call?.type === 'tool_use' ? call.input : null }
}

function bedrockClient(): BedrockRuntimeClient {
  const httpsAgent = new Agent({ proxyEnv: process.env, keepAlive: true })
  const requestHandler = new NodeHttpHandler({ httpsAgent })
  return new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: url,
    requestHandler,
    maxAttempts: 1,
    ...(process.env.AWS_BEARER_TOKEN_BEDROCK
      ? {}
      : { credentials: { accessKeyId: 'AKIALAB', secretAccessKey: 'lab' } }),
  })
}

async function bedrockConverse(): Promise<void> {
  const client = bedrockClient()
  const bytes = Buffer.from(picture, 'base64')
  const messages: Message[] = [
    {
      role: 'user',
      content: [
        { text: user },
        { image: { format: 'png', source: { bytes } } },
        {
          document: {
            format: 'txt',
            name: 'a',
            source: { bytes: Buffer.from(document, 'base64') },
          },
        },
      ],
    },
  ]
  const asked = {
    modelId: 'anthropic.claude-lab-v1:0',
    system: [{ text: system }],
    toolConfig: { tools: [{ toolSpec: { name, description, inputSchema: { json: schema } } }] },
  }
  const { stream } = await client.send(new ConverseStreamCommand({ ...asked, messages }))
  const blocks: ContentBlock[] = []
  for await (const { contentBlockStart, contentBlockDelta } of stream ?? []) {
    const { contentBlockIndex: at = 0, start } = contentBlockStart ?? {}
    if (start?.toolUse) blocks[at] = { toolUse: { ...start.toolUse, input: '' } }
    if (contentBlockDelta) addDelta(blocks, contentBlockDelta)
  }
  for (const { toolUse } of blocks) {
    if (toolUse) toolUse.input = JSON.parse(String(toolUse.input))
  }
  say(toConversed(blocks))
  const call = blocks.find(({ toolUse }) => toolUse)?.toolUse
  const answer = { toolUseId: call?.toolUseId, content: [{ text: result }, { json: { result } }] }
  messages.push({ role: 'assistant', content: blocks })
  messages.push({ role: 'user', content: [{ toolResult: answer }] })
  const { output } = await client.send(new ConverseCommand({ ...asked, messages }))
  say(toConversed(output?.message?.content ?? []))
}

/** What comes in one event, as a member of each kind of block. */
interface Delta {
  readonly contentBlockIndex?: number | undefined
  readonly delta?:
    | {
        readonly text?: string
        readonly toolUse?: { readonly input?: string | undefined }
        readonly reasoningContent?: {
          readonly text?: string
          readonly signature?: string
          readonly redactedContent?: Uint8Array
        }
      }
    | undefined
}

function addDelta(blocks: ContentBlock[], { contentBlockIndex: at = 0, delta }: Delta): void {
  const block = blocks[at]
  const { text, toolUse, reasoningContent } = delta ?? {}
  if (text !== undefined) {
    hear(text)
    blocks[at] = { text: (block?.text ?? '') + text }
  } else if (toolUse && block?.toolUse) {
    block.toolUse.input = `${block.toolUse.input}${toolUse.input}`
  } else if (reasoningContent?.redactedContent) {
    blocks[at] = { reasoningContent: { redactedContent: reasoningContent.redactedContent } }
  } else if (reasoningContent) {
    const so = block?.reasoningContent?.reasoningText
    const { signature = so?.signature } = reasoningContent
    const said = (so?.text ?? '') + (reasoningContent.text ?? '')
    blocks[at] = { reasoningContent: { reasoningText: { text: said, signature } } }
  }
}

function toConversed(blocks: ContentBlock[]): object {
  return {
    text: blocks.map(({ text }) => text ?? '').join(''),
    thoughts: blocks.flatMap(({ reasoningContent }) => reasoningContent?.reasoningText?.text ?? []),
    args: blocks.find(({ toolUse }) => toolUse)?.toolUse?.input ?? null,
  }
}

/** The body is that of the model's own API, here Anthropic's. */
async function bedrockInvoke(): Promise<void> {
  const client = bedrockClient()
  const modelId = 'anthropic.claude-lab-v1:0'
  const toBody = (messages: Anthropic.MessageParam[]) =>
    JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', ...anthropicAsked, messages })
  const messages = firstMessages()
  const { body } = await client.send(
    new InvokeModelWithResponseStreamCommand({ modelId, body: toBody(messages) }),
  )
  // Put together by the SDK of that API.
  const lines = new TransformStream<string, string>()
  const writer = lines.writable.getWriter()
  const pump = async () => {
    try {
      for await (const { chunk } of body ?? []) {
        await writer.write(`${Buffer.from(chunk?.bytes ?? []).toString()}\n`)
      }
      await writer.close()
    } catch (error) {
      await writer.abort(error)
    }
  }
  const pumped = pump()
  const { MessageStream } = await import('@anthropic-ai/sdk/lib/MessageStream')
  const stream = MessageStream.fromReadableStream(
    lines.readable.pipeThrough(new TextEncoderStream()) as ReadableStream,
  )
  stream.on('text', hear)
  const first = await stream.finalMessage()
  await pumped
  say(toHeard(first.content))
  const next = await client.send(
    new InvokeModelCommand({ modelId, body: toBody(nextMessages(messages, first.content)) }),
  )
  say(toHeard(JSON.parse(Buffer.from(next.body).toString()).content))
}

async function gemini(): Promise<void> {
  const client = new GoogleGenAI({ apiKey: 'lab', httpOptions: { baseUrl: url } })
  const contents: Content[] = [
    {
      role: 'user',
      parts: [
        { text: user },
        { inlineData: { mimeType: 'image/png', data: picture } },
        { inlineData: { mimeType: 'text/plain', data: document } },
      ],
    },
  ]
  const asked = {
    model: 'gemini-2.5-flash',
    config: {
      systemInstruction: system,
      tools: [{ functionDeclarations: [{ name, description, parametersJsonSchema: schema }] }],
    },
  }
  const parts: Part[] = []
  for await (const chunk of await client.models.generateContentStream({ ...asked, contents })) {
    for (const part of chunk.candidates?.[0]?.content?.parts ?? []) {
      parts.push(part)
      if (!part.thought) hear(part.text)
    }
  }
  say(toGenerated(parts))
  const call = parts.find(({ functionCall }) => functionCall)?.functionCall
  contents.push({ role: 'model', parts })
  contents.push({
    role: 'user',
    parts: [{ functionResponse: { id: call?.id ?? '', name, response: { result } } }],
  })
  const last = await client.models.generateContent({ ...asked, contents })
  say(toGenerated(last.candidates?.[0]?.content?.parts ?? []))
}

function toGenerated(parts: Part[]): object {
  return {
    text: parts.map(({ text, thought }) => (thought ? '' : (text ?? ''))).join(''),
    args: parts.find(({ functionCall }) => functionCall)?.functionCall?.args ?? null,
  }
}

const SDKS: Readonly<Record<string, () => Promise<void>>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  anthropic,
  'bedrock-converse': bedrockConverse,
  'bedrock-invoke': bedrockInvoke,
  gemini,
}

try {
  await SDKS[sdk]?.()
} catch (error) {
  const { name, message } = error as Error
  say({ error: `${name}: ${message}` })
}
