import { createCancelRun } from './cancel-run.js';
import { createCheckRequest } from './check-request.js';
import type { ActivityDeps } from './deps.js';
import { createDiscardDownload, createDownloadVideo } from './download-video.js';
import { createEarlierJobs } from './earlier-jobs.js';
import { createInspectJob, createPollVideo } from './poll-video.js';
import { createSubmitVideo } from './submit-video.js';

export { ModelCatalog } from './model-catalog.js';

/** Every activity, given its dependencies. The names are in running histories: add, never rename. */
export function createActivities(deps: ActivityDeps) {
  return {
    checkRequest: createCheckRequest(deps),
    submitVideo: createSubmitVideo(deps),
    pollVideo: createPollVideo(deps),
    inspectJob: createInspectJob(deps),
    earlierJobs: createEarlierJobs(deps),
    downloadVideo: createDownloadVideo(deps),
    discardDownload: createDiscardDownload(deps),
    cancelRun: createCancelRun(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
