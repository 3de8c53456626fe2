import type { GenerateVideoInput } from '../contract/types.js';
import { shellWord, statusCommand, waitCommand } from '../contract/commands.js';
import { commandHere } from './command-here.js';
import { CliError, exitCodeOf, isStartInDoubt, isUndecryptable, sentence, usageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { followRun, type FollowRunOptions } from './follow-run.js';
import { inputDifference } from './input-difference.js';
import { Interrupted, untilAborted, watchInterruption, type Interruption } from './interruption.js';
import { print, printJson, say } from './output.js';
import type { RunFlags } from './run-flags.js';
import { findRun, inputOf, pollingTimeoutOf, type RunRecord } from './run-record.js';
import { lostVideos } from './saved-files.js';
import { allRuns, openRunSession, type RunSession } from './run-session.js';

/** A run to start or to come back to. */
export interface ChosenRun {
  readonly id: string;
  /** `null`: there must be such a run already. */
  readonly input: GenerateVideoInput | null;
}

/** The whole of `generate` and `adopt` once the input is known: start, show, wait, tell. */
export async function runVideo(
  flags: RunFlags,
  choose: (session: RunSession) => Promise<ChosenRun> | ChosenRun,
): Promise<ExitCode> {
  if (flags.local === true && flags.detach === true) {
    throw usageError(
      `--local ends together with this command, so --detach has no use. For a worker that stays: ${commandHere('longtake dev')}`,
    );
  }
  const interruption = watchInterruption();
  const session = await openRunSession(flags, interruption);
  try {
    const chosen = paced(session, await interruption.orInterrupted(Promise.resolve(choose(session))));
    nameOthers(session, chosen.id);
    const run = await startOrFind(session, chosen, interruption);
    if (flags.detach === true) return announceDetached(run, flags.json === true);
    const code = await readingIt(session, run.id, () =>
      followRun(session.connection.longtake.handle(run.id), {
        startedAt: run.startedAt,
        pollingTimeout: () => pollingTimeoutOf(session.connection.temporal, run),
        json: flags.json === true,
        interruption,
        reattach: reattachCommand(session, run.id),
        local: localPart(session),
      }),
    );
    if (!interruption.signal.aborted) await nameRemaining(session, run.id);
    return code;
  } finally {
    await session.close();
  }
}

/** The simulator takes seconds, not minutes, and nobody pays for asking it often. */
const SIMULATED_POLLING = { initialInterval: '1s', maximumInterval: '1s' } as const;

function paced({ simulated }: RunSession, { id, input }: ChosenRun): ChosenRun {
  if (!simulated || input === null || input.polling !== undefined) return { id, input };
  return { id, input: { ...input, polling: SIMULATED_POLLING } };
}

function localPart({ stack, embedded, config }: RunSession): FollowRunOptions['local'] {
  if (stack === null) return null;
  return {
    lost: stack.lost,
    startFirst: embedded ? commandHere('longtake dev') : null,
    lostVideos: (saved) => lostVideos(saved, { ...config, local: true }),
  };
}

async function startOrFind(
  session: RunSession,
  { id, input }: ChosenRun,
  interruption: Interruption,
): Promise<RunRecord> {
  const { longtake, temporal } = session.connection;
  const existing = await interruption.orInterrupted(findRun(temporal, id));
  if (existing !== null) {
    await Promise.race([sayExisting(session, existing, input), untilAborted(interruption.signal)]);
    return existing;
  }
  if (input === null)
    throw usageError(`There is no run ${id} here to come back to. To start one, give a prompt as well.`);
  const start = interruption.orInterrupted(longtake.start(input, { id }));
  await start.catch((error: unknown) => startInDoubt(session, id, error));
  const found = readingIt(session, id, () => findRun(temporal, id));
  const started = await interruption.orInterrupted(found).catch((error: unknown) => startedUnseen(session, id, error));
  if (started === null) throw new Error(`The run ${id} was started and is gone.`);
  announce(session, id);
  return started;
}

/** Whoever gives the same line again, with an id made anew, would pay for a second run. */
function startInDoubt(session: RunSession, id: string, error: unknown): never {
  const isInterrupted = error instanceof Interrupted;
  if (!isInterrupted && !isStartInDoubt(error)) throw error;
  const what = isInterrupted
    ? `Interrupted before Temporal confirmed the start. Run ${id} may have been started all the same.`
    : error.message;
  const see = session.stack === null ? commandHere(statusCommand(id)) : localCommand(id);
  const told = `${what}\nTo come back to it, or to start it if it is not there: the same line with ${idFlag(id)}. To see whether it runs: ${see}`;
  throw new CliError(exitCodeOf(error), told, { cause: error });
}

function startedUnseen(session: RunSession, id: string, error: unknown): never {
  if (error instanceof CliError && !(error instanceof Interrupted)) throw error;
  const what = error instanceof Interrupted ? 'Interrupted.' : sentence(error);
  const told = `${what}\nRun ${id} was started and goes on. To come back to it: ${reattachCommand(session, id)}`;
  throw new CliError(exitCodeOf(error), told, { cause: error });
}

/** The run is there, and may be paid for: that it cannot be read here must not look as if nothing had been started. */
async function readingIt<T>(session: RunSession, id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUndecryptable(error)) throw error;
    const told = `Run ${id} was started and goes on, but it cannot be read here. ${error.message} Then: ${reattachCommand(session, id)}`;
    throw new CliError(EXIT.failed, told, { cause: error });
  }
}

