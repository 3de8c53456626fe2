import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { packageVersion } from '../../src/package-version.js';

const ON = { LONGTAKE_WORKER_VERSIONING: 'on' };

describe('the version that a worker is to Temporal', () => {
  it('is none unless it was asked for', () => {
    const names = { TEMPORAL_DEPLOYMENT_NAME: 'videos', TEMPORAL_WORKER_BUILD_ID: '1' };
    for (const given of [{}, names, { ...names, LONGTAKE_WORKER_VERSIONING: 'off' }]) {
      expect(loadConfig(given).workerVersion).toBeNull();
    }
  });

  it('is the release, of a deployment that has the name of the task queue', () => {
    expect(loadConfig(ON).workerVersion).toEqual({ deploymentName: 'longtake', buildId: packageVersion() });
    expect(loadConfig({ ...ON, LONGTAKE_TASK_QUEUE: 'staging' }).workerVersion?.deploymentName).toBe('staging');
  });

  it('has the names that it is given', () => {
    const names = { TEMPORAL_DEPLOYMENT_NAME: 'team/videos', TEMPORAL_WORKER_BUILD_ID: '0.2.0-3f2a:b' };
    expect(loadConfig({ ...ON, ...names }).workerVersion).toEqual({
      deploymentName: 'team/videos',
      buildId: '0.2.0-3f2a:b',
    });
  });

  it.each([
    [{ LONGTAKE_WORKER_VERSIONING: 'perhaps' }, 'LONGTAKE_WORKER_VERSIONING must be on or off'],
    [{ ...ON, TEMPORAL_DEPLOYMENT_NAME: 'a.b' }, 'TEMPORAL_DEPLOYMENT_NAME must be at most 200 characters without "."'],
    [{ ...ON, TEMPORAL_WORKER_BUILD_ID: '__1' }, 'TEMPORAL_WORKER_BUILD_ID must be one word'],
    [{ ...ON, LONGTAKE_TASK_QUEUE: 'a:b' }, 'the task queue a:b cannot name a deployment as well; set TEMPORAL_DEPLOY'],
  ])('is refused where the server would refuse it: %j', (given, words) => {
    expect(() => loadConfig(given)).toThrow(words);
  });

  it('leaves a task queue alone that names no deployment, without versioning', () => {
    expect(loadConfig({ LONGTAKE_TASK_QUEUE: 'a.b' }).taskQueue).toBe('a.b');
  });
});
