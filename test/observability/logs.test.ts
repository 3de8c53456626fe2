import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/observability/logger.js';
import { accepted, completed, refusal, video } from '../support/provider.js';
import { API_KEY, startRig, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

vi.setConfig({ testTimeout: 90_000 });

const SECRETS = {
  OPENROUTER_API_KEY: API_KEY,
  OPENROUTER_WEBHOOK_SECRET: 'whsec_new-0123456789, whsec_old-0123456789',
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 's3/secret+0123456789"quoted',
  AWS_SESSION_TOKEN: 'session-token-0123456789',
  LONGTAKE_CODEC_TOKEN: 'codec-token-0123456789',
  LONGTAKE_ENCRYPTION_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
} as const;
/** As they must never be seen. */
const HIDDEN = Object.entries(SECRETS)
  .filter(([name]) => name !== 'AWS_ACCESS_KEY_ID')
  .flatMap(([, value]) => value.split(', '));

type Line = Record<string, unknown>;

describe('a log line', () => {
  const config = loadConfig(SECRETS);

  it.each(['json', 'pretty'] as const)(
    'never holds a secret of the environment, wherever it came from (%s)',
    (format) => {
      const written: string[] = [];
      const destination = { write: (line: string) => void written.push(line) };
      const logger = createLogger({ level: 'info', format, secrets: config.secrets, destination });
      for (const secret of HIDDEN) {
        logger.info({ deep: { inside: [secret] } }, `in the text: ${secret}`);
        logger.error({ err: new Error(`in an error: Bearer ${secret}`) }, 'failed');
        logger.info(`https://host.example/${encodeURIComponent(secret)}/x`);
      }
      const text = written.join('');
      expect(text).toContain('[redacted]');
      for (const secret of HIDDEN) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(text).not.toContain(encodeURIComponent(secret));
      }
    },
  );

  it('can be read also where a secret is a letter or a digit, as in a trial', () => {
    const written: string[] = [];
    const destination = { write: (line: string) => void written.push(line) };
    const logger = createLogger({ level: 'info', format: 'json', secrets: ['', 'e', '1', ':'], destination });
    logger.info({ polls: 11 }, 'the text');
    expect(JSON.parse(written.join(''))).toMatchObject({ level: 'info', polls: 11, msg: 'the text' });
  });

  it('never holds the signature of a signed address, and still says which address it was', () => {
    const written: string[] = [];
    const destination = { write: (line: string) => void written.push(line) };
    const logger = createLogger({ level: 'info', format: 'json', secrets: [], destination });
    const address = 'https://bucket.s3.example/videos/a.mp4?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0a1b2c3d';
    logger.info({ address, err: new Error(`GET "${address}" failed`) }, `redirected to ${address}`);
    const text = written.join('');
    expect(text).not.toMatch(/X-Amz|0a1b2c3d/);
    expect(text.match(/https:\/\/bucket\.s3\.example\/videos\/a\.mp4\?\[redacted\]/g)?.length).toBeGreaterThanOrEqual(
      3,
    );
    expect(JSON.parse(text)).toMatchObject({ address: 'https://bucket.s3.example/videos/a.mp4?[redacted]' });
  });
});

describe('the log of a worker', () => {
  let rig: Rig;
  let worker: WorkerProcess;

  beforeEach(async () => {
    rig = await startRig({
      worker: false,
      environment: SECRETS,
      script: {
        submit: () => accepted('job-1'),
        poll: ({ n, jobId }) =>
          n === 1 ? refusal(500, `key ${API_KEY} at https://x.example/?signature=0a1b2c3d`) : completed(jobId),
        content: ({ n }) =>
          n === 1
            ? { status: 302, headers: { location: 'https://127.0.0.1:1/video?X-Amz-Signature=0a1b2c3d' } }
            : video(),
      },
    });
    worker = await startWorkerProcess({ ...rig.environment, LONGTAKE_LOG_LEVEL: 'debug' });
  });
  afterEach(async () => {
    await worker.kill();
    await rig.stop();
  });

  it('names run and job on every line that is about them, in JSON, and tells no secret', async () => {
    const run = await rig.start();
    await run.result().catch(() => undefined); // a redirect to a forbidden place may end it
    await worker.says(/"ledger":/);
    await worker.terminate();
    const lines = worker
      .lines()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const about = (what: (line: Line) => boolean): Line[] => {
      const found = lines.filter(what);
      expect(found).not.toEqual([]);
      return found;
    };
    const workflowId = run.workflowId;
    const ofRun = about((line) => 'activityType' in line || 'workflowType' in line || 'ledger' in line);
    for (const line of ofRun) expect(line).toMatchObject({ workflowId, runId: expect.any(String) as string });
    // Temporal tells of an activity's start, on level debug, before anybody has seen what it is about.
    const ofJob = about(
      ({ activityType, ledger, msg }) =>
        ledger !== undefined || (/^(poll|download)Video$/.test(String(activityType)) && msg !== 'Activity started'),
    );
    for (const line of ofJob) expect(line).toMatchObject({ jobId: 'job-1' });
    for (const secret of [...HIDDEN, '0a1b2c3d', 'Bearer']) expect(worker.lines()).not.toContain(secret);
  });
});
