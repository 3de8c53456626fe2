import type { Address, Config } from '../config.js';
import { startHttpServer, type HttpServer } from '../worker/http-server.js';
import type { LongtakeWorker } from '../worker/index.js';
import { usageError } from './errors.js';
import { isWorkerAt } from './worker-at.js';

/**
 * Health and readiness for whoever looks after the process, and the provider's webhooks; `null` when it is off, or when
 * its default address is taken (which `onSkip` is told).
 * @throws CliError - the address that the user gave cannot be had
 */
export async function openHttpListener(
  { address, given }: Config['http'],
  { routes }: Pick<LongtakeWorker, 'routes'>,
  onSkip: (why: string) => void,
): Promise<HttpServer | null> {
  if (address === null) return null;
  try {
    return await startHttpServer(address, routes);
  } catch (error) {
    const where = addressText(address);
    const why = `${where} ${(await isWorkerAt(where)) ? 'is taken by another worker' : listenProblem(error)}`;
    if (given) throw usageError(`LONGTAKE_HTTP_ADDRESS cannot be used: ${why}. Give another one, or "off".`);
    onSkip(
      `there is no health check on this worker: ${why}. Set LONGTAKE_HTTP_ADDRESS to another address, or to "off".`,
    );
    return null;
  }
}

export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Behind the address: what is wrong with it. */
export function listenProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'is taken by another program';
  if (code === 'EACCES') return 'may not be used by this user';
  return `does not work (${message})`;
}
