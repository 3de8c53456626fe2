/** Runs in a process of its own, which tests kill or starve. Speaks JSON lines on stdout. */
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { FileSystemStore } from '../../src/storage/filesystem.js';
import { StorageError } from '../../src/storage/port.js';

export interface ChildTask {
  readonly root: string;
  readonly key: string;
  /** `hold`: write, say so, and wait to be killed. `check`, `save`, `publish`, `find`: do it and say how it ended. */
  readonly action: 'hold' | 'check' | 'save' | 'publish' | 'find';
  readonly bytes?: number;
  /** Become this user before anything else. */
  readonly uid?: number;
  /** Use up all file descriptors first. */
  readonly starve?: boolean;
}

export interface ChildAnswer {
  readonly outcome: 'written' | 'done' | 'refused' | 'broken';
  readonly type?: string;
  readonly message?: string;
}

const OWNER = { workflowId: 'greenhouse', runId: 'run-1', jobId: 'gen-vid-1789480874-Ab3d' };

function say(answer: ChildAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function perform(task: ChildTask): Promise<void> {
  const store = new FileSystemStore(task.root);
  if (task.action === 'check') {
    await store.check(task.key, { overwrite: false });
    return;
  }
  if (task.action === 'find') {
    if ((await store.find(task.key)) === null) throw new Error('there is nothing');
    return;
  }
  const write = await store.open(task.key, { owner: OWNER, overwrite: false });
  const content = Buffer.alloc(task.bytes ?? 0);
  try {
    await write.write(content);
    if (task.action === 'publish') {
      await write.publish({ bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
      return;
    }
  } catch (error) {
    await write.discard();
    throw error;
  }
  if (task.action === 'save') throw new Error('the file was written although it should not fit');
  say({ outcome: 'written' });
  await new Promise(() => setInterval(() => undefined, 1000));
}

function takeAllDescriptors(): number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    return taken;
  }
}

const task = JSON.parse(process.argv[2] ?? '{}') as ChildTask;
process.stdout.write(''); // opens the stream while there are descriptors left
if (task.uid !== undefined) process.setuid?.(task.uid);
const taken = task.starve === true ? takeAllDescriptors() : [];
try {
  await perform(task);
  taken.forEach(closeSync);
  say({ outcome: 'done' });
} catch (error) {
  taken.forEach(closeSync);
  const message = error instanceof Error ? error.message : String(error);
  say(
    error instanceof StorageError ? { outcome: 'refused', type: error.type, message } : { outcome: 'broken', message },
  );
}
