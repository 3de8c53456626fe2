import type { CallOptions, PollAnswer } from './answers.js';
import { trouble } from './error-answer.js';
import { parseJob } from './job.js';
import { readJson } from './json-read.js';
import type { Provider } from './provider.js';

/** `GET /videos/{id}`, once. */
export async function pollVideo(provider: Provider, jobId: string, { signal }: CallOptions): Promise<PollAnswer> {
  const target = provider.urls.job(jobId);
  const answer = await readJson(provider, target, { answerMs: provider.limits.pollAnswerMs, signal });
  if (answer.outcome !== 'json') return answer;
  const { value, retryAfterMs } = answer;
  const job = parseJob(value, provider.quote);
  const unusable = (what: string): PollAnswer => trouble(200, `OpenRouter answered with ${what}.`, retryAfterMs);
  if (job === null) return unusable('no job');
  if (job.id !== jobId) return unusable('another job than the one asked for');
  if (job.status === null) return unusable('a job that has no status');
  return { outcome: 'job', job: { ...job, status: job.status }, retryAfterMs };
}
