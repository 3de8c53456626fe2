import { expect, it, onTestFinished, vi } from 'vitest';
import { deliverOnce } from '../../src/webhook/deliver-once.js';

const EVENT = { jobId: 'x', status: 'completed' };

/** What came through to Temporal, which answers as `answer` says. */
function receiver(answer: (workflowId: string) => Promise<boolean> = () => Promise.resolve(true)) {
  const told: string[] = [];
  const deliver = deliverOnce((workflowId, { jobId, status }) => {
    told.push(`${workflowId} ${jobId} ${status}`);
    return answer(workflowId);
  });
  return { deliver, told };
}

it('passes on an event once, and every other one', async () => {
  const { deliver, told } = receiver();
  for (let n = 0; n < 100; n++) expect(await deliver('run', EVENT)).toBe(true);
  await deliver('run', { ...EVENT, status: 'failed' });
  await deliver('run', { ...EVENT, jobId: 'y' });
  await deliver('other', EVENT);
  expect(told).toEqual(['run x completed', 'run x failed', 'run y completed', 'other x completed']);
});

it('passes on one of those that come at once, and gives all its answer', async () => {
  let answer: (isThere: boolean) => void = () => undefined;
  const { deliver, told } = receiver(() => new Promise((resolve) => (answer = resolve)));
  const all = Array.from({ length: 100 }, () => deliver('run', EVENT));
  answer(true);
  expect(new Set(await Promise.all(all))).toEqual(new Set([true]));
  expect(told).toHaveLength(1);
});

it('passes it on again after what came to nothing', async () => {
  const answers = [() => Promise.reject(new Error('14 UNAVAILABLE')), () => Promise.resolve(false)];
  const { deliver, told } = receiver(() => (answers.shift() ?? (() => Promise.resolve(true)))());
  await expect(deliver('run', EVENT)).rejects.toThrow('UNAVAILABLE');
  expect(await deliver('run', EVENT)).toBe(false);
  expect(await deliver('run', EVENT)).toBe(true);
  expect(await deliver('run', EVENT)).toBe(true);
  expect(told).toHaveLength(3);
});

it('passes it on again after five minutes', async () => {
  const { deliver, told } = receiver();
  await deliver('run', EVENT);
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 300_000);
  onTestFinished(() => {
    clock.mockRestore();
  });
  await deliver('run', EVENT);
  await deliver('run', EVENT);
  expect(told).toHaveLength(2);
});

it('remembers the newest ten thousand, however many come', async () => {
  const { deliver, told } = receiver();
  for (let n = 0; n <= 10_000; n++) await deliver(`run-${n}`, EVENT);
  told.length = 0;
  await deliver('run-1', EVENT);
  await deliver('run-0', EVENT);
  expect(told).toEqual(['run-0 x completed']);
});
