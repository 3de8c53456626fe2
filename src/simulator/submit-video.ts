import { HttpError } from './http-error.js';
import { readBody, sendJson, type Exchange } from './http-exchange.js';
import { describeJob } from './job-answer.js';
import { newId } from './job-id.js';
import type { Job } from './job.js';
import { priceUsd } from './price.js';
import type { Provider } from './provider.js';
import { settingsOf } from './settings.js';
import { trialOf } from './trial-models.js';
import { checkRequest, type CheckedRequest, type VideoRequest } from './video-request.js';
import { dollars } from '../contract/dollars.js';

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const RETRY_AFTER_SECONDS = 2;

/** `POST /videos`. The job is in the journal before its answer is on the wire. */
export async function submitVideo(provider: Provider, { request: message, response }: Exchange): Promise<string> {
  const checked = checkRequest(await readBody(message, MAX_BODY_BYTES));
  refuseOnTrial(provider, checked.request);
  const job = acceptJob(provider, checked);
  const accepted = `POST /videos ${job.model} → ${job.id} (${job.costUsd === null ? 'no price' : dollars(job.costUsd)})`;
  if (trialOf(job.model).submit === 'answer-lost') {
    message.socket.destroy();
    return `${accepted}, answer lost on purpose; go on with: longtake resolve ID --adopt ${job.id}`;
  }
  const { id, generation_id, polling_url } = describeJob(job, Date.parse(job.createdAt), provider.baseUrl);
  sendJson(response, 202, { id, generation_id, polling_url, status: 'pending' });
  return accepted;
}

function acceptJob(provider: Provider, { sent, request, model }: CheckedRequest): Job {
  const nowMs = Date.now();
  const settings = settingsOf(request, model);
  const job: Job = {
    id: newId('gen-vid', nowMs),
    generationId: newId('gen', nowMs),
    model: model.id,
    request: sent,
    createdAt: new Date(nowMs).toISOString(),
    generationMs: trialOf(model.id).generationMs ?? provider.generationMs,
    costUsd: priceUsd(model, request, settings),
    video: { seconds: settings.seconds, width: settings.width, height: settings.height },
  };
  provider.jobs.add(job);
  provider.webhooks.schedule(job);
  return job;
}

/** @throws HttpError - what the trial model is for */
function refuseOnTrial({ turnedAway }: Provider, { model, prompt }: VideoRequest): void {
  const { submit } = trialOf(model);
  if (submit === 'rejects') throw new HttpError(400, 'The prompt is refused, as this trial model always does.');
  if (submit === 'no-credits') throw new HttpError(402, 'Insufficient credits, as this trial model always says.');
  if (submit !== 'rate-limited-once' || turnedAway.delete(prompt)) return;
  turnedAway.add(prompt);
  throw new HttpError(
    429,
    `Rate limited once, as this trial model does; try again after ${RETRY_AFTER_SECONDS} seconds.`,
    {
      headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
      details: { availability: { code: 'rate_limited', retryable: true, retry_after: RETRY_AFTER_SECONDS } },
    },
  );
}
