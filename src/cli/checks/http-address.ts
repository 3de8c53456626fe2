import type { Config } from '../../config.js';
import { startHttpServer } from '../../worker/http-server.js';
import { addressText, listenProblem } from '../http-listener.js';
import type { Finding } from './finding.js';

const ANSWER_MS = 2_000;

/** Whether a worker could listen there; one that already does is found by its answer. */
export async function checkHttpAddress({ http: { address, given } }: Config): Promise<Finding> {
  const subject = 'http address';
  if (address === null) return { status: 'ok', subject, text: 'off' };
  const where = addressText(address);
  try {
    await (await startHttpServer(address, [])).close();
    return { status: 'ok', subject, text: where };
  } catch (error) {
    if (await isHealthy(where)) return { status: 'ok', subject, text: `${where}, where a worker answers` };
    return {
      status: given ? 'fail' : 'note', // a worker goes on without the default one
      subject,
      text: `${where} ${listenProblem(error)}. Set LONGTAKE_HTTP_ADDRESS to another address, or to "off".`,
    };
  }
}

async function isHealthy(where: string): Promise<boolean> {
  try {
    return (await fetch(`http://${where}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) })).ok;
  } catch {
    return false;
  }
}
