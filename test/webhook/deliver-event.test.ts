import { Client, Connection } from '@temporalio/client';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createDeliverEvent } from '../../src/webhook/deliver-event.js';
import { startRig } from '../support/rig.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

const EVENT = { jobId: 'x', status: 'completed' };

it('gives up in seconds when Temporal does not answer, and delivers once it does', async () => {
  const rig = await startRig({ worker: false });
  const proxy = await startTcpProxy(inject('temporalAddress'));
  const connection = await Connection.connect({ address: proxy.address });
  onTestFinished(async () => {
    await connection.close();
    await proxy.close();
    await rig.stop();
  });
  const { workflowId } = await rig.start();
  const deliver = createDeliverEvent(new Client({ connection }));

  for (const wire of proxy.connections) wire.hold('toServer');
  const startedAt = performance.now();
  await expect(deliver(workflowId, EVENT)).rejects.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(15_000);

  for (const wire of proxy.connections) wire.release();
  await expect(deliver(workflowId, EVENT)).resolves.toBe(true);
  await expect(deliver('no-such-run', EVENT)).resolves.toBe(false);
});

it('gives up in seconds when it cannot even connect', async () => {
  const proxy = await startTcpProxy(inject('temporalAddress'));
  proxy.cut();
  const connection = Connection.lazy({ address: proxy.address });
  onTestFinished(async () => {
    await connection.close();
    await proxy.close();
  });
  const startedAt = performance.now();
  await expect(createDeliverEvent(new Client({ connection }))('any', EVENT)).rejects.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});
