import { randomUUID } from 'node:crypto';
import type { Config } from '../config.js';
import { defaultOutputKey } from '../contract/output-key.js';
import type { ProviderRequest } from '../contract/types.js';
import { openVideoStore } from '../storage/open-store.js';
import { StorageError, type VideoStore } from '../storage/port.js';

export const EXAMPLE_PROMPT =
  'A cinematic 4-second shot of a glass greenhouse at sunrise, soft mist, slow dolly-in camera movement';

/** The guide's request, where the user's own says nothing. */
export function withExampleDefaults(request: ProviderRequest): ProviderRequest {
  const shape = request.size === undefined ? { resolution: '720p', aspect_ratio: '16:9' } : {};
  return { prompt: EXAMPLE_PROMPT, duration: 4, ...shape, generate_audio: false, ...request };
}

export function newExampleId(): string {
  return `greenhouse-${randomUUID()}`;
}

/** `greenhouse.mp4`, or the next one that neither the storage has nor an unfinished run will write. */
export async function freeExampleOutput(
  config: Pick<Config, 'storage' | 's3'>,
  claimed: ReadonlySet<string>,
): Promise<string> {
  const store = openVideoStore(config.storage, config.s3);
  for (let number = 1; ; number++) {
    const key = number === 1 ? 'greenhouse.mp4' : `greenhouse-${number}.mp4`;
    if (!claimed.has(key) && (await isFree(store, key))) return key;
  }
}

async function isFree(store: VideoStore, key: string): Promise<boolean> {
  try {
    await store.check(key, { overwrite: false });
    return true;
  } catch (error) {
    // Any other trouble is the run's to tell: it looks again before anything is paid.
    return !(error instanceof StorageError && error.type === 'OutputConflict');
  }
}

/** The key that a run with this input will write. */
export function outputOf(id: string, output: string | undefined): string {
  return output ?? defaultOutputKey(id);
}
