import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliProcess, longtake, removeFolder, type CliEnd } from './cli-process.js';

/** A running `longtake dev` with the simulator, and a second terminal beside it. */
export interface Dev {
  readonly folder: string;
  readonly address: string;
  readonly process: CliProcess;
  /** What another terminal's commands need to find it. */
  readonly env: Readonly<Record<string, string>>;
  longtake(...args: string[]): Promise<CliEnd>;
  stop(): Promise<void>;
}

export async function startDev(): Promise<Dev> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-dev-'));
  const env = { LONGTAKE_HTTP_ADDRESS: '127.0.0.1:0', LONGTAKE_LOG_LEVEL: 'error' };
  const process = new CliProcess(['dev', '--simulated-generation', '500ms'], { cwd: folder, env });
  const [, address = ''] = await process.says(/^ {2}Temporal {2}(\S+)$/m);
  const forClients = { TEMPORAL_ADDRESS: address };
  await process.says(/^Ctrl-C stops everything/m);
  return {
    ...{ folder, address, process, env: forClients },
    longtake: (...args) => longtake(args, { cwd: folder, env: forClients }),
    stop: async () => {
      await process.stop();
      await removeFolder(folder);
    },
  };
}
