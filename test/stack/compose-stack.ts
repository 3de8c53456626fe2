import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { waitUntil } from '../../src/local/wait-until.js';
import { parseCompose } from '../deploy/compose-file.js';
import { readRepositoryFile } from '../deploy/repository-file.js';
import { freePort } from '../support/dev-server.js';
import { startPostgreSql } from '../support/postgresql.js';
import { findVersityGateway } from '../support/s3-server.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';
import { composeService } from './compose-service.js';
import { startTemporalServer, temporalPrograms, type TemporalServer } from './temporal-server.js';

const run = promisify(execFile);

/** What a user writes into `.env` for the stack's own S3; the key for the provider is any. */
const DOT_ENV = {
  OPENROUTER_API_KEY: 'sk-or-v1-stack-0123456789abcdef',
  COMPOSE_PROFILES: 's3',
  LONGTAKE_STORAGE: 's3://videos',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'stack-access-key',
  AWS_SECRET_ACCESS_KEY: 'stack-secret-0123456789abcdef',
};

/** The processes of `docker-compose.yml` with the profile `s3`, started by hand and in its order; the UI and what watches are left out. */
export interface ComposeStack {
  readonly temporal: TemporalServer;
  /** As many as the file says, with the file's environment, for a provider at this address. */
  startWorkers(providerUrl: string): Promise<WorkerProcess[]>;
  /** What `docker compose exec worker longtake` runs in. */
  environment(providerUrl: string): Promise<Record<string, string>>;
  /** The bytes of `s3://videos/KEY`. */
  object(key: string): Promise<Buffer>;
  stop(): Promise<void>;
}

export async function startComposeStack(temporalCli: string): Promise<ComposeStack> {
  const closing: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.reverse().splice(0)) await close();
  };
  try {
    return await start(temporalCli, closing, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  temporalCli: string,
  closing: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<ComposeStack> {
  const programs = await temporalPrograms(versionOf('temporal'));
  const folder = await mkdtemp(path.join(tmpdir(), 'longtake-stack-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const tools = await toolsFolder(folder, programs, temporalCli);

  const { environment: account } = composeService('postgresql');
  const database = await startPostgreSql({
    user: account['POSTGRES_USER'] ?? '',
    password: account['POSTGRES_PASSWORD'] ?? '',
  });
  closing.push(() => database.stop());
  const port = String(database.port);
  await runToItsEnd('schema', { SQL_HOST: '127.0.0.1', SQL_PORT: port }, tools);

  const instead = { POSTGRES_SEEDS: '127.0.0.1', DB_PORT: port, BIND_ON_IP: '127.0.0.1' };
  const temporal = await startTemporalServer(programs, composeService('temporal', { instead }), folder);
  closing.push(() => temporal.kill());
  await runToItsEnd('namespace', { TEMPORAL_ADDRESS: temporal.address }, tools).catch((cause: unknown) => {
    throw new Error(`the namespace was not set up; Temporal said: ${temporal.output()}`, { cause });
  });

  const s3 = await startS3(folder);
  closing.push(() => s3.stop());

  async function worker(OPENROUTER_BASE_URL: string) {
    return composeService('worker', {
      dotEnv: { ...DOT_ENV, LONGTAKE_S3_ENDPOINT: s3.endpoint, OPENROUTER_BASE_URL },
      instead: {
        TEMPORAL_ADDRESS: temporal.address,
        LONGTAKE_HTTP_ADDRESS: '127.0.0.1:0',
        LONGTAKE_METRICS_ADDRESS: `127.0.0.1:${await freePort()}`,
      },
    });
  }

  return {
    temporal,
    async startWorkers(providerUrl) {
      const { replicas } = await worker(providerUrl);
      const started = Array.from({ length: replicas }, async () =>
        startWorkerProcess((await worker(providerUrl)).environment),
      );
      return await Promise.all(started);
    },
    environment: async (providerUrl) => ({ ...(await worker(providerUrl)).environment }),
    object: (key) => s3.object(key),
    stop,
  };
}

/** Of the image, without its name. */
function versionOf(service: string): string {
  const { image = '' } = parseCompose(readRepositoryFile('docker-compose.yml')).services[service] ?? {};
  return image.split(':')[1] ?? '';
}

/** The tools of `temporalio/admin-tools` under their names. */
async function toolsFolder(folder: string, programs: string, temporalCli: string): Promise<string> {
  const tools = path.join(folder, 'tools');
  await mkdir(tools);
  await symlink(path.join(programs, 'temporal-sql-tool'), path.join(tools, 'temporal-sql-tool'));
  await symlink(temporalCli, path.join(tools, 'temporal'));
  return tools;
}

/** One of the file's set-up scripts, as it is. */
async function runToItsEnd(name: string, instead: Record<string, string>, tools: string): Promise<void> {
  const { command, environment } = composeService(name, { instead });
  const [shell = '', ...args] = command;
  const PATH = [tools, process.env['PATH']].join(path.delimiter);
  await run(shell, args, { cwd: tools, env: { PATH, HOME: tools, ...environment } });
}

interface S3 {
  readonly endpoint: string;
  object(key: string): Promise<Buffer>;
  stop(): Promise<void>;
}

/** The services `bucket` and `s3`, over a folder in place of their volume. */
async function startS3(folder: string): Promise<S3> {
  const [volume, port] = [path.join(folder, 'objects'), await freePort()];
  await mkdir(volume);
  const [makeFolder = '', ...folders] = composeService('bucket').command;
  await run(
    makeFolder,
    folders.map((word) => word.replace(/^\/videos/, volume)),
  );
  const { command, environment } = composeService('s3', { dotEnv: DOT_ENV });
  const args = command.map((word) => (word === '/data' ? volume : word.replace(/^:\d+$/, `127.0.0.1:${port}`)));
  const child = spawn(await findVersityGateway(), args, { cwd: folder, env: environment, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const endpoint = `http://127.0.0.1:${port}`;
  const answers = () =>
    fetch(`${endpoint}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (!(await waitUntil(answers, { timeoutMs: 60_000 }))) throw new Error('the S3 server did not start');
  const credentials = { accessKeyId: DOT_ENV.AWS_ACCESS_KEY_ID, secretAccessKey: DOT_ENV.AWS_SECRET_ACCESS_KEY };
  const client = new S3Client({ endpoint, forcePathStyle: true, region: DOT_ENV.AWS_REGION, credentials });
  return {
    endpoint,
    async object(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'videos', Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    async stop() {
      client.destroy();
      child.kill('SIGKILL');
      await exited;
    },
  };
}
