import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { vi } from 'vitest';
import type { S3Server } from './s3-server.js';

/** Where a worker under test keeps its videos, seen from outside. */
export interface StoragePlace {
  readonly environment: Readonly<Record<string, string>>;
  /** Everything there is in a folder: finished, unfinished and open multipart uploads, by name. */
  everything(folder: string): Promise<string[]>;
  read(key: string): Promise<Buffer>;
  close(): Promise<void>;
}

export async function newDirectory(): Promise<StoragePlace> {
  const root = await mkdtemp(path.join(tmpdir(), 'longtake-videos-'));
  return {
    environment: { LONGTAKE_STORAGE: root },
    everything: (folder) => readdir(path.join(root, folder)).catch(() => []),
    read: (key) => readFile(path.join(root, key)),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

/** A bucket of its own; `endpoint` may be a proxy before the server. */
export async function newBucket(server: S3Server, endpoint = server.endpoint): Promise<StoragePlace> {
  const Bucket = await server.newBucket();
  // The SDK of a worker in this process reads the process's own environment.
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  return {
    environment: {
      ...server.environment,
      LONGTAKE_STORAGE: `s3://${Bucket}`,
      LONGTAKE_S3_ENDPOINT: endpoint,
    },
    everything: async (folder) =>
      (await server.everything(Bucket))
        .filter((name) => name.replace(/^upload of /, '').startsWith(`${folder}/`))
        .map((name) => name.replace(`${folder}/`, '')),
    async read(key) {
      const { Body } = await server.client.send(new GetObjectCommand({ Bucket, Key: key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    close: () => Promise.resolve(),
  };
}
