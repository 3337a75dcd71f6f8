/** Keys of the vendors of models. */

import type { Recognizer } from './recognizer.ts'
import {
  ALNUM,
  BASE64URL,
  HEX,
  isMixed,
  isRandom,
  prefix,
  run,
  secret,
  sequence,
} from './secret.ts'

const INFIX = Buffer.from('T3BlbkFJ')

/** All keys of OpenAI have the same eight characters in the middle. */
function hasInfix(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at + INFIX.length <= end; at++) {
    let same = 0
    while (same < INFIX.length && bytes[at + same] === INFIX[same]) same++
    if (same === INFIX.length) return isRandom(bytes, start, end)
  }
  return false
}

export const AI_SECRETS: readonly Recognizer[] = [
  secret('openai-key', 'openai, api key, apikey, key, token, secret, bearer', 'prefix, infix', [
    prefix(['sk-'], BASE64URL, 40, 220, hasInfix),
    prefix(['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-None-'], BASE64URL, 20, 200),
    // Made for those who speak the same protocol: no infix.
    prefix(['sk-'], ALNUM, 32, 64, (bytes, start, end) => isMixed(bytes, start + 3, end)),
    prefix(['sk-'], HEX, 32, 32),
    { ...prefix(['sk-'], ALNUM, 20, 64), readiness: 'context' },
  ]),
  secret('anthropic-key', 'anthropic, claude', 'prefix, length', [
    prefix(
      ['sk-ant-api03-', 'sk-ant-admin01-', 'sk-ant-oat01-', 'sk-ant-sid01-'],
      BASE64URL,
      80,
      120,
    ),
    prefix(['sk-ant-'], BASE64URL, 20, 140),
  ]),
  secret('huggingface-token', 'huggingface, hf', 'prefix, length', [
    prefix(['hf_', 'api_org_'], ALNUM, 34),
  ]),
  secret('groq-key', 'groq', 'prefix, length', [prefix(['gsk_'], ALNUM, 48, 56)]),
  secret('perplexity-key', 'perplexity', 'prefix, length', [prefix(['pplx-'], ALNUM, 40, 56)]),
  secret('xai-key', 'xai, grok', 'prefix, length', [prefix(['xai-'], ALNUM, 70, 90)]),
  secret('replicate-token', 'replicate', 'prefix, length', [prefix(['r8_'], ALNUM, 37)]),
  secret('openrouter-key', 'openrouter', 'prefix, length', [prefix(['sk-or-v1-'], HEX, 64)]),
  secret(
    'fireworks-key',
    'fireworks',
    'prefix, length',
    [prefix(['fw_'], ALNUM, 20, 28)],
    'context',
  ),
  secret('cerebras-key', 'cerebras', 'prefix, length', [prefix(['csk-'], ALNUM, 40, 56)]),
  secret('nvidia-key', 'nvidia, nim', 'prefix, length', [prefix(['nvapi-'], BASE64URL, 60, 70)]),
  secret('langsmith-key', 'langchain, langsmith', 'prefix, groups', [
    sequence('lsv2_pt_', '_', [run(HEX, 32), run(HEX, 10)]),
    sequence('lsv2_sk_', '_', [run(HEX, 32), run(HEX, 10)]),
  ]),
  secret('langfuse-key', 'langfuse', 'prefix, length', [prefix(['sk-lf-'], 'a-f0-9-', 36)]),
  secret('pinecone-key', 'pinecone', 'prefix, length', [
    sequence('pcsk_', '_', [run(ALNUM, 5, 8), run(ALNUM, 60, 70)]),
  ]),
  secret('tavily-key', 'tavily', 'prefix, length', [
    prefix(['tvly-dev-', 'tvly-prod-', 'tvly-'], ALNUM, 30, 40),
  ]),
  secret('together-key', 'together', 'prefix, length', [prefix(['tgp_v1_'], BASE64URL, 43)]),
  secret('voyage-key', 'voyage', 'prefix, length', [
    prefix(['pa-'], BASE64URL, 43, 43, (bytes, _start, end) => isMixed(bytes, end - 43, end)),
  ]),
  secret('jina-key', 'jina', 'prefix, length', [prefix(['jina_'], BASE64URL, 60, 66)]),
  secret('llamacloud-key', 'llamacloud, llamaindex', 'prefix, length', [
    prefix(['llx-'], ALNUM, 48, 60),
  ]),
  secret('firecrawl-key', 'firecrawl', 'prefix, length', [prefix(['fc-'], HEX, 32)]),
  secret('browserbase-key', 'browserbase', 'prefix, length', [
    prefix(['bb_live_', 'bb_test_'], BASE64URL, 27, 40),
  ]),
  secret('e2b-key', 'sandbox key', 'prefix, length', [prefix(['e2b_'], HEX, 40)]),
  secret('wandb-key', 'wandb', 'prefix, length', [prefix(['wandb_v1_'], 'A-Za-z0-9_', 60, 100)]),
  secret('runpod-key', 'runpod', 'prefix, length', [prefix(['rpa_'], ALNUM, 40, 50)]),
  secret('helicone-key', 'helicone', 'prefix, length', [
    prefix(['sk-helicone-'], 'a-z0-9-', 24, 50),
  ]),
  secret('anyscale-key', 'anyscale', 'prefix, length', [prefix(['esecret_'], 'a-z0-9', 26, 48)]),
  secret('cursor-key', 'cursor', 'prefix, length', [
    prefix(['key_'], HEX, 64),
    prefix(['crsr_'], ALNUM, 60, 80),
  ]),
  secret('runway-key', 'runway', 'prefix, length', [prefix(['key_'], HEX, 128)]),
  secret('elevenlabs-key', 'elevenlabs', 'prefix, length', [prefix(['sk_'], HEX, 48)]),
]
