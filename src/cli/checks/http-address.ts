import type { Config } from '../../config.js';
import { startHttpServer } from '../../worker/http-server.js';
import { addressText, listenProblem } from '../http-listener.js';
import { isWorkerAt } from '../worker-at.js';
import type { Finding } from './finding.js';

/** Whether a worker could listen there; one that already does is found by its answer. */
export async function checkHttpAddress({ http: { address, given } }: Config): Promise<Finding> {
  const subject = 'http address';
  if (address === null) return { status: 'ok', subject, text: 'off' };
  const where = addressText(address);
  try {
    await (await startHttpServer(address, [])).close();
    return { status: 'ok', subject, text: where };
  } catch (error) {
    if (await isWorkerAt(where)) return { status: 'ok', subject, text: `${where}, where a worker answers` };
    return {
      status: given ? 'fail' : 'note', // a worker goes on without the default one
      subject,
      text: `${where} ${listenProblem(error)}. Set LONGTAKE_HTTP_ADDRESS to another address, or to "off".`,
    };
  }
}
