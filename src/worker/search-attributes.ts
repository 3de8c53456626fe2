import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { shellWord } from '../contract/commands.js';
import { SEARCH_ATTRIBUTES } from '../contract/names.js';

/** `temporal.api.enums.v1.IndexedValueType` on the wire. */
const TYPES = { Keyword: 2, Double: 4 } as const;

const WITHOUT =
  'running without them: the server cannot filter lists, and nobody sees which runs already follow a job, so that two runs can come to follow one, nor how many await a decision (no longtake_runs_awaiting_decision, so that the alert LongtakeAwaitingDecision cannot fire)';

/**
 * Creates the search attributes that are missing, where the server lets it. Without them longtake runs as well, but
 * lists cannot be filtered by the server, and which jobs the other runs follow, or earlier ones of an id had, is not known.
 */
export async function ensureSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  logger: Logger,
): Promise<boolean> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !(name in customAttributes));
    if (missing.length === 0) return true;
    const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, TYPES[type]]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    logger.info({ created: Object.keys(searchAttributes) }, 'search attributes were created');
    return true;
  } catch (error) {
    logger.warn(
      { err: error },
      `search attributes are missing and cannot be created here; ${WITHOUT}. To create them: ${createCommand(namespace)} (in Temporal Cloud: ${cloudCommand(namespace)}). Then restart the worker: it looks once, at its start.`,
    );
    return false;
  }
}

function createCommand(namespace: string): string {
  const attributes = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `--name ${name} --type ${type}`);
  return `temporal operator search-attribute create --namespace ${shellWord(namespace)} ${attributes.join(' ')}`;
}

/** Which does not serve the command above. */
function cloudCommand(namespace: string): string {
  const attributes = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `--search-attribute ${name}=${type}`);
  return `tcld namespace search-attributes add --namespace ${shellWord(namespace)} ${attributes.join(' ')}`;
}
