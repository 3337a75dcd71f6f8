import { describe, expect, test } from 'vitest'
import { type Piece, type RequestParts, read, signed } from './support.ts'

const ANY: Piece = ['breadth', ['*'], 'strong']
const SILENT: Piece = ['region', [], 'none']
const US: Piece = ['region', ['US'], 'strong']
const ANTHROPIC = 'api.anthropic.com/v1/messages'

describe('inference_geo of Anthropic', () => {
  const padded = `{"inference_geo":"us","messages":["${'x'.repeat(1_000)}"]}`
  test.each<[string, RequestParts, Piece[]]>([
    ['us', { body: { inference_geo: 'us' } }, [US]],
    ['global', { body: { inference_geo: 'global' } }, [ANY]],
    ['absent', { body: { model: 'm' } }, []],
    ['another value', { body: { inference_geo: 'eu' } }, [SILENT]],
    ['US', { body: { inference_geo: 'US' } }, [SILENT]],
    ['us with space', { body: { inference_geo: 'us ' } }, [SILENT]],
    ['null', { body: { inference_geo: null } }, [SILENT]],
    ['a list', { body: { inference_geo: ['us'] } }, [SILENT]],
    ['an object', { body: { inference_geo: { us: 'us' } } }, [SILENT]],
    ['deeper is not the field', { body: { metadata: { inference_geo: 'us' } } }, []],
    [
      'in a message is not the field',
      { body: { messages: [{ content: '"inference_geo":"global"' }] } },
      [],
    ],
    ['twice, us first', { body: '{"inference_geo":"us","inference_geo":"global"}' }, [ANY]],
    ['twice, us last', { body: '{"inference_geo":"global","inference_geo":"us"}' }, [ANY]],
    ['twice us', { body: '{"inference_geo":"us","inference_geo":"us"}' }, [SILENT]],
    ['us and something new', { body: '{"inference_geo":"us","inference_geo":"eu"}' }, [SILENT]],
    ['in another case', { body: { Inference_Geo: 'us' } }, [ANY]],
    ['in two cases', { body: '{"inference_geo":"us","INFERENCE_GEO":"global"}' }, [ANY]],
    ['an escaped key', { body: '{"inference\\u005fgeo":"global"}' }, [ANY]],
    ['an escaped key, us', { body: '{"inference\\u005fgeo":"us"}' }, [US]],
    ['an escaped value', { body: '{"inference_geo":"gl\\u006fbal"}' }, [ANY]],
    ['before the cut', { body: padded.slice(0, 100), complete: false }, [ANY]],
    ['behind the cut', { body: '{"messages":["xxx', complete: false }, [ANY]],
    ['not peeked', { method: 'POST' }, [ANY]],
    ['nothing sent', { body: '' }, []],
    ['gzip', { body: { inference_geo: 'us' }, encoding: 'gzip' }, [ANY]],
    ['zstd', { body: { inference_geo: 'us' }, encoding: 'zstd' }, [ANY]],
    ['identity', { body: { inference_geo: 'us' }, encoding: 'identity' }, [US]],
    ['two codings', { body: { inference_geo: 'us' }, encoding: 'identity, gzip' }, [ANY]],
    ['utf-8', { body: { inference_geo: 'us' }, type: 'application/json; charset=UTF-8' }, [US]],
    [
      'another character set',
      { body: { inference_geo: 'us' }, type: 'application/json; charset=utf-16' },
      [ANY],
    ],
    [
      'two character sets',
      { body: { inference_geo: 'us' }, type: 'application/json; charset=utf-8; charset=utf-7' },
      [ANY],
    ],
    ['said to be text', { body: { inference_geo: 'us' }, type: 'text/plain' }, [US]],
    [
      'said to be multipart',
      { body: { inference_geo: 'global' }, type: 'multipart/form-data; boundary=x' },
      [ANY],
    ],
    ['a byte order mark', { body: '\ufeff{"inference_geo":"us"}' }, [ANY]],
    ['UTF-16', { body: Buffer.from('{"inference_geo":"us"}', 'utf16le') }, [ANY]],
    [
      'UTF-16 from the other end',
      { body: Buffer.from('{"inference_geo":"us"}', 'utf16le').swap16() },
      [ANY],
    ],
    ['garbage behind', { body: '{"inference_geo":"us"} {"inference_geo":"global"}' }, [ANY]],
    ['NaN', { body: '{"inference_geo":"us","temperature":NaN}' }, [ANY]],
    ['a comment', { body: '/**/{"inference_geo":"us"}' }, [ANY]],
    [
      'deep nesting',
      { body: `{"x":${'['.repeat(100)}${']'.repeat(100)},"inference_geo":"us"}` },
      [ANY],
    ],
    [
      'a multipart form has no such field',
      { body: '--x\r\ncontent', type: 'multipart/form-data; boundary=x' },
      [],
    ],
    ['reading', {}, []],
  ])('%s', (_, parts, expected) => {
    expect(read(ANTHROPIC, parts).pieces).toEqual(expected)
  })

  test.each<[string, unknown, Piece[]]>([
    [
      'one asks for global',
      [{ params: { inference_geo: 'us' } }, { params: { inference_geo: 'global' } }],
      [ANY],
    ],
    ['all ask for us', [{ params: { inference_geo: 'us' } }], [SILENT]],
    ['one of two asks for us', [{ params: { inference_geo: 'us' } }, { params: {} }], [SILENT]],
    ['none asks', [{ params: {} }], []],
    ['something else', 'x', [ANY]],
  ])('in a batch: %s', (_, requests, expected) => {
    expect(read(`${ANTHROPIC}/batches`, { body: { requests } }).pieces).toEqual(expected)
  })

  test('the same field elsewhere says nothing', () => {
    expect(
      read('api.anthropic.com.evil.example/v1/messages', { body: { inference_geo: 'us' } }).pieces,
    ).toEqual([])
    expect(read('api.openai.com/v1/responses', { body: { inference_geo: 'us' } }).pieces).toEqual(
      [],
    )
  })
})

