import type { Address, Config } from '../../config.js';
import { startHttpServer } from '../../worker/http-server.js';
import { addressText, listenProblem } from '../http-listener.js';
import { isWorkerAt, showsMetricsAt } from '../worker-at.js';
import type { Finding } from './finding.js';

/** Whether a worker could listen there; one that already does is found by its answer. */
export async function checkHttpAddress({ http: { address, given } }: Config): Promise<Finding> {
  return await checkOwnAddress(address, {
    subject: 'http address',
    variable: 'LONGTAKE_HTTP_ADDRESS',
    isOfWorker: isWorkerAt,
    ofWorker: 'where a worker answers',
    otherwise: given ? 'fail' : 'note', // a worker goes on without the default one
  });
}

/** Whether a worker could show its metrics there: it does not start where it cannot. */
export async function checkMetricsAddress({ metricsAddress }: Config): Promise<Finding> {
  return await checkOwnAddress(metricsAddress, {
    subject: 'metrics address',
    variable: 'LONGTAKE_METRICS_ADDRESS',
    isOfWorker: showsMetricsAt,
    ofWorker: 'where a worker shows its own',
    otherwise: 'fail',
  });
}

interface OwnAddress {
  readonly subject: string;
  readonly variable: string;
  readonly isOfWorker: (where: string) => Promise<boolean>;
  readonly ofWorker: string;
  /** Where another program has it, or it cannot be had. */
  readonly otherwise: Finding['status'];
}

async function checkOwnAddress(address: Address | null, own: OwnAddress): Promise<Finding> {
  const { subject } = own;
  if (address === null) return { status: 'ok', subject, text: 'off' };
  const where = addressText(address);
  try {
    await (await startHttpServer(address, [])).close();
    return { status: 'ok', subject, text: where };
  } catch (error) {
    if (await own.isOfWorker(where)) return { status: 'ok', subject, text: `${where}, ${own.ofWorker}` };
    const text = `${where} ${listenProblem(error)}. Set ${own.variable} to another address, or to "off".`;
    return { status: own.otherwise, subject, text };
  }
}
