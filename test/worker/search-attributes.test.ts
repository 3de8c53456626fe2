import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { startGrpcProxy } from '../support/grpc-proxy.js';
import { logLines, startRig, type Rig } from '../support/rig.js';

/** Of gRPC. */
const PERMISSION_DENIED = 7;

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

describe('a worker that may not create it', () => {
  /** On a server that has none, by a way on which the call is refused. */
  async function withRefused(method: string): Promise<Rig> {
    const bare = await startDevServer(inject('temporalCli'), { bare: true });
    const proxy = await startGrpcProxy(bare.address);
    void proxy.loseAnswersTo(method, { grpcStatus: PERMISSION_DENIED });
    const without = await startRig({ address: proxy.address });
    onTestFinished(async () => {
      await without.stop();
      await proxy.close();
      await bare.stop();
    });
    return without;
  }

  it.each(['ListSearchAttributes', 'AddSearchAttributes'])(
    'tells of it, and takes runs to their ends: %s',
    async (method) => {
      const before = logLines.length;
      const without = await withRefused(method);
      const told = logLines.slice(before).filter((line) => line.includes('search attributes are missing'));
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/nobody sees which runs already follow a job.* To create them: temporal operator/);
      expect(told[0]).toMatch(/nor how many await a decision .*the alert LongtakeAwaitingDecision cannot fire/);
      expect(told[0]).toContain('--name LongtakeState --type Keyword');
      expect(told[0]).toMatch(
        /in Temporal Cloud: tcld namespace search-attributes add --namespace default --search-attribute LongtakeState=Keyword .*\. Then restart the worker/,
      );

      const handle = await without.start({ tenant: 'one' });
      await handle.result();
      const { events } = await without.temporal.workflow.getHandle(handle.workflowId).fetchHistory();
      const names = (events ?? []).flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) =>
        Object.keys(upsert?.searchAttributes?.indexedFields ?? {}),
      );
      expect(names.filter((name) => name.startsWith('Longtake'))).toEqual([]);
    },
  );
});
