import type { MetricMeter } from '@temporalio/common';
import type { InjectedSinks } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import Big from 'big.js';
import type { Logger } from 'pino';
import type { LedgerEntry, LedgerSinks } from '../workflows/ledger.js';
import { BoundedMap } from './bounded-map.js';

type LedgerLogger = Pick<Logger, 'info' | 'warn'>;

/**
 * The worker's side of the ledger: one log record at every end of a run, and the metrics. A record is written before the
 * run closes, so none is lost; a workflow task that is run again repeats it, and the same record is then dropped. See
 * docs/decisions/0012-ledger.md.
 */
export function createLedger(logger: LedgerLogger, meter: MetricMeter): InjectedSinks<LedgerSinks> {
  const books = booksOf(meter);
  return {
    ledger: {
      submitted: {
        fn: ({ runId }, number, outcome) => {
          books.submitted(runId, number, outcome);
        },
      },
      ended: {
        fn: (info, entry) => {
          if (books.ended(info.runId, entry)) write(logger, info, entry);
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
  const record = { ledger: { workflowId, runId, firstRunId: firstExecutionRunId, ...entry } };
  const { costUsd, estimatedCostUsd } = entry;
  if (costUsd === null || estimatedCostUsd === null || costUsd <= estimatedCostUsd) logger.info(record, 'run ended');
  else logger.warn(record, 'run ended, and the bill is above the estimate');
}

/** What one process has counted. Metrics belong to the process, however many workers it has. */
interface Books {
  submitted(runId: string, number: number, outcome: string): void;
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

  return {
    submitted(runId, number, outcome) {
      const key = `${runId}/${number}`;
      if (submitted.get(key) === true) return;
      submitted.set(key, true);
      submits.add(1, { outcome });
    },
    ended(runId, entry) {
      const before = ended.get(runId);
      const what = JSON.stringify({ ...entry, completedAt: null }); // the one thing that another try changes
      if (before === what) return false;
      ended.set(runId, what);
      if (before === undefined) runs.add(1, { end: entry.end });
      pay(entry.jobId ?? runId, entry);
      return true;
    },
  };
}
