import type { RunStatus } from '../../client/index.js';
import { loadConfig, type Config } from '../../config.js';
import { firstWords } from '../../contract/first-words.js';
import type { GenerateVideoInput } from '../../contract/types.js';
import { connected } from '../connect.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { bytes, cancelSuffix, localTime } from '../format.js';
import { print, printJson } from '../output.js';
import { inputOf, knownRun, type RunRecord } from '../run-record.js';
import { costText, describeAsset, sayAnswers } from '../report.js';
import { lookAtVideos } from '../saved-files.js';

export async function status(id: string, { json }: { readonly json?: true | undefined }): Promise<ExitCode> {
  const config = loadConfig();
  const { found, record, input } = await connected(config, async ({ longtake, temporal }) => {
    const record = await knownRun(temporal, id);
    const input = json === true ? null : await inputOf(temporal, record);
    return { found: await longtake.handle(id).status(), record, input };
  });
  if (json === true) printJson(asJson(found));
  else for (const line of card(found, { record, input, saved: await savedTexts(found, config) })) print(line);
  if (json !== true && found.state === 'awaiting_decision') sayAnswers(id);
  return EXIT.done;
}

function asJson({ workflowId, runId, ...rest }: RunStatus): Record<string, unknown> {
  return { id: workflowId, runId, ...rest };
}

/** Where each video was saved, and what has become of it since. */
async function savedTexts({ assets }: RunStatus, config: Config): Promise<string[]> {
  const looks = await lookAtVideos(assets, config);
  return looks.map(({ asset, loss }) => `${describeAsset(asset)}${loss === null ? '' : `, but it ${loss}`}`);
}

interface Surroundings {
  readonly record: RunRecord;
  /** What was asked for, or `null` where it cannot be read. */
  readonly input: GenerateVideoInput | null;
  readonly saved: readonly string[];
}

const PROMPT_CHARACTERS = 80;

function card(run: RunStatus, { record, input, saved }: Surroundings): string[] {
  const request = input?.request;
  const rows: (readonly [string, string | null])[] = [
    ['run', run.workflowId],
    ['model', request?.model ?? null],
    ['prompt', request?.prompt === undefined ? null : firstWords(request.prompt, PROMPT_CHARACTERS)],
    ['state', `${run.state}${cancelSuffix(run)}`],
    ['started', localTime(record.startedAt.toISOString())],
    ['job', run.jobId === null ? null : `${run.jobId}${run.providerStatus === null ? '' : ` (${run.providerStatus})`}`],
    ['polls', run.polls === 0 ? null : String(run.polls)],
    ['next', run.nextPollAt === null ? null : localTime(run.nextPollAt)],
    ['next try', record.nextTryAt === null ? null : localTime(record.nextTryAt.toISOString())],
    ['loaded', transferText(run)],
    ['submitted', run.submittedAt === null ? null : localTime(run.submittedAt)],
    ['ended', run.completedAt === null ? null : localTime(run.completedAt)],
    ['cost', costText(run)],
    ...saved.map((text) => ['saved', text] as const),
    ...run.warnings.map((warning) => ['warning', warning] as const),
    ['problem', run.error === null ? null : `${run.error.type}: ${run.error.message}`],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(9)} ${value}`]));
}

function transferText({ transfer }: RunStatus): string | null {
  if (transfer === null) return null;
  return transfer.totalBytes === null
    ? bytes(transfer.bytes)
    : `${bytes(transfer.bytes)} of ${bytes(transfer.totalBytes)}`;
}
