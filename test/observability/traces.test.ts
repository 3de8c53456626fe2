import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { longtake } from '../cli/cli-process.js';
import { startOtlpCollector, type CollectedSpan, type OtlpCollector } from '../support/otlp-collector.js';
import { completed, job, refusal } from '../support/provider.js';
import { API_KEY, startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

vi.setConfig({ testTimeout: 90_000 });

const WITHIN = { timeout: 30_000, interval: 100 };

let rig: Rig;
let collector: OtlpCollector;
const workers: WorkerProcess[] = [];

beforeEach(async () => {
  collector = await startOtlpCollector();
  rig = await startRig({
    worker: false,
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '100' },
  });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await rig.stop();
  await collector.close();
});

async function startWorker(): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(rig.environment);
  workers.push(worker);
  return worker;
}

function attributesOf({ attributes }: CollectedSpan): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function spansOf(workflowId: string): readonly CollectedSpan[] {
  return collector.spans().filter((span) => attributesOf(span)['temporal.workflow.id'] === workflowId);
}

const names = (spans: readonly CollectedSpan[]): string[] => spans.map(({ name }) => name);

describe('a trace', () => {
  it('is one from the start by a client through submit, polls and download, also over two workers', async () => {
    const id = `traced-${randomUUID()}`;
    let done = false;
    rig.provider.script.poll = ({ jobId }) => (done ? completed(jobId, 0.1) : job(jobId, 'in_progress'));
    const first = await startWorker();
    const args = ['generate', 'a greenhouse', '--model', 'test/model', '--id', id, '--poll-interval', '100ms'];
    const { code } = await longtake([...args, '--detach'], { cwd: rig.storage, env: rig.environment });
    expect(code).toBe(0);
    const handle = rig.client.handle(id);
    await until(handle, ({ polls }) => polls >= 2);
    expect(await first.terminate()).toBe(0);
    await startWorker();
    done = true;
    await handle.result();
    await expect.poll(() => names(spansOf(id)), WITHIN).toContain('generateVideo');

    const spans = spansOf(id);
    const digits = createHash('sha256').update(`default/${id}`).digest('hex');
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([digits.slice(0, 32)]));
    const [root, ...others] = spans.filter(({ parentSpanId }) => (parentSpanId ?? '') === '');
    expect(others).toEqual([]);
    expect(root).toMatchObject({ name: 'generateVideo', spanId: digits.slice(32, 48), status: {} });
    expect(attributesOf(root ?? fail())).toMatchObject({
      'longtake.end': 'succeeded',
      'longtake.model': 'test/model',
      'longtake.job.id': 'job-1',
    });
    const below = spans.filter((span) => span !== root);
    for (const { parentSpanId } of below) expect(parentSpanId).toBe(digits.slice(32, 48));
    expect(new Set(names(below))).toEqual(
      new Set(['start generateVideo', 'checkRequest', 'submitVideo', 'pollVideo', 'downloadVideo']),
    );
    expect(names(below).filter((name) => name === 'submitVideo')).toHaveLength(1);
    expect(names(below).filter((name) => name === 'pollVideo').length).toBeGreaterThan(2);
    expect(collector.received()).not.toContain(API_KEY);
  });

  it('names a failure by its type, and tells nothing of what was said', async () => {
    rig.provider.script.submit = () => refusal(400, `no such thing as "a greenhouse", ${API_KEY}`);
    await startWorker();
    const handle = await rig.start();
    await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionRejected' });
    await expect.poll(() => names(spansOf(handle.workflowId)), WITHIN).toContain('generateVideo');
    const failed = spansOf(handle.workflowId).filter(({ status }) => status.code === 2);
    expect(names(failed).sort()).toEqual(['generateVideo', 'submitVideo']);
    for (const span of failed) expect(attributesOf(span)['error.type']).toBe('SubmissionRejected');
    expect(collector.received()).not.toMatch(/greenhouse"|no such thing|sk-or/);
  });

  it('is made by nobody who has no collector: OpenTelemetry is not even loaded', () => {
    const worker = fileURLToPath(new URL('../../dist/worker/index.js', import.meta.url));
    const client = fileURLToPath(new URL('../../dist/client/index.js', import.meta.url));
    const look = `await import(${JSON.stringify(worker)}); await import(${JSON.stringify(client)});
      const { default: { _cache } } = await import('node:module');
      console.log(Object.keys(_cache).filter((path) => path.includes('@opentelemetry')).length, Object.keys(_cache).length > 100);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', look], { encoding: 'utf8' });
    expect(output.trim()).toBe('0 true');
  });
});

function fail(): never {
  throw new Error('there is no root');
}
