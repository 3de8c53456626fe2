import { isUsableJobId } from '../../contract/job-id.js';
import type { GenerateVideoInput } from '../../contract/types.js';
import { usageError } from '../errors.js';
import type { ExitCode } from '../exit-codes.js';
import type { RunFlags } from '../run-flags.js';
import { checkId, checkInput, runOptions } from '../run-input.js';
import { findRun } from '../run-record.js';
import type { RunSession } from '../run-session.js';
import { runVideo } from '../run-video.js';
import { lostVideos } from '../saved-files.js';

export async function adopt(jobId: string, flags: RunFlags): Promise<ExitCode> {
  if (!isUsableJobId(jobId)) throw usageError('JOB_ID must be a job id as the provider gave it.');
  const input: GenerateVideoInput = { jobId, ...runOptions(flags) };
  checkInput(input, flags);
  const base = flags.id ?? `adopt-${jobId}`;
  checkId(base, input.output);
  return await runVideo(flags, async (session) => ({
    id: flags.id ?? (await nextId(session, base)),
    input,
  }));
}

/** A run that goes on or went well is shown again; after one that failed or was cancelled, or whose video is gone, the job can be adopted anew. */
async function nextId({ connection, config }: RunSession, base: string): Promise<string> {
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base}-${number}`;
    const run = await findRun(connection.temporal, id);
    if (run === null || run.isRunning) return id;
    if (run.state !== 'succeeded') continue;
    const status = await connection.longtake.handle(id).status();
    if ((await lostVideos(status, { ...config, local: false })) === null) return id;
  }
}
