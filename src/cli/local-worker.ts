import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { installRuntime } from '../observability/temporal-logs.js';
import { createWorker, type LongtakeWorker } from '../worker/index.js';

/** How a worker behaves that comes and goes with a command. */
const SHORT_LIVED = {
  // Downloads are taken up again anyway; a submit's answer is waited for however long it takes.
  shutdownGraceTime: '500ms',
  // Runs of a worker that was killed wait this long for it before another one may take them up.
  stickyQueueScheduleToStartTimeout: '1s',
} as const;

/** Once a process: Temporal's core takes one logger. */
export async function createLocalWorker(config: Config, logger: Logger): Promise<LongtakeWorker> {
  installRuntime({ logger, metricsAddress: config.metricsAddress });
  return await createWorker({ config, logger, temporal: SHORT_LIVED });
}
