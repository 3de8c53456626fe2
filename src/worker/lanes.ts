import { Worker, type WorkerOptions } from '@temporalio/worker';
import type { Activities } from '../activities/index.js';
import { downloadTaskQueue } from '../contract/names.js';

/**
 * Which work a process takes: `control` is everything that is short (checks, submits, polls and the runs themselves),
 * `downloads` moves the bytes. Apart, so that downloads, however slow and many, never hold up a submit or a poll.
 */
export const LANES = ['all', 'control', 'downloads'] as const;
export type Lane = (typeof LANES)[number];

export interface LaneOptions {
  /** Of the control lane; the download lane takes the same where it applies. */
  readonly worker: WorkerOptions & { readonly taskQueue: string };
  readonly activities: Activities;
  readonly maxConcurrentDownloads: number;
}

/** The Temporal workers of one process, as one. */
export interface LaneWorkers {
  /** Polls until `shutdown`, or until one of them fails, which ends them all. */
  run(): Promise<void>;
  shutdown(): void;
  /** The first state that is not `RUNNING`, or `RUNNING`. */
  state(): string;
}

/** @throws what Temporal's `Worker.create` throws */
export async function createLaneWorkers(lane: Lane, options: LaneOptions): Promise<LaneWorkers> {
  const workers: Worker[] = [];
  if (lane !== 'downloads') workers.push(await Worker.create(controlLane(options)));
  if (lane !== 'control') workers.push(await Worker.create(downloadLane(options)));
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    async run() {
      const ends = await Promise.allSettled(workers.map((worker) => worker.run().finally(shutdown)));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    shutdown,
    state: () => workers.map((worker) => worker.getState()).find((state) => state !== 'RUNNING') ?? 'RUNNING',
  };
}

/** The workflow says where an activity runs, by its task queue; to have them all here takes nothing from the other lane. */
function controlLane({ worker, activities }: LaneOptions): WorkerOptions {
  return { ...worker, activities };
}

/** Runs no workflow code, so it takes none of what belongs to it. */
function downloadLane({ worker, activities, maxConcurrentDownloads }: LaneOptions): WorkerOptions {
  const { downloadVideo, discardDownload } = activities;
  const lane: WorkerOptions = {
    ...worker,
    taskQueue: downloadTaskQueue(worker.taskQueue),
    activities: { downloadVideo, discardDownload },
    maxConcurrentActivityTaskExecutions: maxConcurrentDownloads,
  };
  delete lane.workflowBundle;
  delete lane.workflowsPath;
  delete lane.workflowTaskPollerBehavior;
  delete lane.sinks;
  return lane;
}
