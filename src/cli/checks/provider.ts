import { randomUUID } from 'node:crypto';
import type { Config } from '../../config.js';
import { createOpenRouter } from '../../openrouter/client.js';
import type { Denied, OpenRouter, PollAnswer, Trouble } from '../../openrouter/answers.js';
import type { Finding } from './finding.js';

/** Whether OpenRouter answers and takes the key. Two reads: nothing is spent. */
export async function checkProvider({ openRouter: { apiKey, baseUrl } }: Config): Promise<Finding[]> {
  if (apiKey === null) {
    return [
      {
        status: 'fail',
        subject: 'key',
        text: 'OPENROUTER_API_KEY is not set. Without it only --local and dev work, with the simulator.',
      },
    ];
  }
  const client = createOpenRouter({ baseUrl, apiKey });
  try {
    const provider = await checkModels(client, baseUrl);
    return provider.status === 'ok' ? [provider, await checkKey(client)] : [provider];
  } finally {
    await client.close();
  }
}

async function checkModels(client: OpenRouter, baseUrl: string): Promise<Finding> {
  const answer = await client.models();
  const subject = 'provider';
  if (answer.outcome === 'models')
    return { status: 'ok', subject, text: `${baseUrl} (${answer.models.length} models)` };
  return { status: 'fail', subject, text: `${baseUrl}: ${answer.message}${hintFor(answer)}` };
}

/** The model list is public, so it proves nothing about the key; asking for a job that cannot exist does. */
async function checkKey(client: OpenRouter): Promise<Finding> {
  const subject = 'key';
  const answer: PollAnswer = await client.poll(`longtake-doctor-${randomUUID()}`);
  if (answer.outcome === 'missing' || answer.outcome === 'job') return { status: 'ok', subject, text: 'accepted' };
  if (answer.outcome === 'denied') {
    return { status: 'fail', subject, text: `refused: ${answer.message}` };
  }
  return { status: 'note', subject, text: `could not be tried: ${answer.message}${hintFor(answer)}` };
}

function hintFor(answer: Denied | Trouble): string {
  const { httpStatus } = answer;
  if (answer.outcome === 'denied' || httpStatus === 402) return ''; // the message itself says what to do about the key
  if (httpStatus === 429) return ' Too many requests: wait a minute, then look again.';
  if (httpStatus !== null && httpStatus >= 500) return ' The provider is in trouble: runs wait, and so can you.';
  return ' Is OPENROUTER_BASE_URL right?';
}
