import { randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { CliProcess, newFolder } from './cli-process.js';

it('detaches on Ctrl-C also while Temporal is away and a call waits for its next attempt', async () => {
  const proxy = await startTcpProxy(inject('temporalAddress'));
  onTestFinished(() => proxy.close());
  const env = { TEMPORAL_ADDRESS: proxy.address, LONGTAKE_TASK_QUEUE: `nobody-${randomUUID()}` };
  const run = new CliProcess(['generate', 'a lighthouse'], { cwd: await newFolder(), env });
  await run.says(/^run video-/m);
  for (const wire of proxy.connections) wire.hold('toServer');
  await vi.waitUntil(() => proxy.connections.some((wire) => wire.heldBytes('toServer') > 0), { timeout: 30_000 });
  proxy.cut();
  run.signal('SIGINT');
  const { code, stderr } = await run.ended;
  expect(stderr).toMatch(/^Detached; the run goes on\.\nTo come back to it: longtake wait video-\S+\n$/m);
  expect(code).toBe(130);
});