describe('Fireworks and OpenRouter', () => {
  const FIREWORKS = 'api.fireworks.ai/inference/v1/chat/completions'
  const geo = (value: string) => ({ 'fireworks-inference-geo': value })
  test.each<[string, string, RequestParts, Piece[]]>([
    ['global in the head', FIREWORKS, { headers: geo('global'), body: {} }, [ANY]],
    ['Global in the head', FIREWORKS, { headers: geo(' Global'), body: {} }, [ANY]],
    ['a place in the head', FIREWORKS, { headers: geo('US'), body: {} }, [SILENT]],
    ['global in the body', FIREWORKS, { body: { inference_geo: 'global' } }, [ANY]],
    [
      'head and body',
      FIREWORKS,
      { headers: geo('us'), body: { inference_geo: 'global' } },
      [SILENT, ANY],
    ],
    ['not read', FIREWORKS, { body: '{', complete: false }, [ANY]],
    ['nothing', FIREWORKS, { body: {} }, []],
    [
      'providers',
      'openrouter.ai/api/v1/chat/completions',
      { body: { provider: { only: ['mistral'] } } },
      [SILENT],
    ],
    [
      'an order',
      'openrouter.ai/api/v1/chat/completions',
      { body: { provider: { order: ['a', 'b'] } } },
      [SILENT],
    ],
    ['neither', 'openrouter.ai/api/v1/chat/completions', { body: { provider: {} } }, []],
    [
      'twice',
      'openrouter.ai/api/v1/chat/completions',
      { body: '{"provider":{"only":["a"]},"provider":{}}' },
      [],
    ],
  ])('%s', (_, url, parts, expected) => {
    expect(read(url, parts).pieces).toEqual(expected)
  })
})

const OPENAI = 'eu.api.openai.com/v1/responses'
const GEMINI = 'generativelanguage.googleapis.com/v1beta/models/m:generateContent'
const image = (url: unknown) => ({
  messages: [{ content: [{ type: 'image_url', image_url: { url } }] }],
})
const file = (file_uri: string) => ({ contents: [{ parts: [{ file_data: { file_uri } }] }] })

