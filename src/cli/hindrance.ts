import type { Client } from '@temporalio/client';
import { stuckStep } from '../client/stuck-step.js';
import { withUnreadMemos } from '../client/unread-memos.js';
import { statusCommand, taskQueueSetting } from '../contract/commands.js';
import { commandHere } from './command-here.js';
import { queueWithoutWorker } from './queue-without-worker.js';

const ANSWER_MS = 5_000;

/** Why what a run was told does not reach it now, and when it will: `effect` says what then happens. `null`: it will soon, or nobody knows. */
export async function hindrance(temporal: Client, id: string, effect: string): Promise<string | null> {
  const queue = await queueWithoutWorker(temporal, id);
  if (queue !== null) {
    const start = `${taskQueueSetting(queue)}${commandHere('longtake worker')}`;
    return `No worker asks for work on task queue ${queue}: ${effect} when one starts (${start}).`;
  }
  const stuck = await stuckText(temporal, id);
  if (stuck === null) return null;
  return `${stuck}: ${effect} once that is mended. To see why: ${commandHere(statusCommand(id))}`;
}

async function stuckText(temporal: Client, id: string): Promise<string | null> {
  const look = async () => await stuckStep(temporal, await withUnreadMemos(temporal).getHandle(id).describe());
  const problem = await temporal.withDeadline(Date.now() + ANSWER_MS, look).catch(() => null);
  if (problem === null) return null;
  return problem.type === 'StepTimesOut'
    ? 'Again and again a worker takes the step of the run and does not answer in time'
    : 'The step of the run fails again and again on the workers';
}
