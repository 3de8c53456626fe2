import { outputsOf, statusOf, type Job, type JobStatus } from './job.js';

/** The API's job object; absent fields are left out, as the API does. */
export interface JobAnswer {
  readonly id: string;
  readonly generation_id: string;
  readonly polling_url: string;
  readonly status: JobStatus;
  readonly model: string;
  readonly unsigned_urls?: readonly string[];
  readonly usage?: { readonly cost: number | null; readonly is_byok: boolean };
  readonly error?: string | { readonly code: number; readonly message: string } | null;
}

/** What a poll at `nowMs` is told. */
export function describeJob(job: Job, nowMs: number, baseUrl: string): JobAnswer {
  const status = statusOf(job, nowMs);
  const address = `${baseUrl}/videos/${job.id}`;
  const known = { id: job.id, generation_id: job.generationId, polling_url: address, status, model: job.model };
  if (status === 'pending' || status === 'in_progress') return known;
  if (status !== 'completed') return { ...known, ...FAILED_ENDINGS[status] };
  return {
    ...known,
    unsigned_urls: Array.from({ length: outputsOf(job) }, (_, index) => `${address}/content?index=${index}`),
    usage: { cost: job.costUsd, is_byok: false },
  };
}

/** The real API words `error` and `usage` in several ways; these are all of them. */
const FAILED_ENDINGS: Readonly<
  Record<Exclude<JobStatus, 'pending' | 'in_progress' | 'completed'>, Partial<JobAnswer>>
> = {
  failed: {
    error: 'The simulated generation failed, as this trial model always does.',
    usage: { cost: 0, is_byok: false },
  },
  dead: { error: { code: 500, message: 'The simulated job died, as this trial model always does.' } },
  cancelled: { error: null },
  expired: {
    error: 'The simulated job expired, as this trial model always does.',
    usage: { cost: null, is_byok: false },
  },
};