describe('hosts the peer will be made to call', () => {
  test.each<[string, string, unknown, readonly string[]]>([
    ['an image', OPENAI, image('https://a.example/i.png'), ['a.example']],
    [
      'an image by text alone',
      OPENAI,
      { input: [{ type: 'input_image', image_url: 'https://a.example/i' }] },
      ['a.example'],
    ],
    [
      'a file',
      OPENAI,
      { input: [{ type: 'input_file', file_url: 'https://a.example/f' }] },
      ['a.example'],
    ],
    [
      'an MCP server',
      OPENAI,
      { tools: [{ type: 'mcp', server_url: 'https://mcp.a.example/sse' }] },
      ['mcp.a.example'],
    ],
    ['a connector', OPENAI, { tools: [{ type: 'mcp', connector_id: 'connector_x' }] }, ['*']],
    ['a web search', OPENAI, { tools: [{ type: 'web_search' }] }, ['*']],
    [
      'a web search in preview',
      OPENAI,
      { tools: [{ type: 'web_search_preview_2025_03_11' }] },
      ['*'],
    ],
    ['a web search as an option', OPENAI, { web_search_options: {} }, ['*']],
    ['a model that searches', OPENAI, { model: 'gpt-x-search-preview' }, ['*']],
    [
      'a function is no web tool',
      OPENAI,
      { tools: [{ type: 'function', function: { name: 'web_search' } }] },
      [],
    ],
    ['a file search is no web tool', OPENAI, { tools: [{ type: 'file_search' }] }, []],
    [
      'an image at Anthropic',
      ANTHROPIC,
      { messages: [{ content: [{ source: { type: 'url', url: 'https://a.example/i' } }] }] },
      ['a.example'],
    ],
    [
      'an image in the body',
      ANTHROPIC,
      { messages: [{ content: [{ source: { type: 'base64', data: 'AAAA' } }] }] },
      [],
    ],
    [
      'MCP servers',
      ANTHROPIC,
      { mcp_servers: [{ url: 'https://a.example' }, { url: 'https://b.example:8443/x' }] },
      ['a.example', 'b.example:8443'],
    ],
    [
      'a search at Anthropic',
      ANTHROPIC,
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      ['*'],
    ],
    ['a fetch at Anthropic', ANTHROPIC, { tools: [{ type: 'web_fetch_20250910' }] }, ['*']],
    [
      'in a batch',
      `${ANTHROPIC}/batches`,
      { requests: [{ params: { mcp_servers: [{ url: 'https://a.example' }] } }] },
      ['a.example'],
    ],
    ['a file of Gemini', GEMINI, file('https://a.example/v.mp4'), ['a.example']],
    [
      'a file in camel case',
      GEMINI,
      { contents: [{ parts: [{ fileData: { fileUri: 'https://a.example/v' } }] }] },
      ['a.example'],
    ],
    ['a file in Cloud Storage', GEMINI, file('gs://bucket/o'), ['storage.googleapis.com']],
    ['a file kept there already', GEMINI, file('files/abc-1'), []],
    [
      'a file at the same host',
      GEMINI,
      file('https://generativelanguage.googleapis.com/v1beta/files/abc'),
      [],
    ],
    ['a search at Google', GEMINI, { tools: [{ google_search: {} }] }, ['*']],
    ['a search in camel case', GEMINI, { tools: [{ googleSearch: {} }] }, ['*']],
    ['a URL context', GEMINI, { tools: [{ urlContext: {} }] }, ['*']],
    [
      'Vertex',
      'europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/g/models/m:generateContent',
      file('s3://b/k'),
      ['s3.amazonaws.com'],
    ],
    [
      'a search of OpenRouter',
      'openrouter.ai/api/v1/chat/completions',
      { plugins: [{ id: 'web' }] },
      ['*'],
    ],
    ['a model online', 'openrouter.ai/api/v1/chat/completions', { model: 'a/b:online' }, ['*']],
    [
      'a document at Mistral',
      'api.eu.mistral.ai/v1/ocr',
      { document: { type: 'document_url', document_url: 'https://a.example/d' } },
      ['a.example'],
    ],
    [
      'a search at xAI',
      'eu-west-1.api.x.ai/v1/chat/completions',
      { search_parameters: { mode: 'on' } },
      ['*'],
    ],
    [
      'a webhook',
      'api.replicate.com/v1/predictions',
      { webhook_url: 'https://a.example/h' },
      ['a.example'],
    ],
    [
      'Azure OpenAI',
      'x.openai.azure.com/openai/deployments/d/chat/completions',
      image('https://a.example/i'),
      ['a.example'],
    ],
    [
      'Bedrock in the words of OpenAI',
      'bedrock-mantle.eu-central-1.api.aws/v1/chat/completions',
      image('https://a.example/i'),
      ['a.example'],
    ],
    ['data in the URL', OPENAI, image('data:image/png;base64,AAAA'), []],
    ['DATA in the URL', OPENAI, image(' DATA:image/png;base64,AAAA'), []],
    ['plain http', OPENAI, image('http://a.example/i'), ['a.example:80']],
    ['another port', OPENAI, image('https://a.example:444/i'), ['a.example:444']],
    ['an address', OPENAI, image('https://192.0.2.1/i'), ['192.0.2.1:443']],
    ['an address in hex', OPENAI, image('https://0xc0000201/i'), ['192.0.2.1:443']],
    ['an IPv6 address', OPENAI, image('https://[2001:db8::1]/i'), ['[2001:db8::1]:443']],
    ['upper case', OPENAI, image('HTTPS://A.EXAMPLE/i'), ['a.example']],
    ['a name in another script', OPENAI, image('https://ä.example/i'), ['xn--4ca.example']],
    [
      'a user that looks like a host',
      OPENAI,
      image('https://api.openai.com@a.example/i'),
      ['a.example'],
    ],
    ['a backslash', OPENAI, image('https:\\\\a.example\\@api.openai.com'), ['*']],
    ['a backslash behind the host', OPENAI, image('https://a.example\\@b.example/i'), ['*']],
    ['two users', OPENAI, image('https://a@a.example@b.example/i'), ['*']],
    ['a query with a user', OPENAI, image('https://a.example?@b.example/i'), ['*']],
    ['a fragment with a user', OPENAI, image('https://a.example#@b.example/i'), ['*']],
    ['one slash', OPENAI, image('https:/a.example/i'), ['*']],
    ['a letter that not all read alike', OPENAI, image('https://faß.example/i'), ['*']],
    ['a space in a path', OPENAI, image('https://a.example/my file?@b'), ['a.example']],
    ['a signed query', OPENAI, image('https://a.example/i?x=a@b&y=%20'), ['a.example']],
    ['a line break', OPENAI, image('https://a.\nexample/i'), ['*']],
    ['another scheme', OPENAI, image('ftp://a.example/i'), ['*']],
    ['no scheme', OPENAI, image('a.example/i'), ['*']],
    ['no host', OPENAI, image('https://'), ['*']],
    ['without end', OPENAI, image(`https://a.example/${'x'.repeat(10_000)}`), ['*']],
    ['nothing', OPENAI, image(null), []],
    [
      'the same host twice',
      OPENAI,
      { a: image('https://a.example/1'), b: image('https://a.example/2') },
      ['a.example'],
    ],
    ['a URL in a text', OPENAI, { input: 'see https://a.example/i' }, []],
    ['a link that nobody follows', OPENAI, { metadata: { url: 'https://a.example' } }, []],
    [
      'twice the key: both',
      OPENAI,
      '{"image_url":"https://a.example","image_url":"https://b.example"}',
      ['a.example', 'b.example'],
    ],
    ['a key in another case', OPENAI, '{"Image_URL":"https://a.example"}', ['a.example']],
    ['an escaped key', OPENAI, '{"im\\u0061ge_url":"https://a.example"}', ['a.example']],
    ['an escaped URL', OPENAI, '{"image_url":"https:\\/\\/a.example"}', ['a.example']],
    [
      'a look-alike of an API',
      'api.openai.com.evil.example/v1/responses',
      image('https://a.example'),
      [],
    ],
  ])('%s', (_, url, body, expected) => {
    expect(read(url, { body }).onward).toEqual(expected)
  })

  test.each<[string, RequestParts, readonly string[], boolean]>([
    [
      'cut: what was seen, and any',
      { body: '{"image_url":"https://a.example","x":"', complete: false },
      ['a.example', '*'],
      true,
    ],
    ['compressed', { body: {}, encoding: 'gzip' }, ['*'], true],
    ['not peeked', { method: 'POST' }, ['*'], true],
    ['garbage', { body: '{"a"' }, ['*'], true],
    ['nothing sent', { body: '' }, [], false],
    ['a form', { body: '--x\r\n', type: 'multipart/form-data; boundary=x' }, [], false],
    ['sound', { body: Buffer.from('RIFF....WAVE'), type: 'audio/wav' }, [], false],
    [
      'JSON that says it is sound',
      { body: image('https://a.example'), type: 'audio/wav' },
      ['a.example'],
      false,
    ],
    ['reading', {}, [], false],
  ])('%s', (_, parts, expected, unread) => {
    const found = read(OPENAI, parts)
    expect(found.onward).toEqual(expected)
    expect(found.unread).toBe(unread)
  })

  test('more than 64 hosts are any host', () => {
    const urls = Array.from({ length: 70 }, (_, i) => ({ image_url: `https://h${i}.example` }))
    const { onward } = read(OPENAI, { body: urls })
    expect(onward).toHaveLength(65)
    expect(onward.at(-1)).toBe('*')
  })
})

test('no text of a body gets into the evidence', () => {
  const secret = 'my secret, 4711'
  const texts = [
    read(ANTHROPIC, { body: { inference_geo: secret } }),
    read('bedrock-mantle.eu-west-1.api.aws/v1/responses', { body: { model: `${secret}.x` } }),
    read('management.azure.com/a/b', { method: 'PUT', body: { location: secret } }),
    read('aiplatform.googleapis.com/v1/projects/p/locations/my%20secret,%204711/x'),
    read('s3.amazonaws.com/b/k', { headers: { authorization: signed('SECRETACCESSKEY') } }),
  ]
  expect(texts.every(({ evidence }) => !/secret/i.test(JSON.stringify(evidence)))).toBe(true)
})
