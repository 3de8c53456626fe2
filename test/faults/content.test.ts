import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { startS3Server, type S3Server } from '../support/s3-server.js';
import { newBucket, newDirectory, type StoragePlace } from '../support/storage-place.js';
import { CONTENT_FAULTS } from './content-faults.js';
import { startFaultRuns, type FaultRuns } from './fault-runs.js';
import { MP4_FAULTS } from './mp4-faults.js';

/**
 * Everything that can be wrong with the content of a finished job, each in a run of its own, all at once. A sender of one
 * byte a second is given up after a minute.
 */

const FAULTS = { ...CONTENT_FAULTS, ...MP4_FAULTS };
const QUICK_FAULTS = Object.fromEntries(Object.entries(FAULTS).filter(([name]) => name !== 'one byte a second'));

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});

describe.each<[string, typeof QUICK_FAULTS, () => Promise<StoragePlace>]>([
  ['a directory', FAULTS, newDirectory],
  ['S3', QUICK_FAULTS, () => newBucket(server)],
])(
  'content that goes wrong on its way into %s ends as it should, one POST, nothing unfinished',
  (_name, faults, newPlace) => {
    let runs: FaultRuns;

    beforeAll(async () => {
      runs = await startFaultRuns(faults, await newPlace(), {
        LONGTAKE_MAX_VIDEO_BYTES: '1000000',
        LONGTAKE_MAX_CONCURRENT_DOWNLOADS: '100',
      });
    });
    afterAll(async () => {
      await runs.close();
    });

    it.each(Object.keys(faults))('%s', async (name) => {
      await runs.expectEnd(name);
    });
  },
);
