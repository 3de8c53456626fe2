import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { waitUntil } from '../../src/local/wait-until.js';
import { freePort } from './dev-server.js';

export interface Prometheus {
  /** The samples that a query has now. @throws what Prometheus says is wrong with it */
  query(expr: string): Promise<readonly { readonly metric: Record<string, string>; readonly value: number }[]>;
  /** Alerts that it knows, by name. */
  alerts(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Quickly, so that a test need not wait for a rate. */
const SCRAPE_EVERY = '1s';

/** A real Prometheus with the configuration in `folder`, which looks at `targets` instead of asking a DNS for them. */
export async function startPrometheus(folder: string, targets: readonly string[]): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'longtake-prometheus-'));
  await cp(folder, directory, { recursive: true });
  const file = join(directory, 'prometheus.yml');
  const config = parse(await readFile(file, 'utf8')) as { scrape_configs: { job_name: string }[] };
  const scrape_configs = config.scrape_configs.map(({ job_name }) => ({ job_name, static_configs: [{ targets }] }));
  const global = { scrape_interval: SCRAPE_EVERY, evaluation_interval: SCRAPE_EVERY };
  await writeFile(file, stringify({ ...config, global, scrape_configs }));
  const address = `127.0.0.1:${await freePort()}`;
  const data = join(directory, 'data');
  const child = spawn(
    'prometheus',
    [`--config.file=${file}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${address}`, '--log.level=error'],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('exit', () => {
      resolve();
    });
  });
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://${address}${path}`);
    const body = (await response.json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: unknown;
    };
    if (body.status !== 'success') throw new Error(body.error ?? body.status);
    return body.data;
  };
  const isReady = (): Promise<boolean> =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (!(await waitUntil(isReady, { timeoutMs: 60_000 }))) throw new Error('Prometheus did not start');
  return {
    async query(expr) {
      const { result } = (await get(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return result.map(({ metric, value: [, text] }) => ({ metric, value: Number(text) }));
    },
    async alerts() {
      const { groups } = (await get('/api/v1/rules')) as { groups: { rules: { name: string; health: string }[] }[] };
      return groups.flatMap(({ rules }) => rules.filter(({ health }) => health === 'ok').map(({ name }) => name));
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
