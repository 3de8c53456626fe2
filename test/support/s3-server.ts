import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { executableName, executablesOnPath } from '../../src/local/executable.js';
import { waitUntil } from '../../src/local/wait-until.js';
import { freePort } from './dev-server.js';
import { installedByGo } from './go-install.js';

const run = promisify(execFile);

/** Versity's S3 gateway over a directory: the server that answered most like S3 itself when several were compared. */
const VERSITYGW = 'versitygw';

const ACCESS_KEY = 'test-access-key';
const SECRET_KEY = 'test-secret-0123456789abcdef';

export interface S3Server {
  readonly endpoint: string;
  /** What longtake needs to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly client: S3Client;
  /** A bucket of its own for every caller. */
  newBucket(): Promise<string>;
  /** The credentials of a user who may do nothing, until a bucket's policy says otherwise. */
  newUser(): Promise<{ readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string }>;
  /** Keys of all objects, and `upload of KEY` for every multipart upload that is open. */
  everything(bucket: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** A real S3-compatible server on loopback, with a directory of its own. */
export async function startS3Server(): Promise<S3Server> {
  const program = await findVersityGateway();
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-s3-'));
  await Promise.all(['data', 'users'].map((folder) => mkdir(path.join(directory, folder))));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(
    program,
    [
      ...['--port', `127.0.0.1:${port}`, '--health', '/healthz', '--quiet'],
      ...['--iam-dir', path.join(directory, 'users'), 'posix', path.join(directory, 'data')],
    ],
    {
      env: { ROOT_ACCESS_KEY: ACCESS_KEY, ROOT_SECRET_KEY: SECRET_KEY },
      stdio: 'ignore',
    },
  );
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  await isUp(endpoint);
  const credentials = { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY };
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1', credentials });
  let buckets = 0;
  let users = 0;
  return {
    endpoint,
    environment: {
      LONGTAKE_S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      AWS_EC2_METADATA_DISABLED: 'true', // nothing but loopback is asked
    },
    client,
    async newBucket() {
      buckets += 1;
      const Bucket = `videos-${buckets}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    async newUser() {
      users += 1;
      const user = { AWS_ACCESS_KEY_ID: `user-${users}`, AWS_SECRET_ACCESS_KEY: `secret-of-user-${users}` };
      await run(program, [
        ...['admin', '--access', ACCESS_KEY, '--secret', SECRET_KEY, '--endpoint-url', endpoint, 'create-user'],
        ...['--access', user.AWS_ACCESS_KEY_ID, '--secret', user.AWS_SECRET_ACCESS_KEY, '--role', 'user'],
      ]);
      return user;
    },
    async everything(Bucket) {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      return [...Contents.map(({ Key }) => Key ?? ''), ...Uploads.map(({ Key }) => `upload of ${Key ?? ''}`)].sort();
    },
    async stop() {
      client.destroy();
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function isUp(endpoint: string): Promise<void> {
  const answers = (): Promise<boolean> =>
    fetch(`${endpoint}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (!(await waitUntil(answers, { timeoutMs: 60_000 }))) throw new Error('the S3 server did not start');
}

/** From PATH, or built once from its Go module. */
export async function findVersityGateway(): Promise<string> {
  const [onPath] = await executablesOnPath(VERSITYGW, process.env['PATH'] ?? '');
  if (onPath !== undefined) return onPath;
  const directory = await installedByGo({
    name: VERSITYGW,
    version: 'v1.8.0',
    packages: { [VERSITYGW]: 'github.com/versity/versitygw/cmd/versitygw' },
    takes: 'about two minutes',
  });
  return path.join(directory, executableName(VERSITYGW));
}
