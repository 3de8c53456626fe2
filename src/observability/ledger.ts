import type { MetricMeter } from '@temporalio/common';
import type { InjectedSinks } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import Big from 'big.js';
import type { Logger } from 'pino';
import type { LedgerEntry, LedgerSinks, PollOutcome } from '../workflows/ledger.js';
import type { SubmitOutcome } from '../workflows/submits.js';
import { FAILURES } from '../contract/failures.js';
import { BoundedMap } from './bounded-map.js';
import { traceRun } from './trace-work.js';
import type { Tracing } from './tracing.js';

type LedgerLogger = Pick<Logger, 'info' | 'warn'>;

/**
 * The worker's side of the ledger: one log record at every end of a run, and the metrics. A record is written before the
 * run closes, so none is lost; a workflow task that is run again repeats it, and the same record is then dropped. See
 * docs/decisions/0012-ledger.md.
 */
export function createLedger(
  logger: LedgerLogger,
  meter: MetricMeter,
  tracing: Tracing | null,
): InjectedSinks<LedgerSinks> {
  const books = booksOf(meter);
  return {
    ledger: {
      submitted: {
        fn: ({ runId }, number, outcome) => {
          books.submitted(runId, number, outcome);
        },
      },
      polled: {
        fn: (_info, outcome, lagMs) => {
          books.polled(outcome, lagMs);
        },
      },
      ended: {
        fn: (info, entry) => {
          if (!books.ended(info.runId, entry)) return;
          write(logger, info, entry);
          if (tracing !== null) traceRun(tracing, info, entry);
        },
      },
    },
  };
}

function write(
  logger: LedgerLogger,
  { workflowId, runId, firstExecutionRunId }: WorkflowInfo,
  entry: LedgerEntry,
): void {
  const { jobId, costUsd, estimatedCostUsd } = entry;
  const record = {
    ...{ workflowId, runId, ...(jobId === null ? {} : { jobId }) },
    ledger: { workflowId, runId, firstRunId: firstExecutionRunId, ...entry },
  };
  if (costUsd === null || estimatedCostUsd === null || costUsd <= estimatedCostUsd) logger.info(record, 'run ended');
  else logger.warn(record, 'run ended, and the bill is above the estimate');
}

/** What one process has counted. Metrics belong to the process, however many workers it has. */
interface Books {
  submitted(runId: string, number: number, outcome: string): void;
  polled(outcome: PollOutcome, lagMs: number): void;
  /** `false`: this very record was there before. */
  ended(runId: string, entry: LedgerEntry): boolean;
}

const allBooks = new WeakMap<MetricMeter, Books>();

function booksOf(meter: MetricMeter): Books {
  const existing = allBooks.get(meter);
  if (existing !== undefined) return existing;
  const books = openBooks(meter);
  allBooks.set(meter, books);
  return books;
}

const SUBMIT_OUTCOMES = [
  'accepted',
  'refused',
  'unavailable',
  'unknown',
  'not_sent',
] as const satisfies readonly SubmitOutcome[];
const POLL_OUTCOMES = ['job', 'missing', 'denied', 'trouble'] as const satisfies readonly PollOutcome[];

/** Far more than can be under way at once. */
const REMEMBERED = 10_000;

function openBooks(meter: MetricMeter): Books {
  const submits = meter.createCounter('longtake_submits_total', undefined, 'Submits by what became of them.');
  const runs = meter.createCounter('longtake_runs_total', undefined, 'Runs by how they ended.');
  // A gauge, because the SDK's counters take whole numbers only; it never falls.
  const cost = meter.createGauge(
    'longtake_cost_usd_total',
    'float',
    undefined,
    'What the provider billed, in US dollars.',
  );
  const polls = meter.createCounter('longtake_polls_total', undefined, 'Polls by what the provider answered.');
  const seconds = (name: string, what: string) => meter.createHistogram(name, 'float', undefined, what);
  const pollLag = seconds('longtake_poll_lag_seconds', 'How much later than planned polls were made.');
  const timeToVideo = seconds('longtake_time_to_video_seconds', 'From the accepted submit to the saved video.');
  // What is not there before the first time does not count as a rise from zero, and the first time is what matters.
  for (const outcome of SUBMIT_OUTCOMES) submits.add(0, { outcome });
  for (const outcome of POLL_OUTCOMES) polls.add(0, { outcome });
  for (const end of ['succeeded', 'cancelled', ...Object.keys(FAILURES)]) runs.add(0, { end });
  const submitted = new BoundedMap<string, true>(REMEMBERED);
  const ended = new BoundedMap<string, string>(REMEMBERED);
  const paid = new BoundedMap<string, true>(REMEMBERED);
  const totals = new Map<string, Big>();

  function pay(job: string, { model, costUsd }: LedgerEntry): void {
    if (costUsd === null || paid.get(job) === true) return;
    paid.set(job, true);
    const label = model ?? 'unknown';
    const total = (totals.get(label) ?? new Big(0)).plus(costUsd);
    totals.set(label, total);
    cost.set(total.toNumber(), { model: label });
  }

  function took({ end, model, submittedAt, completedAt }: LedgerEntry): void {
    if (end !== 'succeeded' || submittedAt === null || completedAt === null) return;
    const elapsedMs = Date.parse(completedAt) - Date.parse(submittedAt);
    timeToVideo.record(elapsedMs / 1000, { model: model ?? 'unknown' });
  }

  return {
    submitted(runId, number, outcome) {
      const key = `${runId}/${number}`;
      if (submitted.get(key) === true) return;
      submitted.set(key, true);
      submits.add(1, { outcome });
    },
    polled(outcome, lagMs) {
      polls.add(1, { outcome });
      pollLag.record(lagMs / 1000);
    },
    ended(runId, entry) {
      const before = ended.get(runId);
      const what = JSON.stringify({ ...entry, completedAt: null }); // the one thing that another try changes
      if (before === what) return false;
      ended.set(runId, what);
      if (before === undefined) {
        runs.add(1, { end: entry.end });
        took(entry);
      }
      pay(entry.jobId ?? runId, entry);
      return true;
    },
  };
}
