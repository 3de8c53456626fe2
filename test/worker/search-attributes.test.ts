import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { startRig, type Rig } from '../support/rig.js';

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
  const handle = await rig.start();
  const { jobId } = await handle.result();
  const { typedSearchAttributes } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
  const found = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  expect(found).toMatchObject({ LongtakeState: 'succeeded', LongtakeModel: 'test/model', LongtakeJobId: jobId });
});

it('can be asked for in a list', async () => {
  const query = `LongtakeState = 'succeeded' AND LongtakeCostUsd < 1`;
  await expect.poll(async () => (await rig.temporal.workflow.count(query)).count).toBe(1);
});
