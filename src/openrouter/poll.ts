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
  const job = parseJob(answer.value, provider.quote);
  if (job === null) return trouble(200, 'OpenRouter answered with no job.');
  if (job.id !== jobId) return trouble(200, 'OpenRouter answered with another job than the one asked for.');
  if (job.status === null) return trouble(200, 'OpenRouter answered with a job that has no status.');
  return { outcome: 'job', job: { ...job, status: job.status } };
}
