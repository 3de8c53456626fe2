import type { Config } from '../../config.js';
import { startHttpServer } from '../../worker/http-server.js';
import { addressText, listenProblem } from '../http-listener.js';
import { showsMetricsAt } from '../worker-at.js';
import type { Finding } from './finding.js';

/** Whether a worker could show its metrics there: it does not start where it cannot. */
export async function checkMetricsAddress({ metricsAddress: address }: Config): Promise<Finding> {
  const subject = 'metrics address';
  if (address === null) return { status: 'ok', subject, text: 'off' };
  const where = addressText(address);
  try {
    await (await startHttpServer(address, [])).close();
    return { status: 'ok', subject, text: where };
  } catch (error) {
    if (await showsMetricsAt(where)) return { status: 'ok', subject, text: `${where}, where a worker shows its own` };
    return {
      status: 'fail',
      subject,
      text: `${where} ${listenProblem(error)}. Set LONGTAKE_METRICS_ADDRESS to another address, or to "off".`,
    };
  }
}
