import type { Client } from '@temporalio/client';
import { isUsableJobId } from '../../contract/job-id.js';
import { defaultOutputKey } from '../../contract/output-key.js';
import type { GenerateVideoInput } from '../../contract/types.js';
import { usageError } from '../errors.js';
import type { ExitCode } from '../exit-codes.js';
import type { RunFlags } from '../run-flags.js';
import { checkId, checkInput, runOptions } from '../run-input.js';
import { findRun, inputOf, type RunRecord } from '../run-record.js';
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
    id: flags.id ?? (await nextId(session, base, input.output)),
    input,
  }));
}

/**
 * A run that goes on or went well is shown again; after one that failed or was cancelled, whose video is gone, or that was
 * to save it under another key than is asked for now, the job can be adopted anew.
 */
async function nextId({ connection, config }: RunSession, base: string, output: string | undefined): Promise<string> {
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base}-${number}`;
    const run = await findRun(connection.temporal, id);
    if (run === null || run.isRunning) return id;
    if (run.state !== 'succeeded' || (await goesElsewhere(connection.temporal, run, output))) continue;
    const status = await connection.longtake.handle(id).status();
    if ((await lostVideos(status, { ...config, local: false })) === null) return id;
  }
}

async function goesElsewhere(temporal: Client, run: RunRecord, output: string | undefined): Promise<boolean> {
  const before = output === undefined ? null : await inputOf(temporal, run);
  return before !== null && (before.output ?? defaultOutputKey(run.id)) !== output;
}
