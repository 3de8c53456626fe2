import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { LongtakeClient } from '../../src/client/index.js';
import { startGrpcProxy, type GrpcProxy, type Instead } from '../support/grpc-proxy.js';
import { CliProcess, newFolder } from './cli-process.js';

const START = 'StartWorkflowExecution';
const DESCRIBE = 'DescribeWorkflowExecution';
const LOST: [string, Instead][] = [
  ['a stream that was cancelled', { resetCode: 8 }],
  ['HTTP 400', { httpStatus: 400 }],
  ['HTTP 403 of something that is no Temporal', { httpStatus: 403 }],
  ['HTTP 500', { httpStatus: 500 }],
  ['INTERNAL', { grpcStatus: 13 }],
  ['CANCELLED', { grpcStatus: 1 }],
  ['NOT_FOUND without a word of the namespace', { grpcStatus: 5 }],
  ['UNAVAILABLE', { grpcStatus: 14 }],
];

let temporal: Client;

beforeAll(async () => {
  temporal = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) });
});
afterAll(async () => {
  await temporal.connection.close();
});

async function proxyThatLoses(...loss: Parameters<GrpcProxy['loseAnswersTo']>) {
  const proxy = await startGrpcProxy(inject('temporalAddress'));
  onTestFinished(() => proxy.close());
  return { proxy, lost: proxy.loseAnswersTo(...loss) };
}

async function generateAt(address: string, ...more: string[]): Promise<CliProcess> {
  const env = { TEMPORAL_ADDRESS: address, LONGTAKE_TASK_QUEUE: `nobody-${randomUUID()}` };
  return new CliProcess(['generate', 'a greenhouse', '--duration', '4', ...more], { cwd: await newFolder(), env });
}

function namedIn(stderr: string): string {
  return /Run (video-\S+) /.exec(stderr)?.[1] ?? '';
}

describe('a start that Temporal took, and whose answer never came', () => {
  it.each(LOST)('names its run after %s', async (_what, instead) => {
    const { proxy } = await proxyThatLoses(START, instead);
    const { code, stdout, stderr } = await (await generateAt(proxy.address, '--detach')).ended;
    const id = namedIn(stderr);
    expect((await temporal.workflow.getHandle(id).describe()).status.name).toBe('RUNNING');
    expect(stderr).toContain(`Run ${id} may have been started all the same`);
    expect(stderr).toContain(`the same line with --id ${id}. To see whether it runs: longtake status ${id}\n`);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(stdout).toBe('');
    expect([1, 4]).toContain(code);
    await temporal.workflow.getHandle(id).terminate();
  });

  it('names its run on the first Ctrl-C', async () => {
    const { proxy, lost } = await proxyThatLoses(START, 'nothing');
    const run = await generateAt(proxy.address);
    await lost;
    run.signal('SIGINT');
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`longtake status ${namedIn(stderr)}\n`);
    await temporal.workflow.getHandle(namedIn(stderr)).terminate();
  });

  it('tells a service by which id to start again', async () => {
    const { proxy } = await proxyThatLoses(START, { grpcStatus: 13 });
    const connection = await Connection.connect({ address: proxy.address });
    onTestFinished(() => connection.close());
    const client = new LongtakeClient({ client: new Client({ connection }), taskQueue: `nobody-${randomUUID()}` });
    const id = `order-${randomUUID()}`;
    const start = client.start({ request: { model: 'test/model' } }, { id });
    await expect(start).rejects.toMatchObject({ type: 'StartUnknown', workflowId: id });
    await expect(start).rejects.toThrow(id);
    await temporal.workflow.getHandle(id).terminate();
  });
});

describe('a run that was started and cannot be looked at', () => {
  it('is named, with how to come back to it', async () => {
    const { proxy } = await proxyThatLoses(DESCRIBE, { grpcStatus: 7 }, START);
    const { code, stderr } = await (await generateAt(proxy.address, '--detach')).ended;
    const id = namedIn(stderr);
    expect(stderr).toMatch(/^error: .*PERMISSION_DENIED.*\nRun \S+ was started and goes on\. To come back to it: /);
    expect(stderr).toContain(`: longtake wait ${id}\n`);
    expect(code).toBe(1);
    await temporal.workflow.getHandle(id).terminate();
  });

  it('is named on the first Ctrl-C', async () => {
    const { proxy, lost } = await proxyThatLoses(DESCRIBE, 'nothing', START);
    const run = await generateAt(proxy.address);
    await lost;
    run.signal('SIGINT');
    const { code, stderr } = await run.ended;
    expect(stderr).toContain(`: longtake wait ${namedIn(stderr)}\n`);
    expect(code).toBe(130);
    await temporal.workflow.getHandle(namedIn(stderr)).terminate();
  });
});

it('starts nothing where Ctrl-C comes while it looks whether the run is there', async () => {
  const { proxy, lost } = await proxyThatLoses(DESCRIBE, 'nothing');
  const id = `never-${randomUUID()}`;
  const run = await generateAt(proxy.address, '--id', id);
  await lost;
  run.signal('SIGINT');
  const { code, stderr } = await run.ended;
  expect(stderr).toContain('nothing was started');
  expect(code).toBe(130);
  await expect(temporal.workflow.getHandle(id).describe()).rejects.toThrow('not found');
});

it.each([
  ['INVALID_ARGUMENT', 3],
  ['PERMISSION_DENIED', 7],
  ['UNAUTHENTICATED', 16],
])('a start that is refused with %s was none, and names no run', async (word, grpcStatus) => {
  const { proxy } = await proxyThatLoses(START, { grpcStatus });
  const { code, stderr } = await (await generateAt(proxy.address, '--detach')).ended;
  expect(stderr).toContain(word);
  expect(stderr).not.toContain('video-');
  expect(code).toBe(1);
});
