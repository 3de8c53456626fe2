import { setTimeout as delay } from 'node:timers/promises';

import { lock } from 'proper-lockfile';

import { TemporalUnavailable } from './temporal-unavailable.js';

/** A holder renews its lock every 5 s; one that has not for 10 s is dead. */
const STALE_MS = 10_000;

export interface LockOptions {
  /** Called once, when somebody else holds the lock. */
  readonly onWait: () => void;
  /** How long to wait for the others, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while no other process does the same under `lockPath` (its directory must exist).
 * @throws TemporalUnavailable - the others kept the lock longer than `timeoutMs`
 */
export async function withFileLock<T>(lockPath: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const release = await acquire(lockPath, options);
  try {
    return await work();
  } finally {
    await release().catch(() => undefined); // gone already: a holder that slept (Ctrl-Z, lid closed) was taken for dead
  }
}

async function acquire(lockPath: string, { onWait, timeoutMs, signal }: LockOptions): Promise<() => Promise<void>> {
  const deadline = performance.now() + timeoutMs;
  for (let told = false; ; told = true) {
    signal?.throwIfAborted();
    const release = await tryLock(lockPath);
    if (release !== null) return release;
    if (performance.now() >= deadline) throw heldTooLong(lockPath);
    if (!told) onWait();
    await delay(200);
  }
}

function heldTooLong(lockPath: string): TemporalUnavailable {
  return new TemporalUnavailable(
    `Another longtake process has been busy with the local Temporal server for too long (it holds ${lockPath}).\nStop it, or try again later.`,
  );
}

async function tryLock(lockPath: string): Promise<(() => Promise<void>) | null> {
  try {
    return await lock(lockPath, {
      lockfilePath: lockPath,
      realpath: false,
      stale: STALE_MS,
      // Without a handler the library throws where nobody can catch it. What the lock guards stays right without it:
      // results are renamed into place, and a second server cannot open the same database.
      onCompromised: () => undefined,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return null;
    throw error;
  }
}
