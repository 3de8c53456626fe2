import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { PROVIDER_EVENT_SIGNAL } from '../../src/contract/names.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { completed, job, refusal } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** The server takes 10,000 signals in a history, and no more; a few show the same. */
const SIGNALS = 5;

let server: DevServer;
let rig: Rig;

beforeAll(async () => {
  const flags = ['--dynamic-config-value', `history.maximumSignalsPerExecution=${SIGNALS}`];
  server = await startDevServer(inject('temporalCli'), { flags });
  rig = await startRig({ address: server.address });
});
afterAll(async () => {
  await rig.stop();
  await server.stop();
});

/** Something goes on telling it of jobs, until the server takes no more. */
async function useUpSignals(workflowId: string): Promise<void> {
  const run = rig.temporal.workflow.getHandle(workflowId);
  const tell = (n: number) => run.signal(PROVIDER_EVENT_SIGNAL, { jobId: 'another', status: `status-${n}` });
  await expect(Promise.all(Array.from({ length: SIGNALS + 1 }, (_, n) => tell(n)))).rejects.toThrow();
}

it('a run that can be told nothing more is cancelled all the same', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start({ polling: { initialInterval: '10m', maximumInterval: '10m', timeout: '1h' } });
  const { jobId } = await until(handle, ({ state }) => state === 'generating');
  await useUpSignals(handle.workflowId);
  await handle.cancel('flooded');
  await expect(handle.result()).rejects.toMatchObject({
    type: 'Cancelled',
    message: expect.stringContaining(`longtake adopt ${jobId}`) as string,
    jobId,
  });
});

it('a run in doubt that can be told nothing more takes an answer all the same', async () => {
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: ({ jobId }) => (jobId === 'mine' ? completed(jobId) : refusal(404, 'no such job')),
  };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await useUpSignals(handle.workflowId);
  await handle.resolveSubmission({ action: 'adopt', jobId: 'mine' });
  expect(await handle.result()).toMatchObject({ jobId: 'mine' });
});
