import { expect, it, vi } from 'vitest';
import { completed } from '../support/provider.js';
import { logLines, startRig } from '../support/rig.js';

vi.setConfig({ testTimeout: 120_000 });

const SIGNATURE = 'eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3fQ.c2lnbmVkSW5JdHNQYXRo';
const SIGNED = `/cdn/${SIGNATURE}/clip.mp4`;

it('a download address that is signed in its path is in no message, log line or history', async () => {
  const rig = await startRig({
    script: {
      content: () => ({ status: 302, headers: { location: SIGNED } }),
      poll: ({ jobId, request }) =>
        request.url === SIGNED
          ? { status: 503, body: { message: `Route GET:${SIGNED} is not available` } }
          : completed(jobId),
    },
  });
  try {
    const run = await rig.start({ timeouts: { download: '3s' } });
    await expect(run.result()).rejects.toThrow('Route GET:… is not available');
    const history = await rig.temporal.workflow.getHandle(run.workflowId).fetchHistory();
    const recorded = JSON.stringify(history, (_key, value: unknown) => textOf(value));
    expect(recorded).toContain('is not available');
    for (const text of [recorded, JSON.stringify(await run.status()), ...logLines]) {
      expect(text).not.toContain(SIGNATURE);
    }
  } finally {
    await rig.stop();
  }
});

/** Payloads are bytes, which JSON has as a list of numbers. */
function textOf(value: unknown): unknown {
  const bytes = value as { type?: unknown; data?: unknown } | null;
  const isBuffer = typeof bytes === 'object' && bytes?.type === 'Buffer' && Array.isArray(bytes.data);
  return isBuffer ? Buffer.from(bytes.data as number[]).toString() : value;
}
