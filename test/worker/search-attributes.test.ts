import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { startGrpcProxy } from '../support/grpc-proxy.js';
import { logLines, startRig, type Rig } from '../support/rig.js';

let server: DevServer;
let rig: Rig;

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'), { bare: true });
  rig = await startRig({ address: server.address });
});
afterAll(async () => {
  await rig.stop();
  await server.stop();
});

it('is created by the worker on a bare server, and a run that starts at once uses it', async () => {
  const handle = await rig.start({ tenant: 'Söhne & Co' });
  const { jobId } = await handle.result();
  const { typedSearchAttributes } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
  const found = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  expect(found).toMatchObject({
    LongtakeState: 'succeeded',
    LongtakeModel: 'test/model',
    LongtakeJobId: jobId,
    LongtakeTenant: 'Söhne & Co',
  });
});

it('is not set for a run without a tenant', async () => {
  const handle = await rig.start();
  await handle.result();
  const { typedSearchAttributes } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
  const names = typedSearchAttributes.getAll().map(({ key }) => key.name);
  expect(names).toContain('LongtakeState');
  expect(names).not.toContain('LongtakeTenant');
});

it('can be asked for in a list', async () => {
  const query = `LongtakeState = 'succeeded' AND LongtakeCostUsd < 1 AND LongtakeTenant = 'Söhne & Co'`;
  await expect.poll(async () => (await rig.temporal.workflow.count(query)).count).toBe(1);
});

it('is told of by a worker that may not create it, with what is not seen without', async () => {
  const proxy = await startGrpcProxy(server.address);
  void proxy.loseAnswersTo('ListSearchAttributes', { grpcStatus: 7 });
  const before = logLines.length;
  const without = await startRig({ address: proxy.address });
  onTestFinished(async () => {
    await without.stop();
    await proxy.close();
  });
  const told = logLines.slice(before).filter((line) => line.includes('search attributes are missing'));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/nobody sees which runs already follow a job.* To create them: temporal operator/);
  expect(told[0]).toContain('--name LongtakeState --type Keyword');
  expect(told[0]).toMatch(
    /in Temporal Cloud: tcld namespace search-attributes add --namespace default --search-attribute LongtakeState=Keyword .*\. Then restart the worker/,
  );
});
