import type { Config } from '../../config.js';
import type { Finding } from './finding.js';

/** Every process of a cluster needs the same keys; their ids may be shown and compared. */
export function checkEncryption({ encryption: { current, old } }: Config): Finding {
  const subject = 'encryption';
  const reading = old.length === 0 ? '' : `, and reads ${old.map(({ id }) => id).join(', ')}`;
  if (current !== null) return { status: 'ok', subject, text: `with key ${current.id}${reading}` };
  if (old.length === 0) return { status: 'ok', subject, text: 'off (Temporal stores prompts and results as they are)' };
  return { status: 'note', subject, text: `off for what is new${reading}. To turn it on: LONGTAKE_ENCRYPTION_KEY.` };
}
