import { randomUUID } from 'node:crypto';
import type { Config } from '../../config.js';
import { openVideoStore } from '../../storage/open-store.js';
import type { Finding } from './finding.js';

export async function checkStorage({ storage, s3 }: Config): Promise<Finding> {
  const subject = 'storage';
  try {
    const store = openVideoStore(storage, s3);
    await store.check(`longtake-doctor-${randomUUID()}.mp4`, { overwrite: false });
    return { status: 'ok', subject, text: `${store.description} can be written` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 'fail', subject, text: `${reason} Is LONGTAKE_STORAGE right?` };
  }
}