async function sayExisting(session: RunSession, run: RunRecord, input: GenerateVideoInput | null): Promise<void> {
  const before = input === null ? null : await inputOf(session.connection.temporal, run);
  const difference = before === null || input === null ? null : inputDifference(before, input);
  const what = run.isRunning ? 'following it.' : 'this is how it ended.';
  say(`run ${run.id} exists already: ${what}${hintOf(run, input, difference)}`);
  if (run.isRunning) announce(session, run.id);
}

/** What the same id again does not do, and how to have it done. */
function hintOf(run: RunRecord, input: GenerateVideoInput | null, difference: string | null): string {
  const startedWith = difference === null ? null : ` It was started with ${difference}`;
  if (input?.jobId !== undefined && !run.isRunning) {
    const what = startedWith === null ? '' : `${startedWith}.`;
    return `${what} Nothing is fetched now: to fetch the video of job ${input.jobId} again, choose another --id.`;
  }
  return startedWith === null ? '' : `${startedWith}; for a new video choose another --id.`;
}

function announce({ stack, config }: RunSession, id: string): void {
  say(`run ${id}`);
  const uiUrl = stack?.uiUrl ?? null;
  if (uiUrl === null) return;
  say(`    ${uiUrl}/namespaces/${config.temporal.namespace}/workflows/${encodeURIComponent(id)}`);
}

function announceDetached({ id, runId }: RunRecord, json: boolean): ExitCode {
  if (json) printJson({ id, runId });
  else {
    print(id);
    say(`To follow it: ${commandHere(waitCommand(id))}`);
  }
  return EXIT.done;
}

function nameOthers({ unfinished }: RunSession, id: string): void {
  for (const other of unfinished) {
    if (other.id !== id) say(`also going on: ${other.id} (${other.state ?? '?'})`);
  }
}

/** What became of the other runs of this folder. Those that go on are kept; nobody is made to wait for them. */
async function nameRemaining({ embedded, connection, config, unfinished }: RunSession, id: string): Promise<void> {
  if (!embedded) return;
  const wentOn = new Set(unfinished.map(({ runId }) => runId));
  for (const other of await allRuns(connection, config)) {
    if (other.id === id) continue;
    const state = other.state ?? '?';
    if (state === 'awaiting_decision') {
      say(
        `waits for your decision: ${other.id}. To see the question and the answers there are: ${localCommand(other.id)}`,
      );
    } else if (other.closedAt === null) say(`not finished, goes on at the next --local: ${other.id} (${state})`);
    else if (wentOn.has(other.runId))
      say(`ended meanwhile: ${other.id} (${state}). To see how: ${localCommand(other.id)}`);
  }
}

function reattachCommand({ stack }: RunSession, id: string): string {
  if (stack === null) return commandHere(waitCommand(id));
  return localCommand(id);
}

function localCommand(id: string): string {
  return commandHere(`longtake generate --local ${idFlag(id)}`);
}

function idFlag(id: string): string {
  return `${id.startsWith('-') ? '--id=' : '--id '}${shellWord(id)}`;
}
