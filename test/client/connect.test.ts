import { ServiceError } from '@temporalio/client';
import { expect, inject, it, onTestFinished } from 'vitest';
import { LongtakeClient } from '../../src/client/index.js';
import { startGrpcProxy, type Instead } from '../support/grpc-proxy.js';

async function connectThroughProxy(instead: Instead) {
  const proxy = await startGrpcProxy(inject('temporalAddress'));
  onTestFinished(() => proxy.close());
  void proxy.loseAnswersTo('GetSystemInfo', instead);
  const connecting = LongtakeClient.connect({ connection: { address: proxy.address } });
  return { proxy, error: await connecting.catch((error: unknown) => error) };
}

it.each([7, 16])('credentials that Temporal refuses (gRPC %i) are no Temporal that is away', async (grpcStatus) => {
  const { proxy, error } = await connectThroughProxy({ grpcStatus });
  expect(error).toBeInstanceOf(ServiceError);
  expect(String(error)).toContain(`Temporal at ${proxy.address} refuses the credentials`);
  expect(String(error)).toContain('TEMPORAL_API_KEY');
  await expect.poll(() => proxy.connections()).toBe(0);
});

it('what is no Temporal, and refuses as well, cannot be reached', async () => {
  const { proxy, error } = await connectThroughProxy({ httpStatus: 403 });
  expect(error).toMatchObject({ name: 'LongtakeError', type: 'TemporalUnreachable' });
  await expect.poll(() => proxy.connections()).toBe(0);
});
